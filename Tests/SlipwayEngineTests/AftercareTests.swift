import Foundation
import SlipwayConnectors
import SlipwayEngine
import SlipwayEvidence
import SlipwayJournal
import SlipwayModel
import Synchronization
import Testing

@Suite("Engine: looking after a release that serves")
struct AftercareTests {
  @Test("E14: a good release goes through the three phases, and a signed folder of its own says so")
  func goodRelease() async throws {
    var spec = AftercareSpec.standard
    spec.lasting.every = .hours(1)
    try await EngineFixture.with(.caring(spec)) { fixture in
      fixture.world.set { $0.requestsPerSecond = 20 }
      fixture.world.set { $0.gauges = ["memory": 200, "disk": 40] }
      try await fixture.engine { engine in
        try await fixture.promote("1.0", engine)
        let promotion = try await fixture.promote("1.1", engine)
        try await fixture.goOn(promotion.run, engine)
        let state = try #require(try await fixture.aftercare(promotion.run))
        #expect(state.isClosed)
        #expect(state.sentence == "alive passed, healthy passed, lasting passed", "\(AftercareStatus(state).lines)")
        #expect(state.findings.isEmpty)
        // 0 to 5 minutes every 30 seconds, 25 minutes every one, 23.5 hours every hour.
        #expect((8...11).contains(state.phases[.alive]?.looks ?? 0))
        #expect((23...25).contains(state.phases[.healthy]?.looks ?? 0))
        #expect((22...24).contains(state.phases[.lasting]?.looks ?? 0))
        #expect(state.order.baseline?.figures.p99 != nil)
        #expect(fixture.afterMessages.map(\.event).filter { $0 != "after_over" } == [])

        let folder = try #require(state.evidence?.folder)
        #expect(folder.hasSuffix("/after/\(promotion.run)"))
        let report = EvidenceVerifier.verify(folder, trustedKey: fixture.key.publicKey)
        #expect(report.passed, "\(report.lines)")
        let own = EvidenceVerifier.verify(
          try #require(promotion.evidenceFolder), trustedKey: fixture.key.publicKey)
        #expect(own.passed, "the run's own folder stays as it was sealed: \(own.lines)")
      }
    }
  }

  @Test("E14: a breach is told once with the way back, once more when it ends, and nothing is done by itself")
  func breach() async throws {
    let check = AftercareCheck(.errorRate(above: 0.01), then: .askRollback)
    try await EngineFixture.with(.caring(.only(check))) { fixture in
      fixture.world.set { $0.requestsPerSecond = 20 }
      try await fixture.engine { engine in
        try await fixture.promote("1.0", engine)
        let run = try await fixture.promote("1.1", engine).run
        let deeds = fixture.world.deeds
        fixture.world.set { $0.errorPercent["1.1"] = 20 }
        try await fixture.goOn(run, engine) { $0.looks >= 6 }
        let told = fixture.afterMessages.filter { $0.release == "1.1" }
        #expect(told.map(\.event) == ["after_finding"])
        #expect(told.first?.text.contains("slipway rollback production --incident") == true)
        fixture.world.set { $0.errorPercent["1.1"] = 0 }
        try await fixture.goOn(run, engine) { $0.looks >= 20 }
        #expect(
          fixture.afterMessages.filter { $0.release == "1.1" }.map(\.event) == ["after_finding", "after_recovered"])
        #expect(fixture.world.deeds == deeds)
        try await fixture.goOn(run, engine)
        #expect(try await fixture.aftercare(run)?.result(of: .healthy) == .recovered)
      }
    }
  }

  @Test("F1, E14: a driver that was away for hours looks once at each phase, says how late, and goes on")
  func away() async throws {
    try await EngineFixture.with(.caring()) { fixture in
      fixture.world.set { $0.requestsPerSecond = 20 }
      let run = try await fixture.engine { engine in try await fixture.promote("1.0", engine).run }
      fixture.time.jump(.hours(3))
      try await fixture.engine { engine in
        try await engine.drive(following: [], forever: false, until: nil)
        let state = try #require(try await fixture.aftercare(run))
        #expect(AftercarePhase.allCases.map { state.phases[$0]?.looks ?? 0 }.allSatisfy { (1...2).contains($0) })
        #expect(state.phases[.alive]?.next == nil)
        #expect(state.phases[.healthy]?.next == nil)
        #expect(state.phases[.healthy]?.late == 1)
        let next = try #require(state.next)
        #expect(next > fixture.time.now() && next <= fixture.time.now() + .minutes(11))
      }
    }
  }

