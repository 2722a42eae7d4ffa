import Foundation
import SlipwayModel

/// Requests as they come: a small first one, and one with everything in it.
enum Samples {
  static let start = Timestamp(milliseconds: 1_800_000_000_000)

  static func release(_ id: ReleaseID) -> Release {
    Release(
      id: id, artifact: "registry.example.com/shop/web@\(Digest(of: Data(id.text.utf8)))",
      digest: Digest(of: Data(id.text.utf8)), commit: "c0ffee1234567890abcdef1234567890abcdef12", ciRun: "4711")
  }

  static func environment(_ name: EnvironmentName, every: Span = .seconds(10)) -> EnvironmentSpec {
    EnvironmentSpec(
      name: name, protected: name == "production",
      deploy: .commands(
        CommandsSpec(
          run: "./deploy.sh --wait", addressA: "127.0.0.1:1", addressB: "127.0.0.1:2",
          environment: ["DB": SecretText("${env:DB_URL}")])),
      traffic: .router(RouterSpec(listen: "127.0.0.1:3")), health: HealthSpec(every: every),
      data: .commands(DataCommandsSpec(snapshot: "copy", migrate: "migrate", restore: "restore", readBack: "ask")))
  }

  static func pipeline(_ environment: EnvironmentSpec, weights: [Int], full: Bool) -> Pipeline {
    let spec = PromotionSpec(
      from: full ? "staging" : nil, to: "production",
      gates: full
        ? [
          .verified(in: "staging"), .soak(in: "staging", atLeast: .hours(2)), .tests(minimum: 1),
          .vulnerabilities(limits: [.high: 0]), .window("office-hours"), .noFreeze, .rollbackTarget,
        ] : [],
      approval: ApprovalSpec(
        rules: full
          ? [ApprovalRule(role: "release-manager", count: 2), ApprovalRule(role: "on-call-sre")]
          : [ApprovalRule(role: "release-manager")], expires: .hours(24)),
      confirms: full ? [ConfirmSpec(id: "call", instructions: "tell the support desk", place: .beforeTraffic)] : [],
      rollout: RolloutSpec(steps: weights, watch: .minutes(5)),
      watch: WatchSpec(
        every: .seconds(2), minimumRequests: 50,
        rules: [
          WatchRule(.errorRate, [WatchLimit(.alert, .above, 0.005), WatchLimit(.rollBack, .above, 0.05)]),
          WatchRule(.p95, [WatchLimit(.pause, .above, 0.5)]), WatchRule(.crashes, [WatchLimit(.rollBack, .above, 0)]),
        ]),
      verify: VerifySpec(
        beforeTraffic: [.http(name: "order", path: "/order", status: 200, contains: nil, timeout: .seconds(5))],
        afterRollout: [.http(name: "order", path: "/order", status: 200, contains: nil, timeout: .seconds(5))]),
      migration: full ? .restorable : nil)
    return Pipeline(
      project: "shop", roles: ["release-manager": ["ann", "bob", "carol"], "on-call-sre": ["dan"]],
      windows: [
        "office-hours": Window(
          zone: "Europe/Berlin", ranges: [WeeklyRange(days: [.friday], fromMinute: 480, toMinute: 840)])
      ],
      environments: full ? [Self.environment("staging"), environment] : [environment],
      promotions: full ? [PromotionSpec(from: nil, to: "staging"), spec] : [spec])
  }

  private static func ledger(_ id: ReleaseID, at now: Timestamp) -> Ledger {
    var ledger = Ledger()
    for id in ["1.0", "1.1", id] as [ReleaseID] { ledger.apply(.releaseAdded(release(id)), at: now - .hours(300)) }
    ledger.apply(
      .environmentServes(
        "production",
        Placement(slot: .a, release: release("1.0"), run: "20270110-080000000-aaaa", since: now - .hours(120))),
      at: now - .hours(120))
    ledger.apply(
      .environmentServes(
        "staging", Placement(slot: .b, release: release(id), run: "20270114-080000000-bbbb", since: now - .hours(26))),
      at: now - .hours(26))
    ledger.apply(
      .freezeAdded(
        Freeze(
          name: "audit", from: now + .hours(10), until: now + .hours(60), reason: "auditors are in the house",
          environments: ["production"])),
      at: now - .hours(50))
    return ledger
  }

  /// A run that waits for people, its gates passed.
  static func waiting(_ plan: Plan, run: RunID, at time: Timestamp) throws -> Promotion {
    var promotion = Promotion(Request(run: run, plan: plan, digest: try plan.digest, by: "carol"), at: time)
    for _ in 0..<100 {
      switch promotion.next(at: time) {
      case .perform(let step):
        guard case .gate(let gate) = step.step.action else { return promotion }
        promotion.apply(.stepIntended(step: step.index, attempt: step.attempt, deadline: step.deadline), at: time)
        promotion.apply(
          .gatesReported(step: step.index, attempt: step.attempt, reports: [report(gate, time)]), at: time)
      case .record(let event): promotion.apply(event, at: time)
      default: return promotion
      }
    }
    return promotion
  }

