import Foundation
import SlipwayModel

/// Facts at random, of every kind that there is, with texts and numbers that hurt.
struct Arbitrary {
  var random: SplitMix64
  private let plans: [Plan]

  init(seed: UInt64) throws {
    random = SplitMix64(seed: seed)
    plans = [try Sample.fullPlan(), try Sample.rollbackPlan(), try Sample.plan(hasBlue: false)]
  }

  private static let texts = [
    "", " ", "a", "e\u{301}", "\u{1F468}\u{200D}\u{1F469}", "\u{0}", "\u{1B}[2J", "\"\\/", "\u{2028}\u{2029}",
    "\u{FEFF}",
    "\u{FFFD}", "\u{10FFFF}", "line\r\nline", "https://a/b", "\u{202E}", "nan", "null", "{}", "\u{7F}\u{80}",
    String(repeating: "x", count: 300),
  ]

  mutating func text() -> String {
    (0..<Int.random(in: 1...2, using: &random)).map { _ in Self.texts.randomElement(using: &random) ?? "" }.joined()
  }

  mutating func number() -> Int {
    let edges = [0, 1, -1, 3, 17, 1 << 53, 1 << 53 + 1, Int.max, Int.min]
    return edges.randomElement(using: &random) ?? 0
  }

  mutating func real() -> Double {
    let edges = [0, 1, -1, 0.1, 1e-300, -0.0, 1e300, .infinity, -.infinity, .greatestFiniteMagnitude, 1.0 / 3.0]
    return random.chance(30) ? Double.random(in: -1e6...1e6, using: &random) : edges.randomElement(using: &random) ?? 0
  }

  /// Within the years that RFC 3339 can write.
  mutating func time() -> Timestamp {
    Timestamp(milliseconds: Int64.random(in: -62_167_219_200_000...253_402_300_799_999, using: &random))
  }

  mutating func person() -> Person { Person(text()) }
  mutating func digest() -> Digest { Digest(of: Data(text().utf8)) }
  mutating func maybe<Value>(_ make: (inout Arbitrary) -> Value) -> Value? { random.chance(50) ? make(&self) : nil }

  mutating func list<Value>(_ make: (inout Arbitrary) -> Value) -> [Value] {
    (0..<Int.random(in: 0...3, using: &random)).map { _ in make(&self) }
  }

  mutating func event() -> Event {
    let (step, attempt) = (number(), number())
    switch Int.random(in: 0..<29, using: &random) {
    case 0: return .requested(request())
    case 1: return .resumed
    case 2: return .stepIntended(step: step, attempt: attempt, deadline: time())
    case 3: return .stepReported(step: step, attempt: attempt, result: result())
    case 4: return .gatesReported(step: step, attempt: attempt, reports: list { $0.report() })
    case 5: return .readBack(step: step, attempt: attempt, observation: observation())
    case 6: return .measured(step: step, sample: maybe { $0.sample() }, judgement: judgement())
    case 7: return .referenced(before: sample(), after: sample())
    case 8:
      return .approved(
        Approval(
          person: person(), roles: list { RoleName($0.text()) }, plan: digest(), at: time(),
          comment: maybe { $0.text() }, identity: maybe { $0.identity() }))
    case 9: return .held(by: person(), reason: text())
    case 10: return .paused(by: person(), reason: text())
    case 11: return .resumedBy(person())
    case 12: return .rejected(by: person(), reason: text())
    case 13: return .aborted(by: person(), reason: text())
    case 14: return .rollbackAsked(by: person(), incident: text())
    case 15: return .confirmed(step: step, by: person(), note: text())
    case 16: return .expired(step: step)
    case 17: return .escalated(step: maybe { $0.number() }, reason: text())
    case 18: return .evidenceWritten(folder: text(), manifest: digest())
    case 19: return .revoked(by: person(), reason: text())
    case 20: return .lapsed
    case 21: return .frozen(until: time(), reason: text())
    case 22: return .thawed
    case 23: return .sourceLooked(trouble: maybe { $0.text() })
    case 24: return .followedUp(reference: text())
    case 26: return .followUpIntended(attempt: attempt)
    case 27: return .dataReported(step: step, attempt: attempt, report: dataReport(), result: result())
    case 25: return .followUpFailed(reason: text(), attempt: attempt)
    default: return .evidenceFailed(reason: text(), attempt: attempt)
    }
  }