  @Test("E14: a clock that jumps ahead or back leads to single looks, never to a thousand")
  func clock() async throws {
    let check = AftercareCheck(.readiness)
    try await EngineFixture.with(.caring(.only(check, in: .lasting, every: .minutes(1)))) { fixture in
      try await fixture.engine { engine in
        let run = try await fixture.promote("1.0", engine).run
        try await fixture.goOn(run, engine) { $0.looks >= 1 }
        fixture.time.jump(.hours(20))
        try await engine.drive(following: [], forever: false, until: nil)
        let ahead = try #require(try await fixture.aftercare(run))
        #expect((2...4).contains(ahead.looks))
        fixture.time.jump(.zero - .hours(10))
        try await engine.drive(following: [], forever: false, until: nil)
        let back = try #require(try await fixture.aftercare(run))
        #expect((1...2).contains(back.looks - ahead.looks))
        #expect(try #require(back.next) <= fixture.time.now() + .minutes(2))
        fixture.time.jump(.hours(24 * 30))
        try await engine.drive(following: [], forever: false, until: nil)
        let over = try #require(try await fixture.aftercare(run))
        #expect(over.isClosed && over.looks <= back.looks + 3)
        #expect(over.ending == .completed)
      }
    }
  }

  @Test("E14: a release that is replaced is looked after no more, at once and with evidence", arguments: [false, true])
  func superseded(byRollback: Bool) async throws {
    try await EngineFixture.with(.caring(.only(AftercareCheck(.readiness), in: .lasting, every: .hours(2)))) {
      fixture in
      try await fixture.engine { engine in
        try await fixture.promote("1.0", engine)
        let second = try await fixture.promote("1.1", engine).run
        #expect(try await fixture.aftercare(second)?.ending == nil)
        if byRollback {
          let reply = await engine.submit(
            fixture.submission(.rollback("production", to: nil, incident: "INC-1"), by: "ann"))
          let run = try #require(reply.run, "\(reply.message)")
          try await engine.drive(following: [run], forever: false, until: nil)
        } else {
          try await fixture.promote("1.2", engine)
        }
        try await engine.drive(following: [], forever: false, until: nil)
        let state = try #require(try await fixture.aftercare(second))
        guard case .superseded(let other)? = state.ending else {
          Issue.record("still \(AftercareStatus(state).lines)")
          return
        }
        #expect(other.contains(byRollback ? "1.0" : "1.2"))
        #expect(state.result(of: .lasting) == .superseded)
        #expect(EvidenceVerifier.verify(try #require(state.evidence?.folder)).passed)
      }
    }
  }

  @Test("E14: who cannot be told is told at the next look, and not twice")
  func messenger() async throws {
    try await EngineFixture.with(.caring(.only(AftercareCheck(.readiness)))) { fixture in
      try await fixture.engine { engine in
        let run = try await fixture.promote("1.0", engine).run
        fixture.world.set {
          $0.illness["1.0"] = "answers 503"
          $0.messengerRefusal = "no network"
        }
        try await fixture.goOn(run, engine) { $0.looks >= 4 }
        #expect(fixture.afterMessages.isEmpty)
        #expect(try await fixture.aftercare(run)?.untold.began == [0])
        fixture.world.set { $0.messengerRefusal = nil }
        try await fixture.goOn(run, engine) { $0.looks >= 8 }
        #expect(fixture.afterMessages.map(\.event) == ["after_finding"])
      }
    }
  }

  @Test("E14: memory that grows steadily is found by its trend, and noise is not")
  func trend() async throws {
    let limit = TrendSpec.Limit.reaches(.above, 1_000, within: .hours(48))
    let check = AftercareCheck(.trend(TrendSpec(gauge: "memory", limit: limit)))
    try await EngineFixture.with(.caring(.only(check, in: .lasting, every: .minutes(20)))) { fixture in
      try await fixture.engine { engine in
        let run = try await fixture.promote("1.0", engine).run
        for hour in 0..<30 {
          // 20 MB each look.
          fixture.world.set { $0.gauges = ["memory": 200 + Double(hour) * 20 + Double(hour % 3) * 9] }
          try await fixture.goOn(run, engine, atMost: 1)
        }
        let state = try #require(try await fixture.aftercare(run))
        let finding = try #require(state.findings.first, "\(AftercareStatus(state).lines)")
        #expect(finding.check == "trend-memory")
        #expect(finding.text.contains("above 1000 within 2d"))
        #expect(fixture.afterMessages.map(\.event) == ["after_finding"])
      }
    }
  }

