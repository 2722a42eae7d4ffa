internal import SlipwayModel
internal import Synchronization

/// Sums of one slot by the second at which their interval began.
struct IntervalSums: Sendable, Equatable {
  var requests: [Int64: UInt64] = [:]
  /// Where requests were counted and this has nothing, there were none.
  var errors: [Int64: UInt64] = [:]

  var isEmpty: Bool { requests.isEmpty && errors.isEmpty }
}

/// Turns sums per interval into counts that only grow: each interval counts once, when it is closed.
///
/// An interval is closed when it is over and some time has passed. What a service says about it later is left out, but not silently.
final class IntervalLedger: Sendable {
  /// Closed intervals that are looked at again for what came late, and to see whether a slot is known at all.
  static let lookedBack: Int64 = 10
  /// No more intervals than this are asked for at once.
  static let most: Int64 = 360

  /// What to ask for, in seconds; the end is not part of it.
  struct Window: Sendable, Equatable {
    let from: Int64
    let to: Int64
  }

  private struct State {
    /// The first instant that counts.
    var origin: Int64?
    var closedUntil: Int64 = 0
    var totals: [Slot: SlotCounters] = [:]
    var used: [Slot: [Int64: UInt64]] = [:]
    var late: [Slot: UInt64] = [:]
    var known: Set<Slot> = []
  }

  private let every: Int64
  private let delay: Int64
  private let state = Mutex(State())

  init(_ timing: IntervalTiming) {
    every = max(1, timing.every.milliseconds / 1_000)
    delay = max(0, timing.delay.milliseconds / 1_000)
  }

  /// What to ask for at `now`; nil when nothing has been closed since the last time, so that nobody needs to be asked.
  func window(at now: Timestamp) -> Window? {
    let closed = (now.milliseconds / 1_000 - delay) / every * every
    return state.withLock { state in
      if state.origin != nil, closed <= state.closedUntil { return nil }
      let start = state.origin == nil ? closed : state.closedUntil
      return Window(from: max(min(start, closed - Self.lookedBack * every), closed - Self.most * every), to: closed)
    }
  }

  /// Takes in what a service said about `window`.
  func take(_ sums: [Slot: IntervalSums], of window: Window) {
    state.withLock { state in
      if state.origin == nil { (state.origin, state.closedUntil) = (window.to, window.to) }
      let origin = state.origin ?? window.to
      for (slot, sums) in sums {
        if sums.isEmpty { state.known.remove(slot) } else { state.known.insert(slot) }
        for start in stride(from: window.from, to: window.to, by: Int64.Stride(every)) where start >= origin {
          let errors = sums.errors[start] ?? 0
          let requests = max(sums.requests[start] ?? 0, errors)
          if start >= state.closedUntil {
            var total = state.totals[slot] ?? SlotCounters()
            total.requests &+= requests
            total.serverErrors &+= errors
            state.totals[slot] = total
          } else if let before = state.used[slot]?[start], requests > before {
            state.late[slot, default: 0] &+= requests - before
          }
          state.used[slot, default: [:]][start] = max(requests, state.used[slot]?[start] ?? 0)
        }
        state.used[slot] = state.used[slot]?.filter { $0.key >= window.from }
      }
      state.closedUntil = max(state.closedUntil, window.to)
    }
  }

  /// The counts as they stand; a slot of which the service knows nothing is absent.
  func sample(at now: Timestamp, source: String) -> CounterSample {
    state.withLock { state in
      var sample = CounterSample(at: now, source: "\(source) since \(state.origin ?? 0)", slots: [:])
      for slot in Slot.allCases {
        guard state.known.contains(slot) else {
          sample.add(
            SlotFigures(missing: "\(source) has no sums of slot \(slot) in the last closed intervals"), of: slot)
          continue
        }
        let late = state.late[slot].map { "\($0) requests of slot \(slot) reached \(source) late and are left out" }
        sample.add(SlotFigures(state.totals[slot] ?? SlotCounters(), missing: late), of: slot)
      }
      return sample
    }
  }
}
