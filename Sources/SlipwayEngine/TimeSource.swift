internal import Foundation
package import SlipwayModel

/// Where the engine gets the time and its waits from; injected, so that tests and simulations own both.
package protocol TimeSource: Sendable {
  func now() -> Timestamp
  /// Waits; ends early by throwing when the task is cancelled.
  func sleep(for span: Span) async throws
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
