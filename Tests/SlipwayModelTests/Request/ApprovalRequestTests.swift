import Foundation
import SlipwayModel
import Testing

@Suite("Request for approval: what it says")
struct ApprovalRequestTests {
  /// A driver at the moment when people are asked.
  private static func asking(_ plan: Plan) throws -> Driver {
    let driver = try Driver(plan)
    try driver.drive()
    #expect(driver.promotion.status == "awaiting_approval")
    return driver
  }

  private static func request(
    _ driver: Driver, ledger: Ledger = Sample.ledger(), history: [Promotion] = [], findings: [RequestFinding] = []
  ) throws -> ApprovalRequest {
    try #require(
      ApprovalRequest(
        promotion: driver.promotion, ledger: ledger, history: history, findings: findings, now: driver.now, revision: 9)
    )
  }

  @Test("A4: title, summary, timeline, blocker and options have the words and the shape that are asked for")
  func shape() throws {
    let driver = try Self.asking(try Sample.plan())
    let request = try Self.request(driver)
    #expect(request.title == "Promote shop 1.1 to production")
    #expect(
      request.summary
        == "Carol asks to move 1.1 from staging to production. 1.0 has served production for 4 d 4 h. 2 of 2 gates passed with 0 warnings. "
        + "Traffic moves 10 %, 50 %, 100 % and is watched for 3 min. Data loss by going back: none: the plan touches no data."
    )
    #expect(request.blocker.description == "the run waits for people: 1 more approval by role manager")
    #expect(
      request.blocker.rootCause == "the pipeline file asks for 1 by role manager before anything touches production")
    let until = try #require(request.timing.expiresAt)
    #expect(
      request.blocker.impact
        == "nothing was touched yet; 1.0 goes on serving production; without enough approvals by \(until.spoken) the run is rejected"
    )
    #expect(request.blocker.severity == .low)
    #expect(request.options.map(\.label) == ["Approve", "Hold", "Reject"])
    #expect(request.options.map(\.slackReply) == ["approved promote shop", "hold shop", "rejected shop -- reason"])
    #expect(request.options[0].command == "slipway approve run-1 --plan \(driver.promotion.digest)")
    #expect(
      request.timeline.map { "\($0.agent): \($0.event)" } == [
        "slipway: 1.0 began to serve production (run earlier)", "carol: asked to promote 1.1 to production",
        "slipway: 2 gates passed", "slipway: people were asked to decide",
      ])
    #expect(request.timeline.map(\.date) == request.timeline.map(\.date).sorted())
  }

  @Test("A4: as JSON it has exactly the keys that other programs read")
  func json() throws {
    let request = try Self.request(try Self.asking(try Sample.plan()))
    let object = try #require(
      JSONSerialization.jsonObject(with: CanonicalJSON.encodeReadable(request)) as? [String: Any])
    for key in ["title", "summary"] { #expect(object[key] is String, "\(key)") }
    let moment = try #require((object["timeline"] as? [[String: Any]])?.first)
    #expect(Set(moment.keys) == ["date", "event", "agent"])
    let blocker = try #require(object["blocker"] as? [String: Any])
    #expect(Set(blocker.keys) == ["description", "rootCause", "impact", "severity"])
    #expect(blocker["severity"] as? String == "LOW")
    let option = try #require((object["options"] as? [[String: Any]])?.last)
    #expect(Set(option.keys).isSuperset(of: ["label", "description", "slackReply"]))
    #expect(option["slackReply"] as? String == "rejected shop -- reason")
  }

  @Test("F3: the request names the plan by its digest, and the same record gives the same bytes")
  func bound() throws {
    let driver = try Self.asking(try Sample.plan())
    let request = try Self.request(driver)
    #expect(request.planDigest == driver.promotion.digest)
    #expect(request.revision == 9)
    #expect(try CanonicalJSON.encode(request) == CanonicalJSON.encode(try Self.request(driver)))
    #expect(try CanonicalJSON.decode(ApprovalRequest.self, from: CanonicalJSON.encode(request)) == request)
  }

  @Test("A4, E10: what differs from the last successful run is named by path, old and new, and nothing else")
  func difference() throws {
    let old = try Driver(try Sample.plan(Sample.spec(weights: [50, 100])))
    old.approve()
    _ = try old.finish()
    #expect(old.promotion.outcome == .success)
    let spec = Sample.spec(
      gates: [Sample.gate("g1")], watch: WatchSpec(every: .seconds(10), minimumRequests: 99, patience: .minutes(2)))
    let request = try Self.request(try Self.asking(try Sample.plan(spec)), history: [old.promotion])
    #expect(request.change.comparedWith == "run-1")
    #expect(
      request.change.configuration.map { "\($0.path): \($0.old ?? "-") -> \($0.new ?? "-")" } == [
        "gates.g2.command.name: g2 -> -", "gates.g2.command.run: true -> -", "gates.g2.command.timeout: 30 -> -",
        "rollout: 50, 100 -> 10, 50, 100", "watch.minimumRequests: 50 -> 99", "watchedFor: 60, 60 -> 60, 60, 60",
      ])
    #expect(
      request.change.artifact.map(\.path) == ["artifact", "digest", "id"], "commit and CI run are stated by neither")
    #expect(request.change.now?.release == "1.0")
    #expect(request.change.next.slot == .b)
  }

  @Test("a reference to a secret stands as a reference")
  func secrets() throws {
    var plan = try Sample.plan()
    let old = try Self.asking(plan)
    plan.environment.deploy = .commands(
      CommandsSpec(
        run: "deploy", addressA: "127.0.0.1:1", addressB: "127.0.0.1:2",
        environment: ["TOKEN": SecretText("${env:DEPLOY_TOKEN}")]))
    old.approve()
    _ = try old.finish()
    let request = try Self.request(try Self.asking(plan), history: [old.promotion])
    #expect(
      request.change.configuration.contains {
        $0.path == "environment.deploy.commands.environment.TOKEN" && $0.new == "${env:DEPLOY_TOKEN}"
      }, "\(request.change.configuration)")
  }

  @Test(
    "C7: the loss of data is stated for each kind of migration before anybody agrees",
    arguments: [
      (MigrationSpec?.none, false, "none: the plan touches no data"),
      (.compatible, false, "none: the earlier release works with the migrated data, which stay as they are"),
      (
        .restorable, true,
        "everything written between the snapshot and going back is lost: the data are restored from the snapshot"
      ),
      (
        .irreversible, true,
        "the migration cannot be taken back: once it has begun, nothing leads back by itself; the run stops where it is and a person decides"
      ),
    ])
  func dataLoss(migration: MigrationSpec?, loses: Bool, words: String) throws {
    let request = try Self.request(try Self.asking(try Sample.plan(Sample.spec(migration: migration))))
    #expect(request.rollback.dataLoss == words)
    #expect(request.rollback.losesData == loses)
    #expect(request.blocker.severity == (loses ? .medium : .low))
    #expect(request.summary.contains(words))
    let back = request.rollback.afterTraffic.map(\.text)
    #expect(back.first == "all traffic back to 1.0")
    #expect(
      back.contains("restore the data from the backup taken before the migration") == (migration == .restorable))
    #expect(!request.rollback.beforeTraffic.contains { $0.text.contains("all traffic") })
  }

  @Test("A3: open findings are listed, the worst first, accepted ones with who, why and until when")
  func findings() throws {
    let accepted = RequestFinding(
      id: "CVE-1", severity: .critical, source: "trivy",
      acceptance: .init(by: "dan", reason: "not reachable", until: .start + .hours(1)))
    let open = [
      RequestFinding(id: "CVE-3", severity: .low, source: "trivy"),
      RequestFinding(id: "CVE-2", severity: .high, source: "trivy"),
    ]
    let request = try Self.request(try Self.asking(try Sample.plan()), findings: [accepted] + open)
    #expect(request.findings.map(\.id) == ["CVE-2", "CVE-3", "CVE-1"])
    #expect(request.blocker.severity == .high)
    #expect(request.summary.contains("2 findings open, 1 risk accepted"))
    #expect(request.concerns == ["2 findings open, the worst HIGH", "1 risk accepted"])
    let calm = try Self.request(try Self.asking(try Sample.plan()), findings: [accepted])
    #expect(calm.blocker.severity == .medium, "an accepted risk is still something to look at")
  }

  @Test("A3: the CVEs that the newest reports of this very artifact name are known; those of another artifact are not")
  func reports() throws {
    var ledger = Sample.ledger()
    func report(_ kind: String, _ digest: Digest?, _ figures: FindingFigures) -> LedgerEvent {
      .reportAdded(
        Report(
          release: "1.1", releaseDigest: digest, kind: kind, file: "\(kind).json", digest: Digest(of: Data()), size: 1,
          at: .start, content: .findings(figures)))
    }
    let own = Sample.new.digest
    ledger.apply(
      report("trivy", own, FindingFigures(examined: 9, bySeverity: [.low: 1], unknownSeverity: 0, ids: ["CVE-OLD"])),
      at: .start)
    ledger.apply(
      report(
        "trivy", own, FindingFigures(examined: 9, bySeverity: [.high: 2], unknownSeverity: 0, ids: ["CVE-1", "CVE-2"])),
      at: .start)
    ledger.apply(
      report(
        "sarif", own,
        FindingFigures(examined: 9, bySeverity: [.medium: 3, .low: 0], unknownSeverity: 1, ids: ["rule-7"])), at: .start
    )
    ledger.apply(
      report(
        "cyclonedx", Digest(of: Data("x".utf8)),
        FindingFigures(examined: 1, bySeverity: [.critical: 1], unknownSeverity: 0, ids: ["CVE-ELSE"])),
      at: .start)
    let driver = try Driver(try Sample.plan())
    let found = RequestFinding.known(of: driver.promotion, in: ledger, at: .start)
    #expect(
      found.map { "\($0.id) \($0.severity?.rawValue ?? "-") \($0.text)" } == [
        "sarif in all CRITICAL 3 MEDIUM and 1 of unstated severity", "trivy in all HIGH 2 HIGH",
      ])
  }

  @Test("A3: findings are told one by one, with the acceptances that the gates relied on")
  func accepted() throws {
    var ledger = Sample.ledger()
    let findings = [
      Finding(id: "CVE-1", severity: .high, places: ["openssl"]),
      Finding(id: "CVE-2", severity: .low, places: ["zlib"]),
    ]
    ledger.apply(
      .reportAdded(
        Report(
          release: "1.1", releaseDigest: Sample.new.digest, kind: "trivy", file: "t.json", digest: Digest(of: Data()),
          size: 1, at: .start,
          content: .findings(
            FindingFigures(
              examined: 9, bySeverity: [.high: 1, .low: 1], unknownSeverity: 0, ids: ["CVE-1", "CVE-2"],
              findings: findings)))), at: .start)
    let driver = try Driver(try Sample.plan(Sample.spec(gates: [Sample.gate("scan")])))
    let entry = RiskAcceptance(id: "CVE-1", reason: "not reachable", by: "vera", until: .start + .hours(48))
    while driver.promotion.records[0].status != .intended(deadline: .start + .seconds(30)) {
      guard case .perform(let run) = driver.promotion.next(at: driver.now) else { break }
      driver.apply(.stepIntended(step: run.index, attempt: run.attempt, deadline: run.deadline))
    }
    driver.apply(
      .gatesReported(
        step: 0, attempt: 1,
        reports: [GateReport(gate: "scan", verdict: .passed, reason: "r", acceptances: [entry])]))
    let found = RequestFinding.known(of: driver.promotion, in: ledger, at: .start)
    #expect(found.map(\.id) == ["CVE-2", "CVE-1"], "what is open comes first")
    #expect(found.map { $0.acceptance?.by } == [nil, "vera"])
  }

  @Test("E10: earlier runs, what went back since, and how long the present release has served are told")
  func stability() throws {
    let bad = try Driver(try Sample.plan())
    bad.approve()
    bad.looks = [.breach]
    _ = try bad.finish()
    #expect(bad.promotion.outcome == .rolledBack)
    let no = try Self.asking(try Sample.plan())
    no.apply(.rejected(by: "ann", reason: "no release notes"))
    _ = try no.finish()
    let request = try Self.request(
      try Self.asking(try Sample.plan()), history: [no.promotion, bad.promotion])
    #expect(request.stability.runs.map(\.status) == ["rejected", "rolled_back"])
    #expect(request.stability.rolledBack == 1 && request.stability.succeeded == 0)
    #expect(request.stability.openIncidents.map(\.run) == ["run-1"])
    #expect(request.stability.serving == "1.0")
    #expect(request.concerns == ["1.1 was rolled back since 1.0 began to serve"])
    #expect(request.blocker.severity == .medium)
    #expect(request.rejections.map(\.reason) == ["no release notes"])
    #expect(request.rejections.map(\.by) == ["ann"])
    #expect(request.change.comparedWith == nil, "none of them succeeded")
  }

  @Test("who has agreed, who is missing and who may still be asked are told; the requester is not asked")
  func agreement() throws {
    let spec = Sample.spec(
      approval: ApprovalSpec(rules: [ApprovalRule(role: "manager", count: 2), ApprovalRule(role: "lead")]))
    let driver = try Self.asking(try Sample.plan(spec))
    driver.approve("ann")
    let request = try Self.request(driver)
    #expect(request.agreement.given.map(\.person) == ["ann"])
    #expect(request.agreement.missing == ["1 more approval by role lead", "1 more approval by role manager"])
    #expect(request.agreement.rules.map(\.people) == [["bob"], ["bob", "dan"]])
    #expect(request.timeline.last?.event == "approved")
    var own = try Sample.plan()
    own.roles["manager"] = ["ann", "carol"]
    #expect(try Self.request(try Self.asking(own)).agreement.rules.map(\.people) == [["ann"]])
  }

  @Test("E10: time to decide, windows and freezes before it is over are told")
  func timing() throws {
    var plan = try Sample.plan()
    plan.windows = [
      "office": Window(zone: "Europe/Berlin", ranges: [WeeklyRange(days: [.friday], fromMinute: 480, toMinute: 840)]),
      "night": Window(zone: "UTC", ranges: [WeeklyRange(days: [.saturday], fromMinute: 0, toMinute: 60)]),
    ]
    var ledger = Sample.ledger()
    for (name, hours) in [("soon", 5), ("later", 50)] as [(String, Int64)] {
      ledger.apply(
        .freezeAdded(Freeze(name: name, from: .start + .hours(hours), until: .start + .hours(hours + 1), reason: "r")),
        at: .start)
    }
    let driver = try Self.asking(plan)
    let request = try Self.request(driver, ledger: ledger)
    #expect(request.timing.expires == .hours(24))
    #expect(request.timing.expiresAt == request.timing.askedAt.map { $0 + .hours(24) })
    #expect(request.timing.takes == .minutes(3))
    #expect(request.timing.freezes.map(\.name) == ["soon"])
    #expect(
      request.timing.windows.map(\.sentence) == [
        "window 'night' (UTC) is closed; it opens Sat 16 Jan 2027, 00:00 UTC",
        "window 'office' (Europe/Berlin) is open until Fri 15 Jan 2027, 13:00 UTC",
      ])
  }

  @Test("a first deployment, and a plan that asks nobody")
  func edges() throws {
    let first = try Self.request(
      try Self.asking(try Sample.plan(hasBlue: false)), ledger: Sample.ledger(hasBlue: false))
    #expect(first.change.now == nil && first.change.artifact.isEmpty)
    #expect(first.summary.contains("It is the first deployment to production."))
    #expect(first.blocker.impact.contains("nothing serves production"))
    let driver = try Driver(try Sample.plan(Sample.spec(approval: nil)))
    #expect(
      ApprovalRequest(promotion: driver.promotion, ledger: Ledger(), history: [], findings: [], now: .start) == nil)
  }

  @Test("a run that is over or held says so instead of asking")
  func over() throws {
    let driver = try Self.asking(try Sample.plan())
    driver.apply(.held(by: "bob", reason: "lunch"))
    #expect(try Self.request(driver).blocker.description == "the run is held by bob: lunch")
    driver.apply(.rejected(by: "bob", reason: "no"))
    #expect(try Self.request(driver).blocker.description.hasPrefix("nobody is asked any more: the run is "))
  }

  @Test(
    "times and lengths as people read them",
    arguments: [
      (Span.zero, "no time"), (.milliseconds(250), "250 ms"), (.seconds(45), "45 s"), (.seconds(90), "1 min 30 s"),
      (.hours(24), "1 d"), (.hours(26) + .minutes(5), "1 d 2 h"), (.hours(24) + .seconds(1), "1 d"),
      (.zero - .minutes(2), "minus 2 min"),
    ])
  func spoken(span: Span, words: String) {
    #expect(span.spoken == words)
    #expect(Timestamp.start.spoken == "Fri 15 Jan 2027, 08:00 UTC")
    #expect(Timestamp(milliseconds: -1).spoken == "Wed 31 Dec 1969, 23:59 UTC")
    #expect(Timestamp(milliseconds: .max).spoken == "Fri 31 Dec 9999, 23:59 UTC")
  }
}
