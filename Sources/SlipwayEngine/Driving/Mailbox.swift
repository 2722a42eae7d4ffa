internal import SlipwayModel

/// What reaches a driver while it works.
enum Signal: Sendable {
  /// A person's word, and where its answer goes.
  case word(Submission, @Sendable (Reply) -> Void)
  /// The effect with this number has ended.
  case ended(Int, Event)
  case tick(Int)
}

/// Signals in the order they came, with one reader that may wait for the next.
actor Mailbox {
  private var signals: [Signal] = []
  private var waiter: CheckedContinuation<Void, Never>?

  func post(_ signal: Signal) {
    signals.append(signal)
    waiter?.resume()
    waiter = nil
  }

  /// The oldest signal, if there is one.
  func take() -> Signal? { signals.isEmpty ? nil : signals.removeFirst() }

  /// Waits until there is a signal, or the task is cancelled.
  func wait() async {
    guard signals.isEmpty, !Task.isCancelled else { return }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if signals.isEmpty, !Task.isCancelled { waiter = continuation } else { continuation.resume() }
      }
    } onCancel: {
      Task { await self.wake() }
    }
  }

  private func wake() {
    waiter?.resume()
    waiter = nil
  }
}