  mutating func dataReport() -> DataReport {
    var report = DataReport(deed: DataDeed.allCases.randomElement(using: &random) ?? .backup)
    report.database = maybe { $0.text() }
    report.snapshot = maybe { SnapshotID($0.text()) }
    report.manifest = maybe { $0.digest() }
    report.rows = maybe { Int64($0.number()) }
    report.checks = list { DataCheck($0.text(), passed: $0.random.chance(50), detail: $0.text()) }
    report.withoutService = maybe { Span(milliseconds: Int64.random(in: 0...1_000_000_000, using: &$0.random)) }
    report.loss = maybe {
      DataLoss(
        since: $0.time(),
        tables: $0.list {
          TableWrites(
            table: $0.text(), inserted: Int64($0.number()), updated: Int64($0.number()), deleted: Int64($0.number()))
        }, filesAdded: $0.number(), fileBytesAdded: Int64($0.number()), doubt: $0.maybe { $0.text() })
    }
    report.aside = list { AsideData(database: $0.text(), files: $0.maybe { $0.text() }, was: $0.text()) }
    return report
  }

  private mutating func identity() -> Identity {
    Identity(
      person: person(), kind: Identity.Kind.allCases.randomElement(using: &random) ?? .oidc, groups: list { $0.text() },
      teams: list { $0.text() }, mfa: random.chance(50), provenAt: time(), authority: maybe { $0.text() },
      proof: maybe { $0.text() })
  }

