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
      case .fdatasync: 1...8
      case .fsync: 1...2
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
            // Most bare writes wake a thread; where one is lost, green may look as if it did not answer, and is taken back.
            let right: Set<String> = call == .write ? ["success", "failed", "rolled_back"] : ["success"]
            let ending = Aftermath.Ending(outcomes: right, success: version, else: live)
            if try await Aftermath(shop: shop, run: run).expect(ending) == "success" { live = version }
          }
        }
        try await customers.goHome()
        customers.tally.expectNothingLost()
        print("one failing \(call.rawValue):\n  " + met.joined(separator: "\n  "))
        // Which call of the many is hit is a matter of threads; that none ever is would be a test of nothing.
        #expect(!met.isEmpty || call == .fsync)
      }
    }
  }

  @Test("F7: a driver that can write its words nowhere drives on; an answer that cannot be written is no success")
  func noPlaceForWords() async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.open()
      let run = try await shop.agreed("1.1.0")
      // Every write to this device fails for want of space.
      let driver = try Companion.start(
        "/bin/sh", ["-c", "exec \"$0\" run --forever >/dev/full 2>/dev/full", Program.path], in: shop.folder)
      defer { driver.forget() }
      _ = try await Customers.order(at: shop.ports.front) { _ in
        try await shop.wait(for: run, until: "it ends") { $0.isFinished || !driver.isRunning }
      }
      #expect(driver.isRunning, "the driver ended")
      #expect(try await shop.status(run).status == "success")
      let answer = try await Program.run(
        "/bin/sh", ["-c", "exec \"$0\" status \"$1\" --output json >/dev/full", Program.path, run], in: shop.folder)
      #expect(answer.code == 1 && answer.complaint.contains("standard output"), "\(answer)")
    }
  }

  /// Whether the fault met the word that wakes a thread, which no disk carries and which fails on no real machine: what it was to wake sleeps on until
  /// the step's own time is over, which is longer than anybody waits here.
  private static func lostWakeUp(_ log: URL) -> Bool {
    let calls = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
    return calls.split(separator: "\n").contains { $0.contains("(INJECTED)") && $0.contains("[eventfd]") }
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
        + [Program.path, "run", "--forever"], in: shop.folder,
      // Swift's backtracer cannot look into what strace holds, and would wait for ever.
      environment: ["SWIFT_BACKTRACE": "enable=no"])
    let patience = ContinuousClock.now + .seconds(90)
    try await shop.wait(for: run, until: "it ends") { status in
      status.isFinished || !driver.isRunning || (ContinuousClock.now > patience && Self.lostWakeUp(log))
    }
    let end = driver.isRunning ? "goes on" : "code \(try await driver.ended())"
    #expect(["goes on", "code 1"].contains(end), "\(fault): \(end), no crash: \(driver.complaint)")
    #expect(end == "goes on" || !driver.complaint.isEmpty, "\(fault): \(end) without a word")
    try await shop.end(driver)
    let calls = try String(contentsOf: log, encoding: .utf8).split(separator: "\n")
    try await shop.withDriver { _ in try await shop.wait(for: run, until: "it ends") { $0.isFinished } }
    return calls.first { $0.contains("(INJECTED)") }.map { "\($0): the driver \(end)" }
  }
}
