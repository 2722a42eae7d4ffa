/// A piece of HTML. Text becomes markup only by being escaped: names of elements and attributes are written in the source, everything else is data.
package struct Markup: Sendable, Equatable, CustomStringConvertible {
  /// The HTML.
  package let description: String

  private init(raw: String) { description = raw }

  /// Nothing.
  package static let nothing = Markup(raw: "")

  /// Text with every character that HTML gives a meaning escaped, and those that a reader cannot see replaced.
  package static func text(_ text: String) -> Markup { Markup(raw: Escaping.html(text)) }

  /// Pieces one after the other.
  package static func all(_ pieces: [Markup]) -> Markup { Markup(raw: pieces.map(\.description).joined()) }

  /// An element with its contents.
  package static func element(
    _ name: StaticString, _ attributes: [Attribute] = [], @MarkupBuilder _ contents: () -> Markup
  ) -> Markup {
    Markup(raw: "<\(name)\(shown(attributes))>\(contents())</\(name)>")
  }

  /// An element that has no contents, such as `meta`.
  package static func void(_ name: StaticString, _ attributes: [Attribute]) -> Markup {
    Markup(raw: "<\(name)\(shown(attributes))>")
  }

  /// A style sheet that is part of the program, never of a value.
  package static func style(_ sheet: StaticString) -> Markup { Markup(raw: "<style>\(sheet)</style>") }

  /// A whole document.
  package static func document(language: String, @MarkupBuilder _ contents: () -> Markup) -> Markup {
    Markup(raw: "<!DOCTYPE html>\n" + element("html", [.init("lang", language)], contents).description + "\n")
  }

  private static func shown(_ attributes: [Attribute]) -> String {
    attributes.map { " \($0.name)=\"\(Escaping.html($0.value))\"" }.joined()
  }

  /// A name from the source with any value.
  package struct Attribute: Sendable {
    let name: StaticString
    let value: String

    package init(_ name: StaticString, _ value: String) {
      self.name = name
      self.value = value
    }
  }
}

/// Puts pieces and texts together in the order they stand in; a text is escaped.
@resultBuilder
package enum MarkupBuilder {
  package static func buildExpression(_ markup: Markup) -> Markup { markup }
  package static func buildExpression(_ text: String) -> Markup { .text(text) }
  package static func buildBlock(_ pieces: Markup...) -> Markup { .all(pieces) }
  package static func buildOptional(_ piece: Markup?) -> Markup { piece ?? .nothing }
  package static func buildEither(first: Markup) -> Markup { first }
  package static func buildEither(second: Markup) -> Markup { second }
  package static func buildArray(_ pieces: [Markup]) -> Markup { .all(pieces) }
}
