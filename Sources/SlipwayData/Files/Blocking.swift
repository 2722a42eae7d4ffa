internal import Foundation
internal import SlipwayConnectors
internal import Synchronization

/// Tells work on a thread of its own that nobody wants it any more.
final class Stop: Sendable {
  private let isAsked = Mutex(false)

  func ask() { isAsked.withLock { $0 = true } }

  /// - Throws: `timedOut` once it was asked.
  func check() throws(ConnectorError) {
    if isAsked.withLock({ $0 }) { throw ConnectorError(.timedOut, "cancelled") }
  }
}

/// Work that waits for the disk.
enum Blocking {
  /// Runs `body` on a thread of its own; a cancelled task asks it to stop and still waits for it, so that nothing is written behind its caller.
  static func run<Value: Sendable>(
    _ body: @escaping @Sendable (Stop) throws(ConnectorError) -> Value
  ) async throws(ConnectorError) -> Value {
    let stop = Stop()
    let result: Result<Value, ConnectorError> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let thread = Thread {
          do throws(ConnectorError) { continuation.resume(returning: .success(try body(stop))) } catch {
            continuation.resume(returning: .failure(error))
          }
        }
        thread.stackSize = 1 << 20
        thread.start()
      }
    } onCancel: {
      stop.ask()
    }
    return try result.get()
  }
}

/// Does the same to many files at once, on all cores, with as much memory for a million files as for a thousand.
enum Crew {
  private static let batch = 256

  /// Takes items from `next` until it gives none, does `work` on several at a time, and hands the outcomes to `done` one by one in the items' order.
  static func each<Item: Sendable, Outcome: Sendable>(
    _ next: () throws(ConnectorError) -> Item?, work: @Sendable (Item) -> Outcome,
    done: (Item, Outcome) throws(ConnectorError) -> Void
  ) throws(ConnectorError) {
    var isOver = false
    while !isOver {
      var items: [Item] = []
      while items.count < batch, !isOver {
        if let item = try next() { items.append(item) } else { isOver = true }
      }
      let outcomes = Self.outcomes(items, work)
      for (item, outcome) in zip(items, outcomes) { try done(item, outcome) }
    }
  }

  private static func outcomes<Item: Sendable, Outcome: Sendable>(
    _ items: [Item], _ work: @Sendable (Item) -> Outcome
  ) -> [Outcome] {
    [Outcome](unsafeUninitializedCapacity: items.count) { buffer, count in
      // Each iteration initializes a place of its own, and all have ended before the buffer is looked at.
      nonisolated(unsafe) let places = buffer
      DispatchQueue.concurrentPerform(iterations: items.count) { index in
        places.initializeElement(at: index, to: work(items[index]))
      }
      count = items.count
    }
  }
}

/// Says how far something is, at most once a second.
struct Meter {
  private let say: @Sendable (String) -> Void
  private let what: String
  private var files = 0
  private var bytes: Int64 = 0
  private var last = ContinuousClock.now

  init(_ what: String, _ say: @escaping @Sendable (String) -> Void) {
    self.what = what
    self.say = say
  }

  mutating func add(_ size: Int64) {
    files += 1
    bytes += size
    guard files % 64 == 0 || size > 1 << 20, ContinuousClock.now - last >= .seconds(1) else { return }
    last = .now
    say("\(what): \(files) files, \(bytes / 1_000_000) MB")
  }
}
