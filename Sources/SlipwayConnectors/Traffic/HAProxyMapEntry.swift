internal import SlipwayModel

/// A split as the map keeps it, under one key so that one command changes all of it at once: `90:10:a:17` is 90 % for slot `a`,
/// 10 % for slot `b`, `a` answering for a dead `b`, set by generation 17.
struct HAProxyMapEntry: Equatable {
  /// The key in the map.
  static let key = "split"

  let split: Split
  /// Zero where a person wrote the entry and left it out.
  let generation: UInt64

  init(_ split: Split, generation: UInt64) {
    self.split = split
    self.generation = generation
  }

  /// Reads a value of the map; nil for anything that HAProxy's rules could understand otherwise.
  init?(_ text: String) {
    let fields = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard fields.count == 3 || fields.count == 4, let a = Self.number(fields[0]), let b = Self.number(fields[1]),
      let generation = fields.count == 4 ? Self.number(fields[3]) : 0, a <= 100, b <= 100
    else { return nil }
    let fallback: Slot?
    switch fields[2] {
    case "none": fallback = nil
    case "a": fallback = .a
    case "b": fallback = .b
    default: return nil
    }
    guard let split = Split(readBackA: Int(a), b: Int(b), fallback: fallback) else { return nil }
    self.init(split, generation: generation)
  }

  var text: String { "\(split.a):\(split.b):\(split.fallback?.rawValue ?? "none"):\(generation)" }

  /// Percent that the slot which is not blue gets; all of it where there is no blue.
  var candidateShare: Int { split.fallback.map { split[$0.other] } ?? split.a + split.b }

  private static func number(_ text: String) -> UInt64? {
    guard let value = UInt64(text), String(value) == text else { return nil }
    return value
  }
}
