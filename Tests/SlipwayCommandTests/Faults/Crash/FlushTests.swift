import Foundation
import Glibc
import Testing

/// The driver hurt at its writes: killed at one flush after the other, and told by the disk that a write or a flush failed.
@Suite("Crash at every write", .serialized)
struct FlushTests {
  @Test(
    "F1: killed at its first flush, its second, its third and so on until the run is over: it ends right, nothing is done twice, nobody is lost",
    arguments: 0..<max(1, Shop.rounds / 20))
  func everyFlush(round: Int) async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.open()
      try await Customers.order(at: shop.ports.front) { customers in
        let router = shop.router()
        var kills = 0
        try await shop.forGoodAndBad { version, failsOneIn, ending in
          let run = try await shop.agreed(version, failsOneIn: failsOneIn)
          // Growing, so that each driver comes at least one flush further than the one before.
          for flush in (1 + round)...(200 + round) {
            let driver = try shop.driver(injecting: "fdatasync:signal=KILL:when=\(flush)")
            var isOver = false
            try await eventually("the driver is killed or the run is over", within: .seconds(120)) {
              if !driver.isRunning { return true }
              isOver = try await shop.status(run).isFinished
              return isOver
            }
            try await shop.end(driver)
            if isOver { break }
            kills += 1
          }
          try await Aftermath(shop: shop, run: run).expect(ending)
        }
        #expect(shop.router() == router, "the router is the one from before")
        try await customers.goHome()
        customers.tally.expectNothingLost(bad: ["1.2.0"])
        #expect(kills >= 8, "the flushes were met: \(kills)")
        print(
          "crash at every flush: \(kills) kills, \(customers.tally.requests) orders, lost \(customers.tally.lost.count)"
        )
      }
    }
  }

  @Test(
    "F7, F1: a disk that fails at a write or a flush stops the driver with words about the disk; the next one brings the run to its end",
    arguments: [
      "fdatasync:error=EIO", "fdatasync:error=ENOSPC", "pwrite64:error=EIO", "pwrite64:error=ENOSPC",
    ])
  func failingDisk(fault: String) async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.open()
      try await Customers.order(at: shop.ports.front) { customers in
        let run = try await shop.agreed("1.1.0")
        let driver = try shop.driver(injecting: fault + ":when=9+")
        let code = try await driver.ended(within: .seconds(120))
        #expect(code == 1, "\(driver.text)\n\(driver.complaint)")
        let complaint = driver.complaint.lowercased()
        #expect(complaint.contains("disk") || complaint.contains("full"), "\(driver.complaint)")
        driver.forget()
        #expect(try await !shop.status(run).isFinished)
        try await shop.drive(run)
        let ending = Aftermath.Ending(outcomes: ["success"], success: "1.1.0", else: "1.0.0")
        try await Aftermath(shop: shop, run: run).expect(ending)
        try await customers.goHome()
        customers.tally.expectNothingLost()
      }
    }
  }
}
