import Synchronization
import Testing

/// What a series of crashes came to, one line per kind.
final class CrashTally: Sendable {
  struct Line: Sendable {
    var runs = 0
    var crashes = 0
    var succeeded = 0
    var rolledBack = 0
    var orders = 0
    /// Orders that found nobody to connect to, because the proxy was gone.
    var refused = 0
    /// Orders that were under way in a proxy when it was killed.
    var inFlight = 0
  }

  static let whole = CrashTally()

  private let lines = Mutex<[String: Line]>([:])

  func add(_ kind: String, _ change: (inout Line) -> Void) {
    lines.withLock { change(&$0[kind, default: Line()]) }
  }

  /// A table for people, with a sum below it.
  var table: String {
    let lines = lines.withLock { $0 }
    var sum = Line()
    for line in lines.values {
      sum.runs += line.runs
      sum.crashes += line.crashes
      sum.succeeded += line.succeeded
      sum.rolledBack += line.rolledBack
      sum.orders += line.orders
      sum.refused += line.refused
      sum.inFlight += line.inFlight
    }
    let rows = lines.sorted { $0.key < $1.key }.map { Self.row($0.key, $0.value) }
    return (["crashes by kind:", Self.head] + rows + [Self.row("all", sum)]).joined(separator: "\n")
  }

  private static let head = row(
    "kind", ["runs", "crashes", "success", "rolled back", "orders", "refused while down", "lost in flight"])

  private static func row(_ kind: String, _ line: Line) -> String {
    let numbers = [
      line.runs, line.crashes, line.succeeded, line.rolledBack, line.orders, line.refused, line.inFlight,
    ]
    return row(kind, numbers.map(String.init))
  }

  private static func row(_ kind: String, _ words: [String]) -> String {
    "| \(([kind] + words).joined(separator: " | ")) |"
  }
}

/// Prints the tally when the suite it stands on is over.
struct PrintsCrashTally: SuiteTrait, TestScoping {
  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await function()
    print(CrashTally.whole.table)
  }
}
