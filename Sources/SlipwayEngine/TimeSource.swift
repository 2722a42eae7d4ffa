internal import Foundation
package import SlipwayModel

/// Where the engine gets the time and its waits from; injected, so that tests and simulations own both.
package protocol TimeSource: Sendable {
  func now() -> Timestamp
  /// Waits, whatever the clock is set to meanwhile; ends early by throwing when the task is cancelled.
  func sleep(for span: Span) async throws
  /// Waits until the clock shows `time`, or nil: for ever. May end a second early or late when the clock is set, so whoever waits looks again;
  /// ends early by throwing when the task is cancelled.
  func wait(until time: Timestamp?) async throws
}

extension TimeSource {
  /// Sleeps in pieces, so that a clock set forward is noticed within a second, and ends at once where one was set back.
  package func wait(until time: Timestamp?) async throws {
    var last = now()
    while true {
      let now = now()
      let left = time.map { $0 - now } ?? .seconds(1)
      if left <= .zero || now < last { return }
      last = now
      try await sleep(for: min(left, .seconds(1)))
    }
  }
}

/// The machine's own wall clock and timers.
package struct SystemTime: TimeSource {
  package init() {}

  package func now() -> Timestamp {
    Timestamp(milliseconds: Int64((Date().timeIntervalSince1970 * 1_000).rounded(.down)))
  }

  package func sleep(for span: Span) async throws {
    try await Task.sleep(for: span.duration, tolerance: .milliseconds(1), clock: .continuous)
  }
}
