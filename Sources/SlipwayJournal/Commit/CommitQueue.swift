internal import Dispatch
internal import Synchronization

/// How a task waits for the writer's answer.
typealias Acknowledgement = UnsafeContinuation<Result<Written, JournalError>, Never>

/// What the writer is asked to do, in the order of asking.
enum CommitRequest: Sendable {
  case append(PreparedAppend, Acknowledgement)
  /// Something else that needs the one connection that writes.
  case work(@Sendable (Committer) throws -> Void, UnsafeContinuation<Result<Void, JournalError>, Never>)

  func refuse(_ error: JournalError) {
    switch self {
    case .append(_, let acknowledgement): acknowledgement.resume(returning: .failure(error))
    case .work(_, let acknowledgement): acknowledgement.resume(returning: .failure(error))
    }
  }
}

/// The appends that wait for the writer: bounded, first come first served.
///
/// A task that finds it full waits before its append takes any room. Whoever is admitted is answered, whatever happens;
/// cancelling the task does not take the append back.
final class CommitQueue: Sendable {
  /// How many appends, and how many bytes of bodies, may wait at once.
  struct Bound: Sendable {
    var appends = 4_096
    var bytes = 64 << 20
  }

  private struct State {
    var requests: [CommitRequest] = []
    var admitted = 0
    var bytes = 0
    var waiting: [(bytes: Int, continuation: UnsafeContinuation<Bool, Never>)] = []
    var writerSleeps = false
    var end: JournalError?
    var closers: [UnsafeContinuation<Void, Never>] = []
    var writerEnded = false
  }

  private let bound: Bound
  private let state = Mutex(State())
  private let wake = DispatchSemaphore(value: 0)

  init(bound: Bound) { self.bound = bound }

  /// Waits until there is room for `bytes` more.
  func admit(_ bytes: Int) async throws(JournalError) {
    if admitAtOnce(bytes) { return }
    let admitted = await withUnsafeContinuation { continuation in
      let answer: Bool? = state.withLock { state in
        if state.end != nil { return false }
        if state.waiting.isEmpty, hasRoom(state) {
          state.admitted += 1
          state.bytes += bytes
          return true
        }
        state.waiting.append((bytes, continuation))
        return nil
      }
      if let answer { continuation.resume(returning: answer) }
    }
    guard admitted else { throw state.withLock { $0.end } ?? .closed }
  }

  /// Takes the room if it is there and nobody waits for it. Nearly always so, and then no task need be suspended.
  private func admitAtOnce(_ bytes: Int) -> Bool {
    state.withLock { state in
      guard state.end == nil, state.waiting.isEmpty, hasRoom(state) else { return false }
      state.admitted += 1
      state.bytes += bytes
      return true
    }
  }

  /// Hands a request to the writer, or answers it at once where the writer has stopped.
  func enqueue(_ request: CommitRequest) {
    let (end, mustWake): (JournalError?, Bool) = state.withLock { state in
      if let end = state.end { return (end, false) }
      state.requests.append(request)
      defer { state.writerSleeps = false }
      return (nil, state.writerSleeps)
    }
    if let end { request.refuse(end) }
    if mustWake { wake.signal() }
  }

  /// Gives back room that was admitted and not used.
  func withdraw(_ bytes: Int) { release(appends: 1, bytes: bytes) }

  /// For the writer: everything that waits, as soon as something does; nil when the queue has ended and is empty.
  func drain() -> [CommitRequest]? {
    while true {
      let drained: [CommitRequest]? = state.withLock { state in
        if state.requests.isEmpty, state.end == nil {
          state.writerSleeps = true
          return nil
        }
        let drained = state.requests
        state.requests = []
        // As much again is likely; growing step by step would move everything several times under the lock.
        state.requests.reserveCapacity(drained.count)
        return drained
      }
      if let drained { return drained.isEmpty ? nil : drained }
      wake.wait()
    }
  }

  /// For a writer that is stepped: up to `limit` of what waits, without waiting.
  func take(atMost limit: Int) -> [CommitRequest] {
    state.withLock { state in
      let taken = Array(state.requests.prefix(limit))
      state.requests.removeFirst(taken.count)
      return taken
    }
  }

  /// How many requests wait for the writer.
  var waiting: Int { state.withLock { $0.requests.count } }

  /// For the writer: room for as much again.
  func release(appends: Int, bytes: Int) {
    let next = state.withLock { state in
      state.admitted -= appends
      state.bytes -= bytes
      var next: [UnsafeContinuation<Bool, Never>] = []
      while hasRoom(state), next.count < state.waiting.count {
        state.admitted += 1
        state.bytes += state.waiting[next.count].bytes
        next.append(state.waiting[next.count].continuation)
      }
      state.waiting.removeFirst(next.count)
      return next
    }
    for continuation in next { continuation.resume(returning: true) }
  }

  /// Refuses everything from now on with `error`; what was enqueued before is still handed to the writer.
  func end(_ error: JournalError) {
    let (waiting, mustWake) = state.withLock { state in
      if state.end == nil { state.end = error }
      defer {
        state.waiting = []
        state.writerSleeps = false
      }
      return (state.waiting, state.writerSleeps)
    }
    for waiter in waiting { waiter.continuation.resume(returning: false) }
    if mustWake { wake.signal() }
  }

  /// Why nothing is accepted any more; nil while the journal works.
  var ended: JournalError? { state.withLock { $0.end } }

  /// For the writer, as its last act.
  func writerEnded() {
    let closers = state.withLock { state in
      state.writerEnded = true
      defer { state.closers = [] }
      return state.closers
    }
    for closer in closers { closer.resume() }
  }

  /// Waits until the writer has closed its connection and given up the lock.
  func waitForWriter() async {
    await withUnsafeContinuation { continuation in
      let ended = state.withLock { state in
        if !state.writerEnded { state.closers.append(continuation) }
        return state.writerEnded
      }
      if ended { continuation.resume() }
    }
  }

  private func hasRoom(_ state: borrowing State) -> Bool {
    state.admitted < bound.appends && state.bytes < bound.bytes
  }
}
