internal import Foundation

/// Looks over XML before libxml2 gets it, once and by bytes, for what it or Foundation cannot bear.
///
/// Foundation ends the process at an instruction without content, and libxml2 compares the attributes of an element each with each.
enum XMLForm {
  /// More attributes are no report.
  static let attributeLimit = 1_000

  /// Throws at the first such place; whether the rest is well-formed is libxml2's to say.
  static func check(_ data: Data) throws(ReportProblem) {
    let bytes = [UInt8](data)
    var index = 0
    while let start = bytes[index...].firstIndex(of: UInt8(ascii: "<")) {
      let rest = bytes[start...]
      if rest.starts(with: "<!--".utf8) {
        index = end(of: "-->", in: bytes, from: start + 4)
      } else if rest.starts(with: "<![CDATA[".utf8) {
        index = end(of: "]]>", in: bytes, from: start + 9)
      } else if rest.starts(with: "<?".utf8) {
        index = end(of: "?>", in: bytes, from: start + 2)
        let inside = bytes[start + 2..<max(start + 2, index - 2)]
        let content = inside.drop { !ReportText.isSpace($0) }
        guard content.contains(where: { !ReportText.isSpace($0) }) else {
          throw ReportProblem("has a processing instruction without content, which no report needs")
        }
      } else {
        index = try endOfTag(in: bytes, from: start + 1)
      }
    }
  }

  /// The place behind the next `mark`, the end of the text where there is none.
  private static func end(of mark: String, in bytes: [UInt8], from start: Int) -> Int {
    let mark = Array(mark.utf8)
    var index = min(start, bytes.count)
    while index + mark.count <= bytes.count {
      if bytes[index..<index + mark.count].elementsEqual(mark) { return index + mark.count }
      index += 1
    }
    return bytes.count
  }

  private static func endOfTag(in bytes: [UInt8], from start: Int) throws(ReportProblem) -> Int {
    var quote: UInt8?
    var attributes = 0
    for index in start..<bytes.count {
      let byte = bytes[index]
      if let open = quote {
        if byte == open { quote = nil }
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        quote = byte
        attributes += 1
        guard attributes <= attributeLimit else {
          throw ReportProblem("has an element with more than \(attributeLimit) attributes")
        }
      } else if byte == UInt8(ascii: ">") {
        return index + 1
      }
    }
    return bytes.count
  }
}
