import Foundation
import Testing

/// One single call to the disk that fails, and works again at once: the fault that is easiest to overlook.
@Suite("One failing call", .serialized)
struct DiskFaultTests {
  enum Call: String, CaseIterable, Sendable {
    case write, pwrite64, fdatasync, fsync

    /// Up to which call of a thread it is worth while: past it a promotion has no more of them.
    var range: ClosedRange<Int> {
      switch self {
      case .write: 1...40
      case .pwrite64: 1...40
      case .fdatasync: 1...12
      case .fsync: 1...3
      }
    }
  }

  @Test(
    "F7, F1: one write or flush fails with EIO or ENOSPC: the driver goes on or stops, the next ends the run, nothing is done twice or lost",
    arguments: Call.allCases)
  func once(call: Call) async throws {
    var random = SeededRandom(seed: UInt64(call.range.upperBound))
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.open()
      try await Customers.order(at: shop.ports.front) { customers in
        var met: [String] = []
        var live = "1.0.0"
        let errors = Shop.rounds > 0 ? ["EIO", "ENOSPC"] : [call == .write || call == .fdatasync ? "EIO" : "ENOSPC"]
        for round in 0..<max(1, Shop.rounds / 40) {
          for (number, error) in errors.enumerated() {
            let version = "1.\(round + 1).\(number)"
            let run = try await shop.agreed(version)
            let fault = "\(call.rawValue):error=\(error):when=\(Int.random(in: call.range, using: &random))"
            met += [try await drive(run, under: fault, shop)].compactMap(\.self)
            let ending = Aftermath.Ending(outcomes: ["success"], success: version, else: live)
            try await Aftermath(shop: shop, run: run).expect(ending)
            live = version
          }
        }
        try await customers.goHome()
        customers.tally.expectNothingLost()
        print("one failing \(call.rawValue):\n  " + met.joined(separator: "\n  "))
        // Which call of the many is hit is a matter of threads; that none ever is would be a test of nothing.
        #expect(!met.isEmpty || call == .fsync || Shop.rounds == 0)
      }
    }
  }

  /// Drives a run to its end, first by a driver with the fault.
  ///
  /// - Returns: Which call the fault met and what became of the driver; nil when it met none.
  private func drive(_ run: String, under fault: String, _ shop: Shop) async throws -> String? {
    let log = shop.folder.appending(path: "faults.log")
    let driver = try Companion.start(
      "/usr/bin/strace",
      [
        "-f", "-qq", "-y", "-s", "0", "-o", log.path, "-e", "trace=\(fault.prefix { $0 != ":" })", "-e",
        "inject=\(fault)",
      ]
        + [Program.path, "run", "--forever"], in: shop.folder)
    try await shop.wait(for: run, until: "it ends") { $0.isFinished || !driver.isRunning }
    let end = driver.isRunning ? "goes on" : "code \(try await driver.ended())"
    #expect(driver.isRunning || !driver.complaint.isEmpty, "\(fault): \(end) without a word")
    try await shop.end(driver)
    let calls = try String(contentsOf: log, encoding: .utf8).split(separator: "\n")
    try await shop.drive(run)
    return calls.first { $0.contains("(INJECTED)") }.map { "\($0): the driver \(end)" }
  }
}
