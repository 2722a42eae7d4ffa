/// Goes once through a JSON text (RFC 8259), checks its form and reports each string and number.
///
/// Needs no recursion, so depth costs a byte a level and cannot overflow the stack.
struct JSONWalk {
  enum Token {
    case key, string, number
  }

  private let bytes: UnsafeBufferPointer<UInt8>
  private var index = 0
  /// The open containers, innermost last: whether each is an object.
  private var containers: [Bool] = []

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  /// Whether the whole text is one JSON value; `visit` gets each token with its place (strings without the quotation
  /// marks), whether it has escapes, and how many containers are open.
  mutating func walk(_ visit: (Token, Range<Int>, _ hasEscapes: Bool, _ depth: Int) -> Void) -> Bool {
    var expectsValue = true
    while true {
      skipSpace()
      guard index < bytes.count else { return !expectsValue && containers.isEmpty }
      if expectsValue {
        guard let opened = value(visit) else { return false }
        expectsValue = opened
      } else {
        guard let next = afterValue(visit) else { return false }
        expectsValue = next
      }
    }
  }

  /// Reads one value; true when a container was opened whose first value must follow, nil when the form is broken.
  private mutating func value(_ visit: (Token, Range<Int>, Bool, Int) -> Void) -> Bool? {
    switch bytes[index] {
    case UInt8(ascii: "{"):
      index += 1
      skipSpace()
      if take("}") { return false }
      containers.append(true)
      return key(visit) ? true : nil
    case UInt8(ascii: "["):
      index += 1
      skipSpace()
      if take("]") { return false }
      containers.append(false)
      return true
    case UInt8(ascii: "\""):
      guard let (range, escapes) = string() else { return nil }
      visit(.string, range, escapes, containers.count)
      return false
    case UInt8(ascii: "t"): return take("true") ? false : nil
    case UInt8(ascii: "f"): return take("false") ? false : nil
    case UInt8(ascii: "n"): return take("null") ? false : nil
    default:
      guard let range = number() else { return nil }
      visit(.number, range, false, containers.count)
      return false
    }
  }

  /// Reads what may follow a value; true when another value must come.
  private mutating func afterValue(_ visit: (Token, Range<Int>, Bool, Int) -> Void) -> Bool? {
    guard let isObject = containers.last else { return nil }
    if take(",") {
      skipSpace()
      return !isObject || key(visit) ? true : nil
    }
    guard take(isObject ? "}" : "]") else { return nil }
    containers.removeLast()
    return false
  }

  private mutating func key(_ visit: (Token, Range<Int>, Bool, Int) -> Void) -> Bool {
    guard let (range, escapes) = string() else { return false }
    visit(.key, range, escapes, containers.count)
    skipSpace()
    return take(":")
  }

  private mutating func skipSpace() {
    while index < bytes.count {
      let byte = bytes[index]
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
      index += 1
    }
  }

  private mutating func take(_ text: StaticString) -> Bool {
    guard index + text.utf8CodeUnitCount <= bytes.count else { return false }
    for offset in 0..<text.utf8CodeUnitCount where bytes[index + offset] != text.utf8Start[offset] { return false }
    index += text.utf8CodeUnitCount
    return true
  }

  private mutating func string() -> (Range<Int>, Bool)? {
    guard take("\"") else { return nil }
    let start = index
    var escapes = false
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\""):
        index += 1
        return (start..<index - 1, escapes)
      case UInt8(ascii: "\\"):
        escapes = true
        guard escape() else { return nil }
      case 0..<0x20: return nil
      default: index += 1
      }
    }
    return nil
  }

  private mutating func escape() -> Bool {
    guard index + 1 < bytes.count else { return false }
    let kind = bytes[index + 1]
    index += 2
    guard kind == UInt8(ascii: "u") else { return "\"\\/bfnrt".utf8.contains(kind) }
    guard index + 4 <= bytes.count, bytes[index..<index + 4].allSatisfy(ByteClass.isHexadecimal) else { return false }
    index += 4
    return true
  }

  private mutating func number() -> Range<Int>? {
    let start = index
    _ = take("-")
    if !take("0"), digits() == 0 { return nil }
    if take("."), digits() == 0 { return nil }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      if digits() == 0 { return nil }
    }
    return start..<index
  }

  private mutating func digits() -> Int {
    let start = index
    while index < bytes.count, (48...57).contains(bytes[index]) { index += 1 }
    return index - start
  }
}
