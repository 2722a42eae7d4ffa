/// The table of contents of a dump, as `pg_restore --list` prints it.
package struct DumpContents: Sendable, Equatable {
  /// Entries of every kind.
  package var entries: Int
  /// Data of tables.
  package var tables: [Table]

  package struct Table: Sendable, Equatable {
    /// The entry's number, which is the name of its file.
    package var id: String
    /// The table's object number in the database that was dumped.
    package var number: String
    /// Schema, name and owner as printed, for people.
    package var name: String
  }

  /// Reads the list; nil for text that is none.
  package init?(_ text: String) {
    guard text.contains("Archive created at") || text.contains("; Dump Version:") else { return nil }
    entries = 0
    tables = []
    for line in text.split(separator: "\n") where !line.hasPrefix(";") {
      guard let semicolon = line.firstIndex(of: ";") else { continue }
      let id = line[..<semicolon]
      let words = line[line.index(after: semicolon)...].split(separator: " ", maxSplits: 2)
      guard !id.isEmpty, id.allSatisfy(\.isASCIIDigit), words.count == 3,
        words[0].allSatisfy(\.isASCIIDigit), words[1].allSatisfy(\.isASCIIDigit)
      else { continue }
      entries += 1
      guard words[2].hasPrefix("TABLE DATA ") else { continue }
      let name = words[2].dropFirst("TABLE DATA ".count)
      tables.append(Table(id: String(id), number: String(words[1]), name: String(name)))
    }
  }
}

extension Character {
  fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
