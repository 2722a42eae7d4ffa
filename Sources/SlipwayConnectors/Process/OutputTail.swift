internal import Synchronization

/// The last bytes of an output of any length.
final class OutputTail: Sendable {
  private let limit: Int
  private let redaction: Redaction
  private let state = Mutex<(kept: [UInt8], isCut: Bool)>(([], false))

  /// - Parameters:
  ///   - limit: bytes that are given back at most.
  ///   - redaction: what is taken out of them.
  init(limit: Int, redaction: Redaction) {
    self.limit = limit
    self.redaction = redaction
  }

  /// Takes more output in; what came long before is let go.
  func add(_ more: UnsafeRawBufferPointer) {
    let needed = limit + redaction.longest
    state.withLock { state in
      state.kept.append(contentsOf: more)
      if state.kept.count > 2 * needed {
        state.kept.removeFirst(state.kept.count - needed)
        state.isCut = true
      }
    }
  }

  /// What is left, secrets removed, and whether earlier output was dropped.
  var text: (text: String, isCut: Bool) {
    let (kept, isCut) = state.withLock { ($0.kept, $0.isCut) }
    return (redaction.clean(kept, last: limit), isCut || kept.count > limit)
  }
}
