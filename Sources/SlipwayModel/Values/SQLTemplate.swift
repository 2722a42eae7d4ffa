/// One SQL statement in which facts stand as `${name}` and reach the database as parameters, never as text.
package struct SQLTemplate: Codable, Sendable, Equatable {
  package let text: String

  package init(_ text: String) { self.text = text }

  /// The names that may stand in it.
  package static let facts = ["project", "release", "environment", "from", "run", "commit", "digest", "previous"]

  /// The statement as PostgreSQL takes it, and the values of `$1`, `$2`.
  ///
  /// - Returns: nothing where ``problem`` says why.
  package func statement(with facts: [String: String?]) -> (sql: String, values: [String?])? {
    var scan = Scan(text)
    guard scan.run() == nil else { return nil }
    return (scan.sql, scan.names.map { facts[$0] ?? nil })
  }

  /// Why it is not one statement with parameters; nil when it is.
  package var problem: String? {
    var scan = Scan(text)
    return scan.run()
  }

  /// Its first word, in capitals.
  package var verb: String { String(text.drop(while: \.isWhitespace).prefix(while: \.isLetter)).uppercased() }

  /// Reads it once, telling text in quotes and comments from the statement itself.
  private struct Scan {
    private let characters: [Character]
    private var index = 0
    private(set) var sql = ""
    private(set) var names: [String] = []
    private var isOver = false

    init(_ text: String) { characters = Array(text) }

    mutating func run() -> String? {
      while index < characters.count {
        if let problem = step() { return problem }
      }
      return sql.allSatisfy(\.isWhitespace) ? "it says nothing" : nil
    }

    private func isNext(_ text: String) -> Bool {
      index + text.count <= characters.count && String(characters[index..<index + text.count]) == text
    }

    private mutating func step() -> String? {
      let character = characters[index]
      if isNext("${") { return parameter() }
      if isNext("--") || isNext("/*") { return "a comment is no part of it" }
      switch character {
      case "'", "\"": return quoted(by: character)
      case "$": return "'$' stands for nothing here; facts are written as ${project}"
      case ";": isOver = true
      case _ where character.isWhitespace: if !isOver { sql.append(character) }
      default:
        if isOver { return "there is more than one statement" }
        sql.append(character)
      }
      index += 1
      return nil
    }

    private mutating func parameter() -> String? {
      if isOver { return "there is more than one statement" }
      guard let end = characters[index...].firstIndex(of: "}") else { return "'${' has no '}' behind it" }
      let name = String(characters[(index + 2)..<end])
      guard SQLTemplate.facts.contains(name) else { return "there is no fact '\(name.prefix(40))'" }
      if !names.contains(name) { names.append(name) }
      sql += "$\((names.firstIndex(of: name) ?? 0) + 1)"
      index = end + 1
      // Whatever comes next must not become part of the number.
      if index < characters.count, characters[index].isNumber { sql += " " }
      return nil
    }

    private mutating func quoted(by quote: Character) -> String? {
      if isOver { return "there is more than one statement" }
      if quote == "'", let before = sql.last, "eEbBxXnNuU&".contains(before) {
        return "a text with a letter before its quote is not understood here"
      }
      sql.append(quote)
      index += 1
      while index < characters.count {
        if isNext("${") { return "a fact stands in quotes; it is a value by itself, write ${project} without them" }
        let character = characters[index]
        if character == "\\" { return "a backslash stands in quotes" }
        sql.append(character)
        index += 1
        if character == quote { return nil }
      }
      return "a quote is not closed"
    }
  }
}
