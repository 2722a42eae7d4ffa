import Foundation
import SlipwayModel
import Testing

@Suite("Gates: judged on ledger and calendar")
struct GateJudgeTests {
  private let now = Timestamp.start

  private func judge(
    _ gate: GateSpec, _ events: [(LedgerEvent, Timestamp)] = [], freezes: [Freeze] = [], hasBlue: Bool = true,
    windows: [String: Window] = [:], at time: Timestamp? = nil
  ) throws -> GateReport {
    var ledger = Sample.ledger(hasBlue: hasBlue)
    for (event, time) in events { ledger.apply(event, at: time) }
    var plan = try Sample.plan(hasBlue: hasBlue)
    plan.windows = windows
    return try #require(
      GateJudge(plan: plan, ledger: ledger, surroundings: Surroundings(freezes: freezes)).judge(gate, at: time ?? now))
  }

  private func served(_ release: Release, _ slot: Slot = .a, hoursAgo: Int64) -> (LedgerEvent, Timestamp) {
    let time = now - .hours(hoursAgo)
    return (
      .environmentServes("staging", Placement(slot: slot, release: release, run: RunID("s\(hoursAgo)"), since: time)),
      time
    )
  }

  @Test("E2: only this very artifact's verified stay passes")
  func verified() throws {
    let gate = GateSpec.verified(in: "staging")
    #expect(try judge(gate).verdict == .failed)
    let report = try judge(gate, [served(Sample.new, hoursAgo: 3)])
    #expect(report.verdict == .passed && report.proof.first?.digest == Sample.new.digest)
    var other = Sample.new
    other.digest = Digest(of: Data("rebuilt".utf8))
    #expect(try judge(gate, [served(other, hoursAgo: 3)]).verdict == .failed)
    let failed = Placement(slot: .a, release: Sample.new, run: "f", since: now)
    #expect(
      try judge(gate, [served(Sample.new, hoursAgo: 3), (.environmentRolledBack("staging", failed: failed), now)])
        .verdict
        == .failed)
  }

  @Test(
    "E3, D3: soak passes when long enough, waits and says until when, fails when replaced, begins anew after a break")
  func soak() throws {
    let gate = GateSpec.soak(in: "staging", atLeast: .hours(2))
    #expect(try judge(gate).verdict == .failed)
    #expect(try judge(gate, [served(Sample.new, hoursAgo: 2)]).verdict == .passed)
    #expect(try judge(gate, [served(Sample.new, hoursAgo: 1)]).verdict == .waiting(until: now + .hours(1)))
    let replaced = [served(Sample.new, hoursAgo: 2), served(Release.of("1.2"), .b, hoursAgo: 1)]
    #expect(try judge(gate, replaced).verdict == .failed)
    let again = [
      served(Sample.new, hoursAgo: 9), served(Release.of("1.2"), .b, hoursAgo: 8), served(Sample.new, hoursAgo: 1),
    ]
    let report = try judge(gate, again)
    #expect(
      report.verdict == .waiting(until: now + .hours(1)), "an earlier stay of the same length hides nothing: \(report)")
    let longer = [
      served(Sample.new, hoursAgo: 9), served(Release.of("1.2"), .b, hoursAgo: 1), served(Sample.new, .a, hoursAgo: 0),
    ]
    #expect(try judge(gate, longer).verdict == .passed)
    // The ledger is a fold: reading it again after a restart neither breaks nor lengthens a stay.
    #expect(try judge(gate, [served(Sample.new, hoursAgo: 1)], at: now + .hours(1)).verdict == .passed)
    #expect(
      try judge(gate, [served(Sample.new, hoursAgo: 1)], at: now - .hours(30)).verdict
        == .waiting(until: now + .hours(1)))
  }

  @Test("E11: the release to go back to must serve now, from its slot")
  func rollbackTarget() throws {
    #expect(try judge(.rollbackTarget).verdict == .passed)
    #expect(try judge(.rollbackTarget, hasBlue: false).verdict == .passed)
    #expect(try judge(.rollbackTarget, [(.slotEmptied("production", .a), now)]).verdict == .failed)
    let other = Placement(slot: .b, release: Release.of("1.2"), run: "r", since: now)
    #expect(try judge(.rollbackTarget, [(.environmentServes("production", other), now)]).verdict == .failed)
  }

  @Test("E6: a freeze that covers the environment waits until the last one ends; others do not matter")
  func freeze() throws {
    func freeze(_ name: String, _ from: Int64, _ until: Int64, _ environments: [EnvironmentName] = []) -> Freeze {
      Freeze(name: name, from: now + .hours(from), until: now + .hours(until), reason: "r", environments: environments)
    }
    #expect(try judge(.noFreeze).verdict == .passed)
    #expect(try judge(.noFreeze, freezes: [freeze("a", -1, 1)]).verdict == .waiting(until: now + .hours(1)))
    #expect(
      try judge(.noFreeze, [(.freezeAdded(freeze("b", -1, 5)), now)], freezes: [freeze("a", -1, 1)]).verdict
        == .waiting(until: now + .hours(5)))
    #expect(try judge(.noFreeze, freezes: [freeze("a", -1, 1, ["staging"])]).verdict == .passed)
    #expect(try judge(.noFreeze, freezes: [freeze("a", -1, 1, ["production"])]).verdict != .passed)
    #expect(try judge(.noFreeze, freezes: [freeze("a", -1, 0), freeze("b", 1, 2)]).verdict == .passed)
    #expect(try judge(.noFreeze, freezes: [freeze("a", 0, 1)]).verdict != .passed)
    let removed: [(LedgerEvent, Timestamp)] = [
      (.freezeAdded(freeze("b", -1, 5)), now), (.freezeRemoved(name: "b"), now),
    ]
    #expect(try judge(.noFreeze, removed).verdict == .passed)
  }

  @Test("E6: a closed window waits for its opening, an open one passes, one that never opens or is unknown fails")
  func window() throws {
    let office = Window(
      zone: "Europe/Berlin", ranges: [WeeklyRange(days: [.friday], fromMinute: 600, toMinute: 840)])
    let gate = GateSpec.window("office")
    // 08:00 UTC is 09:00 in Berlin in January.
    #expect(try judge(gate, windows: ["office": office]).verdict == .waiting(until: now + .hours(1)))
    let open = try judge(gate, windows: ["office": office], at: now + .hours(2))
    #expect(open.verdict == .passed && open.reason.contains("closes 2027-01-15T13:00:00.000Z"))
    #expect(try judge(gate, windows: ["office": Window(zone: "Europe/Berlin", ranges: [])]).verdict == .failed)
    #expect(try judge(gate, windows: ["office": Window(zone: "Mars/Base", ranges: office.ranges)]).verdict == .failed)
    #expect(try judge(gate).verdict == .failed)
  }

  @Test("a quarantined release fails every gate")
  func quarantine() throws {
    for gate in [GateSpec.noFreeze, .rollbackTarget, .tests(minimum: 1), .immutableReference()] {
      let report = try judge(gate, [(.releaseQuarantined("1.1", reason: "CVE-1"), now)])
      #expect(report.verdict == .failed && report.reason.contains("CVE-1"))
    }
  }

  @Test("gates that need the outside world are left to it")
  func outside() throws {
    let judge = GateJudge(plan: try Sample.plan(), ledger: Sample.ledger(), surroundings: Surroundings())
    #expect(judge.judge(.immutableReference(), at: now) == nil)
    #expect(judge.judge(Sample.gate("x"), at: now) == nil)
  }
}
