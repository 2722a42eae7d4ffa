import Foundation
import Testing

/// The main job on one machine under load; one story, because each part stands on the one before.
@Suite("The main job", .serialized)
struct MainJobTests {
  @Test(
    "A5, B7, B8, B10, C5, D5, D7, E2, E3, E13: a good release goes 10, 50, 100 %, a bad one comes back by itself, and no customer of a good one is lost"
  )
  func story() async throws {
    try await Shop.with(\.wholePipeline) { shop in
      try await shop.withDriver { _ in
        try await shop.arrive("1.0.0", isFirst: true)
        try await Customers.order(at: shop.ports.front) { customers in
          let good = try await shop.arrive("1.1.0")
          try await expectPromoted(good, shop)
          let bad = try await shop.arrive("1.2.0", failsOneIn: 2, expecting: 3)
          try await expectRolledBack(bad, shop)
          try await expectAborted(shop)
          try await customers.goHome()
          customers.tally.expectNothingLost(bad: ["1.2.0"])
          #expect(customers.tally.served["1.1.0"] ?? 0 > 0)
        }
        // By hand: 1.1.0 serves, and goes back to 1.0.0 under an incident.
        let undone = try await Customers.order(at: shop.ports.front) { customers in
          let output = try await shop.slipway("rollback", "production", "--incident", "INC-7", "--wait", "--as", "ann")
          try await eventually("1.0.0 serves again") { customers.tally.served["1.0.0"] ?? 0 > 0 }
          try await customers.goHome()
          customers.tally.expectNothingLost()
          return output
        }
        #expect(undone.text.contains("success"))
        let run = try await shop.status("latest")
        try await shop.expectEvidence(of: run.runId, outcome: "success", saying: "INC-7")
        #expect(run.evidenceDir?.contains("/rollback/") == true)
      }
      try await shop.slipway("audit", "verify")
    }
  }

  private func expectPromoted(_ run: RunJSON, _ shop: Shop) async throws {
    #expect(run.status == "success" && run.weights?.green == 100)
    let shifts = run.steps.filter { $0.id.hasPrefix("shift-") }.map(\.id)
    #expect(shifts == ["shift-10", "shift-50", "shift-100"])
    #expect(run.gates.allSatisfy { $0.verdict == "passed" } && run.gates.count == 7, "\(run.gates)")
    try await shop.expectEvidence(of: run.runId, outcome: "success", saying: "1.1.0")
    // Blue stays startable: its process still runs.
    #expect(shop.services()[shop.ports.a]?.count == 1 && shop.services()[shop.ports.b]?.count == 1)
  }

  private func expectRolledBack(_ run: RunJSON, _ shop: Shop) async throws {
    #expect(run.status == "rolled_back" && run.weights?.green == 0)
    #expect(run.rollback?.reason.contains("error rate") == true, "\(String(describing: run.rollback))")
    #expect(run.step("rollback-verify")?.status == "succeeded")
    try await shop.expectEvidence(of: run.runId, outcome: "rolled_back", saying: "error rate")
    #expect(shop.services().values.allSatisfy { $0.count == 1 })
  }

  /// Aborted at 10 %: what was done is taken back.
  private func expectAborted(_ shop: Shop) async throws {
    try await shop.register("1.3.0", reports: true)
    try await shop.slipway("promote", "1.3.0", "--to", "staging", "--wait", "--as", "carol")
    let run = try await shop.promote("1.3.0")
    try await shop.slipway("approve", run, "--as", "ann")
    try await shop.wait(for: run, until: "green gets traffic") { $0.weights?.green ?? 0 > 0 || $0.isFinished }
    try await shop.slipway("abort", run, "--reason", "second thoughts", "--as", "ann")
    try await shop.slipway("watch", run, expecting: 1)
    let ended = try await shop.status(run)
    #expect(ended.status == "aborted" && ended.weights?.green == 0)
    try await shop.expectEvidence(of: run, outcome: "aborted", saying: "second thoughts")
  }
}

extension Shop {
  /// Through staging into production, driven by whoever drives.
  @discardableResult
  func arrive(
    _ version: String, failsOneIn: Int = 0, expecting code: Int32 = 0, isFirst: Bool = false
  ) async throws -> RunJSON {
    try await register(version, failsOneIn: failsOneIn, reports: true)
    try await slipway("promote", version, "--to", "staging", "--wait", "--as", "carol")
    let run = try await promote(version)
    try await slipway("approve", run, "--as", "ann")
    // The first version finds no customers: they come when something answers.
    if isFirst {
      try await eventually("the front door opens") {
        try await status(run).weights?.green == 100
      }
      _ = try await Customers.order(at: ports.front) { _ in try await slipway("watch", run, expecting: code) }
    } else {
      try await slipway("watch", run, expecting: code)
    }
    return try await status(run)
  }
}
