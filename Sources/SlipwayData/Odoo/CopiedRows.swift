internal import Foundation

/// What stands between `COPY … FROM stdin;` and `\.` in a dump.
enum CopiedRows {
  static func read(_ text: String) -> [[String: String]] {
    var rows: [[String: String]] = []
    var columns: [String]?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if let names = columns {
        if line == "\\." {
          columns = nil
          continue
        }
        let values = line.split(separator: "\t", omittingEmptySubsequences: false)
        guard values.count == names.count else { continue }
        var row: [String: String] = [:]
        for (name, value) in zip(names, values) where value != "\\N" { row[name] = plain(value) }
        rows.append(row)
      } else if line.hasPrefix("COPY "), line.hasSuffix(" FROM stdin;"), let open = line.firstIndex(of: "("),
        let close = line.lastIndex(of: ")"), open < close
      {
        columns = line[line.index(after: open)..<close].split(separator: ",").map {
          $0.trimmingCharacters(in: CharacterSet(charactersIn: " \""))
        }
      }
    }
    return rows
  }

  /// The few ways in which COPY writes a character otherwise.
  private static func plain(_ value: Substring) -> String {
    guard value.contains("\\") else { return String(value) }
    var result = ""
    var isEscaped = false
    for character in value {
      if isEscaped {
        result.append(
          ["t": "\t", "n": "\n", "r": "\r", "b": "\u{8}", "f": "\u{c}", "v": "\u{b}"][character] ?? character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else {
        result.append(character)
      }
    }
    return result
  }
}
