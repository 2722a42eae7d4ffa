import SlipwayEngine
import SlipwayModel

/// The simulated time and all that is to happen in it.
///
/// `elapsed` never goes back; the clock that the engine sees is `elapsed` and an offset that jumps.
final class Timeline: @unchecked Sendable {  // there is one thread
  enum Owner { case world, engine }

  private struct Mark: Comparable {
    var at: Int64
    var order: Int
    static func < (left: Mark, right: Mark) -> Bool {
      left.at != right.at ? left.at < right.at : left.order < right.order
    }
  }

  private(set) var elapsed: Int64 = 0
  private var offset: Int64 = 1_800_000_000_000
  private var heap: [Mark] = []
  private var actions: [Int: (owner: Owner, run: () -> Void)] = [:]
  private var order = 0
  /// Waits that look at the clock again when it is set.
  private var clockWaits: [Int] = []

  var now: Timestamp { Timestamp(milliseconds: elapsed + offset) }

  /// Has `action` run `span` milliseconds from now; what the engine owns dies with it.
  @discardableResult
  func after(_ span: Int64, _ owner: Owner = .world, _ action: @escaping () -> Void) -> Int {
    order += 1
    actions[order] = (owner, action)
    push(Mark(at: elapsed + max(0, span), order: order))
    return order
  }

  func drop(_ id: Int) { actions[id] = nil }

  /// Runs the action now instead.
  func fire(_ id: Int) { actions.removeValue(forKey: id)?.run() }

  /// Goes on to what is next; false when there is nothing.
  func advance() -> Bool {
    while let mark = pop() {
      guard let action = actions.removeValue(forKey: mark.order) else { continue }
      elapsed = max(elapsed, mark.at)
      action.run()
      return true
    }
    return false
  }

  /// Sets the clock forward or back.
  func jump(_ span: Int64) {
    offset += span
    lastJump = elapsed
    let waits = clockWaits
    clockWaits = []
    for id in waits { fire(id) }
  }

  /// When the clock was last set; nil when it never was.
  private(set) var lastJump: Int64?

  /// Counts engines, so that nothing wakes one that is dead.
  private(set) var incarnation = 0

  func dropEngine() {
    incarnation += 1
    actions = actions.filter { $0.value.owner == .world }
    clockWaits = []
  }

  // MARK: Waiting

  private final class Ticket: @unchecked Sendable {  // there is one thread
    var id: Int?
    var isCancelled = false
  }

  /// Waits in the engine's name; ends early by throwing when the task is cancelled.
  func pause(_ span: Int64, untilClockIsSet: Bool = false) async throws {
    let ticket = Ticket()
    await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
        if ticket.isCancelled { return continuation.resume() }
        let id = after(span, .engine) { continuation.resume() }
        ticket.id = id
        if untilClockIsSet { clockWaits.append(id) }
      }
    } onCancel: {
      ticket.isCancelled = true
      if let id = ticket.id { fire(id) }
    }
    clockWaits.removeAll { $0 == ticket.id }
    try Task.checkCancellation()
  }

  // MARK: Heap

  private func push(_ mark: Mark) {
    heap.append(mark)
    var child = heap.count - 1
    while child > 0, heap[child] < heap[(child - 1) / 2] {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private func pop() -> Mark? {
    guard let first = heap.first, let last = heap.popLast() else { return nil }
    guard !heap.isEmpty else { return first }
    heap[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] {
        least = child
      }
      if least == parent { return first }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}

/// The clock and timers of the engine.
struct SimulatedTime: TimeSource {
  let timeline: Timeline

  func now() -> Timestamp { timeline.now }
  func sleep(for span: Span) async throws { try await timeline.pause(span.milliseconds) }

  func wait(until time: Timestamp?) async throws {
    let left = time.map { ($0 - timeline.now).milliseconds } ?? .max / 4
    if left <= 0 { return }
    try await timeline.pause(left, untilClockIsSet: true)
  }
}
