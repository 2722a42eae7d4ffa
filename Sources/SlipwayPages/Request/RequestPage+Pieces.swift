internal import SlipwayModel

/// What the sections of the page are made of.
extension RequestPage {
  /// What a mark means, beside its word: never by colour alone.
  enum Tone: String {
    case good, bad, warn, plain

    var sign: String {
      switch self {
      case .good: "✓ "
      case .bad: "✗ "
      case .warn: "! "
      case .plain: ""
      }
    }
  }

  /// A part of the page under its own heading.
  func section(
    _ id: String, _ title: String, _ attributes: [Markup.Attribute] = [], @MarkupBuilder _ contents: () -> Markup
  ) -> Markup {
    .element("section", [.init("aria-labelledby", id)] + attributes) {
      Markup.element("h2", [.init("id", id)]) { title }
      contents()
    }
  }

  func fact(_ name: String, @MarkupBuilder _ contents: () -> Markup) -> Markup {
    .all([.element("dt") { name }, .element("dd") { contents() }])
  }

  func time(_ time: Timestamp) -> Markup {
    .element("time", [.init("datetime", "\(time)")]) { time.spoken }
  }

  func code(_ text: String) -> Markup { .element("code") { text } }

  func label(_ text: String) -> Markup { .element("span", [.init("class", "label")]) { text } }

  func small(_ text: String) -> Markup { .element("p", [.init("class", "small")]) { text } }

  func note(_ text: String) -> Markup { .element("p", [.init("class", "note")]) { text } }

  func mark(_ word: String, _ tone: Tone) -> Markup {
    .element("span", [.init("class", tone == .plain ? "mark" : "mark \(tone.rawValue)")]) { tone.sign + word }
  }

  func severity(_ severity: Severity?) -> Markup {
    switch severity {
    case .critical?: mark("CRITICAL", .bad)
    case .high?: mark("HIGH", .bad)
    case .medium?: mark("MEDIUM", .warn)
    case .low?: mark("LOW", .plain)
    case nil: mark("not stated", .plain)
    }
  }

  func verdict(_ word: String) -> Markup {
    switch word {
    case "passed", "success": mark(word, .good)
    case "failed", "error", "rolled_back": mark(word.replacing("_", with: " "), .bad)
    default: mark(word.replacing("_", with: " "), .warn)
    }
  }

  func list(_ items: [String], isOrdered: Bool = false) -> Markup {
    let lines = Markup.all(items.map { item in .element("li") { item } })
    return isOrdered ? .element("ol") { lines } : .element("ul") { lines }
  }

  /// With a capital letter and a stop.
  func sentence(_ text: String) -> String {
    guard let first = text.first else { return "" }
    return first.uppercased() + text.dropFirst() + (text.hasSuffix(".") ? "" : ".")
  }
}
