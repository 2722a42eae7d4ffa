internal import Foundation

/// A thread for one blocking call, so that the shared pool never waits.
enum BlockingThread {
  /// Runs `work` on a thread of its own; `work` has a deadline of its own.
  static func run<Value: Sendable>(
    _ work: @escaping @Sendable () throws(HostError) -> Value
  ) async throws(HostError) -> Value {
    let result: Result<Value, HostError> = await withCheckedContinuation { continuation in
      let thread = Thread {
        do throws(HostError) {
          continuation.resume(returning: .success(try work()))
        } catch {
          continuation.resume(returning: .failure(error))
        }
      }
      thread.name = "slipway-host-call"
      thread.start()
    }
    return try result.get()
  }
}
