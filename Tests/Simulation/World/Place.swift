import SlipwayModel

/// One environment as it really is: slots, split, traffic, data. It outlives every engine.
final class Place {
  struct Resident {
    var release: ReleaseID
    var truth: Truth
    var since: Int64
    var isDead = false
  }

  /// What was counted for one slot, latencies as fast and slow.
  struct Count {
    var requests: UInt64 = 0
    var errors: UInt64 = 0
    var refused: UInt64 = 0
    var slow: UInt64 = 0
    /// Parts of a request that have not come to a whole one.
    var share: Int64 = 0
    var errorShare: Int64 = 0
  }

  let index: Int
  let setting: EnvironmentSetting
  var slots: [Slot: Resident] = [:]
  private(set) var split = Split.none
  private(set) var generation: UInt64 = 0
  /// The splits that were in force, with the time at which each began.
  private(set) var history: [(at: Int64, split: Split)] = [(0, .none)]
  private var counts: [Slot: Count] = [.a: Count(), .b: Count()]
  private var begunAnew: [Slot: Count] = [.a: Count(), .b: Count()]
  private var restarts = 0
  private(set) var lost: UInt64 = 0
  private var countedTo: Int64 = 0
  /// The newest order for each slot: a deploy tool carries out one after the other and drops an older one.
  var orders: [Slot: Int] = [:]
  var snapshots: Set<RunID> = []
  /// Runs whose migration is in force.
  var migrated: Set<RunID> = []
  var restored: Set<RunID> = []
  /// Runs whose green has data of its own, and those for whose sake blue takes no writes.
  var ownData: Set<RunID> = []
  var paused: Set<RunID> = []
  /// Somebody else has changed the split and it still stands.
  var isMeddled = false
  /// Slots that may answer requests, by what the journal says.
  var mayAnswer: Set<Slot> = []
  /// When something injected last touched this environment, and what; nil while nothing did.
  var lastTrouble: Int64?
  /// When a question about this environment was last answered with what is not true; nobody can know better then.
  var liedAt: Int64?
  /// Told when a slot answers that must not.
  var onWrongAnswer: (Slot, UInt64) -> Void = { _, _ in }
  var lastSample: CounterSample?

  init(_ index: Int, _ setting: EnvironmentSetting) {
    self.index = index
    self.setting = setting
  }

  var name: EnvironmentName { setting.name }

  // MARK: Traffic

  /// Lets the requests come that fell due by `time`.
  func serve(until time: Int64) {
    let span = time - countedTo
    countedTo = time
    guard span > 0 else { return }
    for slot in Slot.allCases where split[slot] > 0 {
      // In hundred thousandths: percent times milliseconds times requests a second.
      let due = counts[slot, default: Count()].share + span * setting.rate * Int64(split[slot])
      counts[slot, default: Count()].share = due % 100_000
      send(UInt64(due / 100_000), to: slot)
    }
  }

  private func send(_ requests: UInt64, to slot: Slot) {
    guard requests > 0 else { return }
    if answers(slot) { return answer(requests, slot) }
    counts[slot, default: Count()].requests += requests
    counts[slot, default: Count()].refused += requests
    if let fallback = split.fallback, fallback != slot, answers(fallback) {
      answer(requests, fallback)
    } else {
      lost += requests
    }
  }

  func answers(_ slot: Slot) -> Bool { slots[slot].map { !$0.isDead } ?? false }

  private func answer(_ requests: UInt64, _ slot: Slot) {
    guard let resident = slots[slot] else { return }
    if !mayAnswer.contains(slot), !isMeddled { onWrongAnswer(slot, requests) }
    var count = counts[slot, default: Count()]
    count.requests += requests
    switch resident.truth {
    case .erroneous(let percent):
      let due = count.errorShare + Int64(requests) * percent
      count.errorShare = due % 100
      count.errors += UInt64(due / 100)
    case .slow: count.slow += requests
    case .good, .crashing, .neverHealthy, .dying: break
    }
    counts[slot] = count
  }

  // MARK: What is done to it

  /// Takes a split if its generation is not behind the one in force; a repeat of what stands is no change.
  func apply(_ wanted: Split, _ number: UInt64, at time: Int64) -> Bool {
    serve(until: time)
    if number <= generation { return wanted == split }
    generation = number
    change(to: wanted, at: time)
    isMeddled = false
    return true
  }

  /// Goes half the way to `wanted`, as several proxies do of which one does not listen.
  func applyHalf(_ wanted: Split, _ number: UInt64, at time: Int64) {
    guard number > generation, split.a + split.b == 100, wanted.a + wanted.b == 100 else { return }
    generation = number
    let a = (split.a + wanted.a) / 2
    change(to: Split(readBackA: a, b: 100 - a, fallback: split.fallback) ?? split, at: time)
  }

  func change(to wanted: Split, at time: Int64) {
    serve(until: time)
    split = wanted
    history.append((time, wanted))
  }

  /// Whether `wanted` was in force at any time since `time`.
  func wasSplit(_ wanted: Split, since time: Int64) -> Bool {
    split == wanted
      || history.indices.contains { index in
        history[index].split == wanted && (index + 1 == history.count || history[index + 1].at >= time)
      }
  }

  func crashes(in slot: Slot, at time: Int64) -> Int {
    guard let resident = slots[slot] else { return 0 }
    if case .crashing(let every) = resident.truth { return Int((time - resident.since) / every) }
    return resident.isDead ? 1 : 0
  }

  /// Why what is in the slot is not well; nil when it is.
  func illness(of release: ReleaseID, in slot: Slot) -> String? {
    guard let resident = slots[slot] else { return "nothing listens" }
    if resident.isDead { return "connection refused" }
    if resident.truth == .neverHealthy { return "status 503" }
    return resident.release == release ? nil : "version is \(resident.release), not \(release)"
  }

  // MARK: Counters

  func sample(now: Timestamp, at time: Int64) -> CounterSample {
    serve(until: time)
    var slots: [Slot: SlotCounters] = [:]
    for slot in Slot.allCases {
      let count = counts[slot, default: Count()]
      let before = begunAnew[slot, default: Count()]
      let requests = count.requests - before.requests
      let refused = count.refused - before.refused
      let slow = count.slow - before.slow
      var buckets = [UInt64](repeating: 0, count: LatencyHistogram.routerBounds.count + 1)
      buckets[3] = requests - refused - slow
      buckets[buckets.count - 3] = slow
      slots[slot] = SlotCounters(
        requests: requests, serverErrors: count.errors - before.errors, connectionErrors: refused,
        latency: LatencyHistogram(bounds: LatencyHistogram.routerBounds, counts: buckets))
    }
    return CounterSample(at: now, source: "world \(restarts)", slots: slots)
  }

  func beginCountersAnew() {
    begunAnew = counts
    restarts += 1
  }

  func requests(to slot: Slot) -> UInt64 { counts[slot, default: Count()].requests }
}
