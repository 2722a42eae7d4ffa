internal import SlipwayModel

/// A split in one word, as data planes keep it beside or instead of their weights: `90:10:a:17` is 90 % for slot `a`,
/// 10 % for slot `b`, `a` answering for a dead `b`, set by generation 17.
struct SplitEntry: Equatable, Sendable {
  let split: Split
  /// Zero where a person wrote the entry and left it out.
  let generation: UInt64

  init(_ split: Split, generation: UInt64) {
    self.split = split
    self.generation = generation
  }

  /// Reads the word; nil for anything that could be understood otherwise.
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

  /// The slot that testers reach: green, which is the one that is not blue, or the only one that serves; nil where nothing is served.
  var candidate: Slot? {
    if let blue = split.fallback { return blue.other }
    return split == .none ? nil : split.a >= split.b ? .a : .b
  }

  /// Whether `slot` is green with blue to fall back on.
  func fallsBack(_ slot: Slot) -> Bool { split.fallback == slot.other }

  /// Whether this takes traffic from the candidate, so that nothing that can fail may stand before it.
  func isRetreat(from running: SplitEntry?) -> Bool {
    running.map { candidateShare < $0.candidateShare } ?? (candidateShare == 0)
  }

  /// - Throws: `refused` where what runs was set by a later change than this.
  func follows(_ running: SplitEntry?, in plane: String) throws(ConnectorError) {
    guard let running, running.generation > generation else { return }
    throw ConnectorError(
      .refused,
      "\(plane)'s split was set by change \(running.generation), later than this change \(generation); another slipway drives "
        + "this environment, or its state was lost: stop the other one, or remove ':\(running.generation)' where '\(running.text)' stands"
    )
  }

  private static func number(_ text: String) -> UInt64? {
    guard let value = UInt64(text), String(value) == text else { return nil }
    return value
  }
}
