internal import SlipwayModel

/// What a source knows of one slot at one instant.
struct SlotFigures: Sendable, Equatable {
  /// Nil: no data.
  var counters: SlotCounters?
  /// Why there are none, or no latencies among them.
  var missing: String?

  init(_ counters: SlotCounters? = nil, missing: String? = nil) {
    self.counters = counters
    self.missing = missing
  }

  static func noRelease(_ slot: Slot) -> SlotFigures {
    SlotFigures(missing: "slot \(slot) holds no release to select by")
  }
}

extension CounterSample {
  /// Puts in what is known of `slot`.
  mutating func add(_ figures: SlotFigures, of slot: Slot) {
    slots[slot] = figures.counters
    if let why = figures.missing { missing = (missing ?? [:]).merging([slot: why]) { $1 } }
  }
}