  private static func report(_ gate: GateSpec, _ time: Timestamp) -> GateReport {
    let warnings: [String] =
      switch gate {
      case .window: ["Friday after 14:00 is discouraged: nobody is there on Saturday"]
      case .vulnerabilities: ["CVE-2026-1234 is accepted by dan until 2027-02-01"]
      default: []
      }
    return GateReport(
      gate: gate.name, verdict: .passed, reason: "what \(gate.name) asks for was found", warnings: warnings,
      proof: [
        Proof(
          what: "report of \(gate.name)", from: "reports/\(gate.name).xml", at: time - .hours(1),
          digest: Digest(of: Data(gate.name.utf8)))
      ])
  }

  /// The first deployment, in its smallest form.
  static func small() throws -> ApprovalRequest {
    let pipeline = pipeline(environment("production"), weights: [100], full: false)
    var ledger = Ledger()
    ledger.apply(.releaseAdded(release("1.0")), at: start)
    let plan = try Planner(pipeline: pipeline, ledger: ledger).promotion(of: "1.0", to: "production")
    let promotion = try waiting(plan, run: "20270115-080000000-small", at: start)
    guard
      let request = ApprovalRequest(
        promotion: promotion, ledger: ledger, history: [], findings: [], now: start, revision: 2)
    else { throw Missing() }
    return request
  }

  /// Everything that a request can hold.
  static func full() throws -> ApprovalRequest {
    let ledger = ledger("1.1", at: start)
    let before = pipeline(environment("production"), weights: [50, 100], full: true)
    var empty = Ledger()
    empty.apply(.releaseAdded(release("1.0")), at: start)
    let oldPlan = try Planner(pipeline: before, ledger: empty).promotion(of: "1.0", to: "production")
    var old = try waiting(oldPlan, run: "20270110-080000000-aaaa", at: start - .hours(121))
    old = try finished(old, .success, at: start - .hours(120))
    let now = pipeline(environment("production", every: .seconds(5)), weights: [10, 50, 100], full: true)
    let plan = try Planner(pipeline: now, ledger: ledger).promotion(of: "1.1", to: "production")
    var failed = try waiting(plan, run: "20270113-080000000-cccc", at: start - .hours(48))
    failed = try finished(failed, .rolledBack, at: start - .hours(47))
    var rejected = try waiting(plan, run: "20270114-080000000-dddd", at: start - .hours(24))
    rejected.apply(.rejected(by: "ann", reason: "the release notes are missing"), at: start - .hours(23))
    rejected.apply(.evidenceWritten(folder: "e", manifest: Digest(of: Data())), at: start - .hours(23))
    var promotion = try waiting(plan, run: "20270115-080000000-full", at: start)
    promotion.apply(
      .approved(
        Approval(
          person: "bob", roles: ["release-manager"], plan: promotion.digest, at: start, comment: "looks good on staging"
        )), at: start)
    let findings = [
      RequestFinding(
        id: "CVE-2026-1234", severity: .high, source: "trivy report scan.json", text: "openssl 3.0.2: buffer overflow",
        acceptance: .init(by: "dan", reason: "not reachable from outside", until: start + .hours(400))),
      RequestFinding(
        id: "CVE-2026-7777", severity: .medium, source: "trivy report scan.json", text: "zlib 1.2: slow input"),
    ]
    guard
      let request = ApprovalRequest(
        promotion: promotion, ledger: ledger, history: [rejected, failed, old], findings: findings, now: start,
        revision: 17)
    else { throw Missing() }
    return request
  }

  /// The same run as it would be read back from a record with another end.
  private static func finished(_ promotion: Promotion, _ outcome: Outcome, at time: Timestamp) throws -> Promotion {
    var copy = promotion
    copy.apply(.aborted(by: "dan", reason: "errors rose to 7 %"), at: time)
    copy.apply(.evidenceWritten(folder: "e", manifest: Digest(of: Data())), at: time)
    let json = try require_(String(data: CanonicalJSON.encode(copy), encoding: .utf8))
    let changed = json.replacingOccurrences(
      of: "{\"finished\":{\"_0\":\"aborted\"}}", with: "{\"finished\":{\"_0\":\"\(outcome.rawValue)\"}}")
    return try CanonicalJSON.decode(Promotion.self, from: Data(changed.utf8))
  }

  private static func require_(_ text: String?) throws -> String {
    guard let text else { throw Missing() }
    return text
  }

  struct Missing: Error {}
}
