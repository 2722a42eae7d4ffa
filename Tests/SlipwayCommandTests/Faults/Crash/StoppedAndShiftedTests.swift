import Foundation
import Glibc
import Testing

/// Drivers that stand still, clocks that jump, data planes that die in the middle of a switch.
@Suite("Stopped, shifted, beheaded", .serialized)
struct StoppedAndShiftedTests {
  @Test(
    "F1: a driver stopped for seconds in the middle keeps its seat, takes nothing back from the world, and goes on where it was"
  )
  func stopped() async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.open()
      try await Customers.order(at: shop.ports.front) { customers in
        try await shop.forGoodAndBad { version, failsOneIn, ending in
          let run = try await shop.agreed(version, failsOneIn: failsOneIn)
          let driver = try shop.driver()
          defer { driver.forget() }
          try await shop.wait(for: run, until: "green gets traffic") { $0.weights?.green ?? 0 > 0 || $0.isFinished }
          kill(driver.pid, SIGSTOP)
          // Longer than the deadline of any exchange with the router, five seconds.
          let second = try await Program.run(["run"], in: shop.folder)
          #expect(second.code != 0 && second.complaint.contains("driven by process"), "\(second)")
          try await Task.sleep(for: .seconds(7))
          #expect(try await shop.status(run).weights?.green ?? 0 < 100, "nobody goes on while the driver stands still")
          kill(driver.pid, SIGCONT)
          try await shop.wait(for: run, until: "it ends") { $0.isFinished }
          try await Aftermath(shop: shop, run: run).expect(ending)
        }
        try await customers.goHome()
        customers.tally.expectNothingLost(bad: ["1.2.0"])
      }
    }
  }

  @Test(
    "F1: the clock moved by days while the driver runs: the good release goes live, the bad one comes back",
    arguments: [259_200, -259_200])
  func clock(offset: Int) async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.open()
      try await Customers.order(at: shop.ports.front) { customers in
        try await shop.forGoodAndBad { version, failsOneIn, ending in
          let run = try await shop.agreed(version, failsOneIn: failsOneIn)
          let clock = try await ShiftedClock(in: shop.folder)
          let driver = try shop.driver(environment: clock.environment)
          defer { driver.forget() }
          try await shop.wait(for: run, until: "green gets traffic") { $0.weights?.green ?? 0 > 0 || $0.isFinished }
          try clock.set(.seconds(offset))
          try await shop.wait(for: run, until: "it ends", within: .seconds(120)) { $0.isFinished }
          try await Aftermath(shop: shop, run: run).expect(ending)
          driver.terminate()
          _ = try await driver.ended(within: .seconds(30))
        }
        try await customers.goHome()
        customers.tally.expectNothingLost(bad: ["1.2.0"])
      }
    }
  }

  @Test(
    "F1: the router killed as soon as a switch is meant: it comes back, the run ends right, and only the gap is lost",
    arguments: 0..<max(2, Shop.rounds / 10))
  func router(round: Int) async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.open()
      try await Customers.order(at: shop.ports.front) { customers in
        let run = try await shop.agreed("1.1.0")
        try await shop.withDriver { _ in
          try await shop.untilMeant(["shift-10", "shift-50", "shift-100", "settle"][round % 4], of: run)
          if let router = shop.router() { kill(router, SIGKILL) }
          try await shop.wait(for: run, until: "it ends") { $0.isFinished }
          let lost = customers.tally.lost.count
          let served = customers.tally.requests
          try await eventually("orders arrive") { customers.tally.requests > served + 20 }
          #expect(customers.tally.lost.count == lost, "after the gap nothing is lost: \(customers.tally)")
        }
        let ending = Aftermath.Ending(outcomes: ["success", "rolled_back"], success: "1.1.0", else: "1.0.0")
        let outcome = try await Aftermath(shop: shop, run: run).expect(ending)
        print("router killed \(round): run ended \(outcome), in the gap \(customers.tally.lost.count) orders lost")
      }
    }
  }

  @Test(
    "F1: HAProxy killed as soon as a switch is meant and started again as an operator does: the run ends right",
    arguments: 0..<max(2, Shop.rounds / 10))
  func haproxy(round: Int) async throws {
    try await Shop.with({ $0.pipeline(traffic: RealHAProxy.traffic($0)) }) { shop in
      let plane = try RealHAProxy(shop)
      let haproxy = try await plane.start()
      defer { haproxy.forget() }
      try await shop.open()
      try await Customers.order(at: shop.ports.front) { customers in
        let run = try await shop.agreed("1.1.0")
        try await shop.withDriver { _ in
          try await shop.untilMeant(["shift-50", "shift-10", "settle", "shift-100"][round % 4], of: run)
          try await haproxy.crash()
          let next = try await plane.start()
          defer { next.forget() }
          try await shop.wait(for: run, until: "it ends") { $0.isFinished }
          let lost = customers.tally.lost.count
          let served = customers.tally.requests
          try await eventually("orders arrive") { customers.tally.requests > served + 20 }
          #expect(customers.tally.lost.count == lost, "after the gap nothing is lost: \(customers.tally)")
          let ending = Aftermath.Ending(outcomes: ["success", "rolled_back"], success: "1.1.0", else: "1.0.0")
          let outcome = try await Aftermath(shop: shop, run: run).expect(ending, plane: plane)
          print("HAProxy killed \(round): run ended \(outcome), in the gap \(customers.tally.lost.count) orders lost")
        }
      }
    }
  }
}

extension Shop {
  /// Waits until the journal holds the intent of a step.
  func untilMeant(_ step: String, of run: String) async throws {
    let entries = state.appending(path: "journal.sqlite").path
    let script = """
      import json, sqlite3, sys, time
      base = sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True)
      end = time.time() + 200
      plan = None
      while time.time() < end:
          rows = base.execute("SELECT kind, body FROM journal WHERE stream = ? ORDER BY seq", (sys.argv[2],)).fetchall()
          for kind, body in rows:
              body = json.loads(body)
              if kind == "run.requested": plan = [s["id"] for s in body["requested"]["_0"]["plan"]["steps"]]
              if kind == "step.intended" and plan[body["stepIntended"]["step"]:][:1] == [sys.argv[3]]: sys.exit(0)
          time.sleep(0.002)
      sys.exit(1)
      """
    let output = try await Program.run(
      "/usr/bin/env", ["python3", "-c", script, entries, run, step], in: folder, within: .seconds(240))
    try #require(output.code == 0, "\(output)")
  }
}