  @Test("E14: alerts count when they began after the release, and a business figure when it left its band")
  func alertsAndFigures() async throws {
    var spec = AftercareSpec.only(AftercareCheck(.alerts(AlertsSpec(url: SecretText("http://am"))), patience: 1))
    let figure = FigureSpec(source: .command(run: "orders", environment: [:]), drop: 0.2)
    spec.healthy.checks.append(AftercareCheck(.figure(figure), name: "orders", patience: 1))
    try await EngineFixture.with(.caring(spec)) { fixture in
      try await fixture.engine { engine in
        fixture.world.set { $0.figure = 100 }
        let run = try await fixture.promote("1.0", engine).run
        let since = try #require(try await fixture.aftercare(run)).order.since
        fixture.world.set {
          $0.alerts = [ActiveAlert(name: "OldTrouble", labels: [:], startsAt: since - .minutes(1))]
        }
        try await fixture.goOn(run, engine) { $0.looks >= 2 }
        #expect(fixture.afterMessages.isEmpty)
        fixture.world.set {
          $0.alerts.append(ActiveAlert(name: "HighErrorRate", labels: [:], startsAt: since + .minutes(7)))
          $0.figure = 79
        }
        try await fixture.goOn(run, engine) { $0.looks >= 3 }
        #expect(fixture.afterMessages.count == 2)
        #expect(
          fixture.afterMessages.contains { $0.text.contains("HighErrorRate") && $0.text.contains("1 from before") })
        #expect(fixture.afterMessages.contains { $0.text.contains("79") && $0.text.contains("20 % below") })
      }
    }
  }

  @Test("C8: monitoring is confirmed until it passes, a failing one warns and stops nothing, and no test alert follows")
  func monitoring() async throws {
    let check = AftercareCheck(
      .monitoring(MonitoringSpec(prometheus: SecretText("http://p"), alertmanager: SecretText("http://am"))),
      patience: 1)
    try await EngineFixture.with(.caring(.only(check))) { fixture in
      fixture.world.set {
        $0.monitoring = [CheckOutcome(name: "rule cpu", passed: false, detail: "there is none", seconds: 0)]
      }
      try await fixture.engine { engine in
        let promotion = try await fixture.promote("1.0", engine)
        #expect(promotion.outcome == .success)
        try await fixture.goOn(promotion.run, engine) { $0.looks >= 2 }
        #expect(fixture.afterMessages.map(\.event) == ["after_finding"])
        fixture.world.set {
          $0.monitoring = [CheckOutcome(name: "rule cpu", passed: true, detail: "CPUHigh", seconds: 0)]
        }
        try await fixture.goOn(promotion.run, engine) { $0.looks >= 6 }
        #expect(fixture.world.state.withLock { $0.asked.count } == 3)
        #expect(fixture.afterMessages.map(\.event) == ["after_finding", "after_recovered"])
      }
    }
  }

  @Test("B13: the timers come out of the journal again as they were")
  func rebuild() async throws {
    try await EngineFixture.with(.caring(.only(AftercareCheck(.readiness)))) { fixture in
      let run = try await fixture.engine { engine in
        let run = try await fixture.promote("1.0", engine).run
        try await fixture.goOn(run, engine) { $0.looks >= 3 }
        return run
      }
      let reader = try JournalReader.open(folder: fixture.folder.url)
      let before = try await reader.openTasks()
      #expect(before.map(\.id).contains("aftercare-\(run)"))
      let journal = try Journal.open(folder: fixture.folder.url, as: .thisProcess(at: fixture.time.now()))
      try await ProjectionRebuild.run(journal, project: "shop")
      await journal.close()
      #expect(try await JournalReader.open(folder: fixture.folder.url).openTasks() == before)
    }
  }
}
