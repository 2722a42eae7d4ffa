/// A decision as people write it into a chat (requirement A5), read strictly.
///
/// Three forms: `approved promote NAME`, `hold NAME`, `rejected NAME -- reason`. Capital letters of the fixed words and spaces more than one do not
/// matter; `—`, into which phones turn two hyphens, is taken for them. Anything else is no decision.
package struct ReplyText: Sendable, Equatable {
  package enum Word: Sendable, Equatable {
    case approve
    case hold
    case reject(reason: String)
  }

  package var word: Word
  /// A project, a release or a run.
  package var name: String

  /// Longer texts are not looked at.
  package static let limit = 2_000

  package struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
    package let message: String
    package var description: String { message }
  }

  private static let forms = "approved promote NAME, hold NAME, or rejected NAME -- reason"

  /// - Throws: ``Problem`` with the forms that are understood and what is nearest.
  package init(_ text: String) throws(Problem) {
    guard text.utf8.count <= Self.limit else {
      throw Problem(message: "the text is longer than \(Self.limit) bytes; expected \(Self.forms)")
    }
    let (words, reason) = Self.divided(text)
    switch (words.first?.lowercased(), words.count) {
    case ("approved", 3) where words[1].lowercased() == "promote":
      guard reason == nil else {
        throw Problem(message: "'approved' takes no reason; write: approved promote \(words[2])")
      }
      self.init(.approve, try Self.checked(words[2]))
    case ("hold", 2):
      guard reason == nil else { throw Problem(message: "'hold' takes no reason; write: hold \(words[1])") }
      self.init(.hold, try Self.checked(words[1]))
    case ("rejected", 2):
      guard let reason, !reason.isEmpty else {
        throw Problem(message: "a rejection needs its reason; write: rejected \(words[1]) -- why")
      }
      self.init(.reject(reason: reason), try Self.checked(words[1]))
    default: throw Problem(message: Self.advice(words))
    }
  }

  private init(_ word: Word, _ name: String) {
    self.word = word
    self.name = name
  }

  /// The words before a mark that stands by itself, and what comes after it.
  private static func divided(_ text: String) -> (words: [String], reason: String?) {
    let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
    guard let mark = words.firstIndex(where: { $0 == "--" || $0 == "—" }) else { return (words, nil) }
    return (Array(words[..<mark]), words[(mark + 1)...].joined(separator: " "))
  }

  private static func checked(_ name: String) throws(Problem) -> String {
    let isName = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
    guard isName, name.count <= 63 else {
      throw Problem(message: "'\(name.prefix(70))' is no name of a project, release or run")
    }
    return name
  }

  private static func advice(_ words: [String]) -> String {
    guard let first = words.first else { return "the text is empty; expected \(forms)" }
    let name = words.count > 1 ? words[words.count - 1] : "NAME"
    switch first.lowercased() {
    case "approved", "approve", "yes", "ok", "lgtm", "promote":
      return "this is no approval yet; write exactly: approved promote \(name)"
    case "reject", "rejected", "no", "deny", "denied":
      return "this is no rejection yet; write exactly: rejected \(name) -- reason"
    case "hold", "wait", "stop", "pause": return "this is no hold yet; write exactly: hold \(name)"
    default: return "'\(first.prefix(40))' is no decision; expected \(forms)"
    }
  }
}
