internal import SlipwayModel

/// What the router does with a request: one value, replaced whole.
struct RouteTable: Sendable, Equatable {
  var generation: UInt64
  var split: Split
  var targets: SlotPair<Target?>
  /// Whether `X-Canary: green` leads to the slot that is not the fallback.
  var testers: Bool

  static let empty = RouteTable(generation: 0, split: .none, targets: SlotPair { _ in nil }, testers: true)

  static func == (left: RouteTable, right: RouteTable) -> Bool {
    left.generation == right.generation && left.split == right.split && left.testers == right.testers
      && left.targets.a == right.targets.a && left.targets.b == right.targets.b
  }

  /// The slot that may answer for `slot`; nil for blue itself, so that a candidate never catches blue's traffic.
  func standIn(for slot: Slot) -> Slot? {
    guard let blue = split.fallback, blue != slot, targets[blue] != nil else { return nil }
    return blue
  }

  /// Where a tester's request goes; nil when there is no candidate to look at.
  var testerSlot: Slot? {
    guard testers, let blue = split.fallback, targets[blue.other] != nil else { return nil }
    return blue.other
  }

  /// Why this table must not be applied, or nil.
  var objection: String? {
    for slot in Slot.allCases where split[slot] > 0 && targets[slot] == nil {
      return "slot \(slot) is to get \(split[slot]) % but has no address; give it one in 'targets'"
    }
    if let blue = split.fallback, targets[blue] == nil {
      return "the fallback slot \(blue) has no address; give it one in 'targets' or name no fallback"
    }
    return nil
  }

  var targetTexts: [Slot: String] {
    var texts: [Slot: String] = [:]
    for slot in Slot.allCases { texts[slot] = targets[slot]?.description }
    return texts
  }
}

/// Deals requests to the slots so that every stretch of 100 has the exact share and a small share is spread evenly.
struct SplitDealer {
  private var owed = 0

  /// The slot of the next request; nil when nothing is to be served.
  mutating func next(_ split: Split) -> Slot? {
    guard split.a + split.b == 100 else { return nil }
    owed += split.b
    guard owed >= 100 else { return .a }
    owed -= 100
    return .b
  }
}
