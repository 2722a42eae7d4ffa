internal import Foundation

/// The text of a pipeline file after the checks that come before any parsing.
struct SourceText {
  /// A pipeline file is written by people; a larger one is a mistake and is not read to its end.
  static let limit = 1_000_000

  let text: String

  init(_ data: Data) throws(PipelineProblem) {
    guard data.count <= Self.limit else { throw Self.tooLarge }
    if data.starts(with: [0xEF, 0xBB, 0xBF]) {
      throw PipelineProblem(
        .syntax, at: .start, "the file begins with a byte order mark", expected: "plain UTF-8; save it without the mark"
      )
    }
    if data.starts(with: [0xFF, 0xFE]) || data.starts(with: [0xFE, 0xFF]) {
      throw PipelineProblem(.unreadable, at: .start, "the file is UTF-16", expected: "UTF-8; save it in that encoding")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw PipelineProblem(
        .unreadable, at: Self.firstInvalid(in: data), "these bytes are not UTF-8", expected: "UTF-8 text")
    }
    guard text.utf8.contains(where: { $0 > 32 }) else {
      throw PipelineProblem(
        .structure, at: .start, "the file is empty", expected: "a pipeline; 'slipway init' writes one to start from")
    }
    self.text = text
  }

  static let tooLarge = PipelineProblem(
    .unreadable, at: .start, "the file is larger than 1 MB and was not read", expected: "a pipeline file")

  private static func firstInvalid(in data: Data) -> YAMLPosition {
    var parser = Unicode.UTF8.ForwardParser()
    var bytes = data.makeIterator()
    var position = YAMLPosition.start
    while case .valid(let scalar) = parser.parseScalar(from: &bytes) {
      if scalar.first == 10 {
        position = YAMLPosition(line: position.line + 1, column: 1)
      } else {
        position.column += 1
      }
    }
    return position
  }

  /// The place of the byte at `offset`.
  func position(ofByte offset: Int) -> YAMLPosition {
    let before = text.utf8.prefix(max(0, offset))
    let line = before.reduce(into: 1) { count, byte in if byte == 10 { count += 1 } }
    let tail = before.suffix(while: { $0 != 10 })
    // Bytes that continue a scalar do not count.
    return YAMLPosition(line: line, column: 1 + tail.count { $0 & 0xC0 != 0x80 })
  }

  /// The line with this number, without its end; empty past the end of the text.
  func line(_ number: Int) -> Substring {
    let lines = text.split(separator: "\n", maxSplits: max(0, number), omittingEmptySubsequences: false)
    return lines.indices.contains(number - 1) ? lines[number - 1] : ""
  }

  /// The place just behind the last character that is no white space.
  var end: YAMLPosition {
    let trailing = text.utf8.reversed().prefix { $0 <= 32 }.count
    return position(ofByte: text.utf8.count - trailing)
  }
}

extension BidirectionalCollection {
  /// The longest run at the end whose elements satisfy `predicate`.
  fileprivate func suffix(while predicate: (Element) -> Bool) -> SubSequence {
    var start = endIndex
    while start > startIndex, predicate(self[index(before: start)]) { start = index(before: start) }
    return self[start...]
  }
}
