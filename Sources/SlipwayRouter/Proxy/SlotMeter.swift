internal import NIOCore
internal import SlipwayModel

/// Counts for one slot on one event loop; nobody else touches them, so they need no lock.
struct SlotMeter: Sendable {
  private(set) var counters = SlotCounters(latency: LatencyHistogram())
  private(set) var inFlight = 0
  private(set) var lastSent: NIODeadline?
  private(set) var lastFinished: NIODeadline?
  private(set) var abandoned: UInt64 = 0
  private(set) var stoodInFor: UInt64 = 0
  private(set) var ejected: UInt64 = 0
  private(set) var testers: UInt64 = 0
  private(set) var broken: UInt64 = 0
  private(set) var connects: UInt64 = 0
  private(set) var ejections: UInt64 = 0
  private(set) var latencySum = 0.0

  /// How a request ended on a slot.
  enum Ending {
    case answered(status: Int, since: NIODeadline)
    /// No connection could be made, or it closed before any answer.
    case unanswered
    /// An answer that broke off, came too late or was no HTTP.
    case broken
    /// A WebSocket ended; its request was counted when it began.
    case switchedBack
    /// The client left.
    case abandoned(since: NIODeadline?)
    /// The slot was passed over because it had just refused a connection.
    case ejected

    /// Whether the slot failed; nil where the end says nothing about it.
    var isFailure: Bool? {
      switch self {
      case .answered(let status, _): status >= 500
      case .unanswered, .broken: true
      case .switchedBack, .abandoned, .ejected: nil
      }
    }
  }

  mutating func began(isTester: Bool) {
    inFlight += 1
    if isTester { testers &+= 1 }
  }

  mutating func sent(at now: NIODeadline) { lastSent = now }
  mutating func connecting() { connects &+= 1 }
  mutating func wasEjected() { ejections &+= 1 }
  mutating func stoodIn() { stoodInFor &+= 1 }

  /// A WebSocket has begun: answered, with the time that took, and in flight until it ends.
  mutating func switched(since: NIODeadline) {
    counters.requests &+= 1
    record(Self.seconds(since, .now()))
  }

  private mutating func record(_ seconds: Double) {
    counters.latency?.record(seconds: seconds)
    latencySum += seconds
  }

  mutating func ended(_ ending: Ending, at now: NIODeadline) {
    inFlight -= 1
    if case .switchedBack = ending {
      lastFinished = now
      return
    }
    counters.requests &+= 1
    // A request that was never tried there says nothing about when the slot was last at work.
    if case .ejected = ending {} else { lastFinished = now }
    switch ending {
    case .answered(let status, let since):
      record(Self.seconds(since, now))
      if status >= 500 { counters.serverErrors &+= 1 } else if status >= 400 { counters.clientErrors &+= 1 }
    case .switchedBack: break
    case .unanswered:
      counters.connectionErrors &+= 1
    case .ejected:
      counters.connectionErrors &+= 1
      ejected &+= 1
    case .broken:
      counters.connectionErrors &+= 1
      broken &+= 1
    case .abandoned(let since):
      abandoned &+= 1
      // What the client waited is the least that the answer would have taken: a slot that hangs must show in p99.
      if let since { record(Self.seconds(since, now)) }
    }
  }

  private static func seconds(_ from: NIODeadline, _ to: NIODeadline) -> Double {
    Double((to - from).nanoseconds) / 1_000_000_000
  }
}

/// The meters of all event loops added up.
struct MeterSum {
  private var meters: [SlotMeter]

  init(_ meters: [SlotMeter]) { self.meters = meters }

  /// The sum with monotonic instants turned into times of the wall clock.
  func traffic(now: NIODeadline, wall: Timestamp) -> SlotTraffic {
    SlotTraffic(
      inFlight: meters.reduce(0) { $0 + $1.inFlight },
      lastSentAt: Self.time(meters.compactMap(\.lastSent).max(), now: now, wall: wall),
      lastFinishedAt: Self.time(meters.compactMap(\.lastFinished).max(), now: now, wall: wall),
      abandoned: sum(\.abandoned), stoodInFor: sum(\.stoodInFor), ejected: sum(\.ejected), testers: sum(\.testers),
      broken: sum(\.broken), connects: sum(\.connects), counters: counters, ejections: sum(\.ejections),
      latencySum: meters.reduce(0) { $0 + $1.latencySum })
  }

  private var counters: SlotCounters {
    let bounds = LatencyHistogram.routerBounds
    var counts = [UInt64](repeating: 0, count: bounds.count + 1)
    for meter in meters {
      for (index, count) in (meter.counters.latency?.counts ?? []).enumerated() { counts[index] &+= count }
    }
    return SlotCounters(
      requests: sum(\.counters.requests), serverErrors: sum(\.counters.serverErrors),
      connectionErrors: sum(\.counters.connectionErrors), clientErrors: sum(\.counters.clientErrors),
      latency: LatencyHistogram(bounds: bounds, counts: counts))
  }

  private func sum(_ field: KeyPath<SlotMeter, UInt64>) -> UInt64 { meters.reduce(0) { $0 &+ $1[keyPath: field] } }

  private static func time(_ instant: NIODeadline?, now: NIODeadline, wall: Timestamp) -> Timestamp? {
    instant.map { wall - Span(milliseconds: (now - $0).nanoseconds / 1_000_000) }
  }
}