  private mutating func exception() -> PromotionException {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: .emergency(incident: text())
    case 1: .freeze(reason: text())
    case 2: .hotfix(reason: text())
    default: .breakGlass(gates: list { $0.text() }, reason: text())
    }
  }

  mutating func request() -> Request {
    var plan = plans.randomElement(using: &random) ?? plans[0]
    plan.project = text()
    plan.incident = maybe { $0.text() }
    plan.exception = maybe { $0.exception() }
    plan.waived = list { $0.text() }
    plan.release.artifact = text()
    return Request(run: RunID(text()), plan: plan, digest: digest(), by: person())
  }

  private mutating func result() -> StepResult {
    switch Int.random(in: 0..<5, using: &random) {
    case 0: .succeeded(text())
    case 1: .failed(text())
    case 2: .errored(text())
    case 3: .waiting(until: time(), reason: text())
    default: .undecided(text())
    }
  }

  private mutating func observation() -> Observation {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: .done(text())
    case 1: .undone(text())
    case 2: .unclear(text())
    default: .unreadable(text())
    }
  }

  private mutating func report() -> GateReport {
    GateReport(
      gate: text(), verdict: random.chance(50) ? .passed : .error, reason: text(), remedy: maybe { $0.text() },
      warnings: list { $0.text() }, proof: [])
  }

  private mutating func sample() -> CounterSample {
    var slots: [Slot: SlotCounters] = [:]
    for slot in Slot.allCases where random.chance(70) {
      slots[slot] = SlotCounters(
        requests: random.next(), serverErrors: random.next(), connectionErrors: .max, clientErrors: 0,
        latency: maybe { LatencyHistogram(bounds: [0.1, 0.25, 1e9], counts: [$0.random.next(), 0, .max, 1]) } ?? nil)
    }
    return CounterSample(at: time(), source: text(), slots: slots, crashes: random.chance(50) ? [.a: number()] : [:])
  }

  private mutating func figures() -> WatchFigures {
    WatchFigures(
      requests: random.next(), errors: random.next(), errorRate: maybe { $0.real() }, p50: maybe { $0.real() },
      p95: maybe { $0.real() }, p99: maybe { $0.real() }, crashes: number())
  }

  private mutating func judgement() -> WatchJudgement {
    WatchJudgement(
      verdict: WatchVerdict.allCases.randomElement(using: &random) ?? .error, reason: text(),
      findings: list { arbitrary in
        WatchFinding(
          metric: .errorRate, consequence: .pause, value: arbitrary.real(), bound: arbitrary.real(),
          text: arbitrary.text())
      }, blue: maybe { $0.figures() }, green: maybe { $0.figures() })
  }

  mutating func ledgerEvent() -> LedgerEvent {
    let (name, id) = (EnvironmentName(text()), ReleaseID(text()))
    switch Int.random(in: 0..<15, using: &random) {
    case 0: return .releaseAdded(release())
    case 1: return .releaseQuarantined(id, reason: text())
    case 2:
      return .reportAdded(
        Report(
          release: id, releaseDigest: maybe { $0.digest() }, releaseCommit: maybe { $0.text() }, kind: text(),
          name: maybe { $0.text() }, file: text(), digest: digest(), size: number(), at: time(), content: content(),
          origin: maybe { $0.origin() }))
    case 3:
      return .freezeAdded(
        Freeze(
          name: text(), from: time(), until: time(), reason: text(), environments: list { EnvironmentName($0.text()) }))
    case 4: return .freezeRemoved(name: text())
    case 5: return .environmentServes(name, placement())
    case 6: return .environmentRolledBack(name, failed: placement())
    case 7: return .verificationFailed(name, id, reason: text())
    case 8: return .verificationPassed(name, id)
    case 9:
      return .releaseRejected(
        id, Rejection(run: RunID(text()), to: name, by: person(), reason: text()))
    case 10: return .releaseResubmitted(id, note: text())
    case 11:
      return .reviewDue(
        ReviewTask(
          run: RunID(text()), environment: name, release: id, exception: exception(), by: person(), due: time()))
    case 12: return .reviewed(RunID(text()), by: person(), note: text())
    case 13:
      return .snapshot(
        SnapshotNote(
          .deleting, SnapshotID(text()), of: name, manifest: maybe { $0.digest() }, place: text(),
          reason: maybe { $0.text() }))
    default: return .slotEmptied(name, .b)
    }
  }

  private mutating func release() -> Release {
    Release(
      id: ReleaseID(text()), artifact: text(), digest: maybe { $0.digest() }, commit: maybe { $0.text() },
      ciRun: maybe { $0.text() })
  }

  private mutating func placement() -> Placement {
    Placement(slot: .a, release: release(), run: RunID(text()), since: time())
  }

  private mutating func content() -> ReportContent {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: .review(kind: .security, status: maybe { $0.text() }, verdict: maybe { $0.text() }, severity: .high)
    case 1: .tests(TestFigures(executed: number(), failed: number(), errored: number(), skipped: number()))
    case 2: .coverage(CoverageFigures(lines: number(), covered: number()))
    default:
      .findings(
        FindingFigures(
          examined: maybe { $0.number() }, bySeverity: [.critical: number(), .low: number()], unknownSeverity: number(),
          ids: list { $0.text() },
          findings: list {
            Finding(
              id: $0.text(), aliases: $0.list { $0.text() }, severity: $0.maybe { _ in .medium },
              places: $0.list { $0.text() }, title: $0.maybe { $0.text() })
          }))
    }
  }

  private mutating func origin() -> ReportOrigin {
    ReportOrigin(
      commits: list { $0.text() }, digests: list { $0.digest() }, version: maybe { $0.text() },
      madeAt: maybe { $0.time() }, isZoneless: number() > 0, caveats: list { $0.text() })
  }
}
