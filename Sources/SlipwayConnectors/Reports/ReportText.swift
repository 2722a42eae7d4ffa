internal import Foundation

/// A report's bytes, known to be UTF-8 text that is not empty.
struct ReportText {
  /// The bytes without a byte order mark.
  let data: Data

  init(_ data: Data) throws(ReportProblem) {
    let marked = data.starts(with: [0xEF, 0xBB, 0xBF])
    let data = marked ? Data(data.dropFirst(3)) : data
    guard data.contains(where: { !Self.isSpace($0) }) else { throw ReportProblem("is empty") }
    if let bad = Self.firstBadByte(data) {
      let line = 1 + data[..<bad].count { $0 == 10 }
      throw ReportProblem("is not UTF-8 text: byte \(bad + (marked ? 3 : 0)) is \(data[bad])", line: line)
    }
    self.data = data
  }

  private var first: UInt8? { data.first { !Self.isSpace($0) } }

  /// Whether it begins as JSON does.
  var isJSON: Bool { first == UInt8(ascii: "{") || first == UInt8(ascii: "[") }

  /// Whether it begins as XML does.
  var isXML: Bool { first == UInt8(ascii: "<") }

  /// What it looks like, for a message.
  var look: String { isJSON ? "JSON" : isXML ? "XML" : "plain text" }

  static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

  /// The first byte that is not part of a UTF-8 character, or is NUL, which UTF-16 has in every other place.
  private static func firstBadByte(_ data: Data) -> Int? {
    let isGood = data.withUnsafeBytes { bytes in
      !bytes.contains(0) && String(validating: bytes, as: UTF8.self) != nil
    }
    if isGood { return nil }
    // Only now is the place worth a slow search.
    var decoder = UTF8()
    var counter = CountedBytes(data)
    while true {
      let before = counter.count
      switch decoder.decode(&counter) {
      case .scalarValue("\0"): return before
      case .scalarValue: continue
      case .emptyInput: return data.isEmpty ? nil : data.count - 1
      case .error: return min(before, data.count - 1)
      }
    }
  }

  private struct CountedBytes: IteratorProtocol {
    private var iterator: Data.Iterator
    private(set) var count = 0

    init(_ data: Data) { iterator = data.makeIterator() }

    mutating func next() -> UInt8? {
      guard let byte = iterator.next() else { return nil }
      count += 1
      return byte
    }
  }
}
