internal import Foundation

/// One reading in Prometheus' text format (version 0.0.4) or OpenMetrics 1.0, as far as it was wanted.
///
/// Every line is checked, wanted or not: a document that is cut off or damaged is refused whole, because a part of it would look like
/// counters that went down.
struct Exposition: Sendable, Equatable {
  /// One sample line.
  struct Series: Sendable, Equatable {
    let labels: [String: String]
    let value: Double
  }

  /// The wanted series by name, in the order of the document.
  private(set) var series: [String: [Series]] = [:]
  /// The names that the document knows, with series or by their TYPE alone.
  private(set) var known: Set<String> = []

  /// - Parameters:
  ///   - data: the whole document.
  ///   - names: the series to keep.
  /// - Throws: the place of the damage.
  init(_ data: Data, wanting names: Set<String>) throws(ExpositionProblem) {
    var scanner = ExpositionScanner(Array(data))
    while let line = try scanner.line(wanting: names) {
      switch line {
      case .nothing: continue
      case .type(let name, let type):
        known.insert(name)
        switch type {
        case "histogram", "summary": known.formUnion(["_bucket", "_count", "_sum"].map { name + $0 })
        case "counter": known.insert(name + "_total")
        default: continue
        }
      case .sample(let name, let found):
        known.insert(name)
        guard let found else { continue }
        series[name, default: []].append(found)
      }
    }
    for (name, list) in series where Set(list.map(\.labels)).count < list.count {
      throw ExpositionProblem(line: nil, fault: "has the same series of '\(name)' twice")
    }
  }
}

/// Where a document in Prometheus' text format is damaged.
struct ExpositionProblem: Error, Equatable, CustomStringConvertible {
  /// From 1; nil where it is the whole document.
  let line: Int?
  let fault: String

  var description: String { line.map { "line \($0) \(fault)" } ?? fault }
}

/// Reads the text line by line, by bytes.
private struct ExpositionScanner {
  enum Line {
    case nothing
    case type(String, String)
    /// The sample is nil where nobody wants it.
    case sample(String, Exposition.Series?)
  }

  private let bytes: [UInt8]
  private var index = 0
  private var number = 0
  private var isOver = false

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The next line; nil at the end.
  mutating func line(wanting names: Set<String>) throws(ExpositionProblem) -> Line? {
    guard index < bytes.count else { return nil }
    number += 1
    if bytes[index] == UInt8(ascii: "\n") {
      index += 1
      return .nothing
    }
    if isOver { throw problem("stands after the end mark") }
    if bytes[index] == UInt8(ascii: "#") { return try comment() }
    return try sample(wanting: names)
  }

  private mutating func comment() throws(ExpositionProblem) -> Line {
    let start = index
    while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
    let text = bytes[start..<index]
    isOver = text.elementsEqual("# EOF".utf8)
    guard index < bytes.count || isOver else { throw cut }
    index += 1
    guard text.starts(with: "# TYPE ".utf8) else { return .nothing }
    let words = String(decoding: text.dropFirst(7), as: UTF8.self).split(separator: " ")
    return words.count == 2 ? .type(String(words[0]), String(words[1])) : .nothing
  }

  private mutating func sample(wanting names: Set<String>) throws(ExpositionProblem) -> Line {
    let name = word(isName: true)
    guard let first = name.first, !Self.isDigit(first) else {
      throw problem("does not begin with the name of a metric")
    }
    let text = String(decoding: name, as: UTF8.self)
    let isWanted = names.contains(text)
    skipBlanks()
    let labels = index < bytes.count && bytes[index] == UInt8(ascii: "{") ? try labels(keep: isWanted) : [:]
    skipBlanks()
    guard let value = double(field()) else { throw problem("has no number as its value") }
    skipBlanks()
    try tail()
    return .sample(text, isWanted ? Exposition.Series(labels: labels, value: value) : nil)
  }

  /// What may stand behind the value: a time, and an exemplar behind `#`.
  private mutating func tail() throws(ExpositionProblem) {
    if index < bytes.count, bytes[index] != UInt8(ascii: "\n"), bytes[index] != UInt8(ascii: "#") {
      guard double(field()) != nil else { throw problem("has something behind its value that is no time") }
      skipBlanks()
    }
    if index < bytes.count, bytes[index] == UInt8(ascii: "#") {
      while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
    }
    guard index < bytes.count else { throw cut }
    guard bytes[index] == UInt8(ascii: "\n") else { throw problem("has more behind its time") }
    index += 1
  }

  private mutating func labels(keep: Bool) throws(ExpositionProblem) -> [String: String] {
    index += 1
    var labels: [String: String] = [:]
    while true {
      skipBlanks()
      guard index < bytes.count else { throw cut }
      if bytes[index] == UInt8(ascii: "}") {
        index += 1
        return labels
      }
      let name = word(isName: false)
      guard let first = name.first, !Self.isDigit(first) else { throw problem("has a label without a name") }
      skipBlanks()
      guard take(UInt8(ascii: "=")) else { throw problem("has a label without '='") }
      skipBlanks()
      let value = try quoted(keep: keep)
      if keep, labels.updateValue(value, forKey: String(decoding: name, as: UTF8.self)) != nil {
        throw problem("has a label twice")
      }
      skipBlanks()
      if !take(UInt8(ascii: ",")), index < bytes.count, bytes[index] != UInt8(ascii: "}") {
        throw problem("has two labels without ',' between them")
      }
    }
  }

  private mutating func quoted(keep: Bool) throws(ExpositionProblem) -> String {
    guard take(UInt8(ascii: "\"")) else { throw problem("has a label whose value stands without quotes") }
    var value: [UInt8] = []
    while index < bytes.count, bytes[index] != UInt8(ascii: "\""), bytes[index] != UInt8(ascii: "\n") {
      var byte = bytes[index]
      if byte == UInt8(ascii: "\\") {
        index += 1
        guard index < bytes.count else { throw cut }
        switch bytes[index] {
        case UInt8(ascii: "n"): byte = UInt8(ascii: "\n")
        case UInt8(ascii: "\\"), UInt8(ascii: "\""): byte = bytes[index]
        default: throw problem("has a wrong escape in a label")
        }
      }
      if keep { value.append(byte) }
      index += 1
    }
    guard take(UInt8(ascii: "\"")) else { throw index < bytes.count ? problem("has a quote that is not closed") : cut }
    return String(decoding: value, as: UTF8.self)
  }

  private mutating func word(isName: Bool) -> ArraySlice<UInt8> {
    let start = index
    while index < bytes.count {
      let byte = bytes[index]
      let isLetter = (97...122).contains(byte | 32) && byte >= 65
      guard isLetter || Self.isDigit(byte) || byte == UInt8(ascii: "_") || (isName && byte == UInt8(ascii: ":")) else {
        break
      }
      index += 1
    }
    return bytes[start..<index]
  }

  /// What stands up to the next blank.
  private mutating func field() -> ArraySlice<UInt8> {
    let start = index
    while index < bytes.count, ![32, 9, 10].contains(bytes[index]) { index += 1 }
    return bytes[start..<index]
  }

  private func double(_ field: ArraySlice<UInt8>) -> Double? { Double(String(decoding: field, as: UTF8.self)) }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard index < bytes.count, bytes[index] == byte else { return false }
    index += 1
    return true
  }

  private mutating func skipBlanks() {
    while index < bytes.count, bytes[index] == 32 || bytes[index] == 9 { index += 1 }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

  private func problem(_ fault: String) -> ExpositionProblem { ExpositionProblem(line: number, fault: fault) }

  private var cut: ExpositionProblem { problem("is cut off; the last line has no end") }
}
