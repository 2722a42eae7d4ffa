package import SlipwayModel
internal import Synchronization

/// A bound on how long something outside is waited for, also where it does not listen to cancellation.
package enum Deadline {
  /// What `body` gives within `span`; nil when it took longer. It is then cancelled, and what it does later has no effect here.
  package static func bound<Value: Sendable>(
    _ span: Span, _ time: any TimeSource, _ body: @escaping @Sendable () async -> Value
  ) async -> Value? {
    let race = Race<Value>()
    let work = Task { race.end(await body()) }
    let timer = Task {
      try await time.sleep(for: span)
      race.end(nil)
    }
    let value = await withTaskCancellationHandler {
      await withCheckedContinuation { race.begin($0) }
    } onCancel: {
      race.end(nil)
    }
    work.cancel()
    timer.cancel()
    return value
  }

  /// Whoever ends first is heard, once.
  private final class Race<Value: Sendable>: Sendable {
    private enum State {
      case open
      case waiting(CheckedContinuation<Value?, Never>)
      case ended(Value?)
    }

    private let state = Mutex(State.open)

    func begin(_ continuation: CheckedContinuation<Value?, Never>) {
      let early: Value?? = state.withLock { state in
        if case .ended(let value) = state { return .some(value) }
        state = .waiting(continuation)
        return nil
      }
      if let early { continuation.resume(returning: early) }
    }

    func end(_ value: Value?) {
      let waiter: CheckedContinuation<Value?, Never>? = state.withLock { state in
        switch state {
        case .open: state = .ended(value)
        case .waiting(let continuation):
          state = .ended(value)
          return continuation
        case .ended: break
        }
        return nil
      }
      waiter?.resume(returning: value)
    }
  }
}
