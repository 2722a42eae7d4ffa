internal import Foundation
@testable internal import SlipwayEngine
internal import SlipwayModel
internal import SlipwayPipelineFile

/// A fact that was read is the same fact after it was written again, byte for byte.
private func insistOnSame<Fact: Codable & Equatable>(_ fact: Fact) {
  guard let bytes = try? CanonicalJSON.encode(fact) else {
    return insist(false, "a fact that was read cannot be written")
  }
  guard let read = try? CanonicalJSON.decode(Fact.self, from: bytes) else {
    return insist(false, "a fact that was written cannot be read: \(String(decoding: bytes, as: UTF8.self))")
  }
  insist(read == fact, "another fact after JSON: \(String(decoding: bytes, as: UTF8.self))")
  insist((try? CanonicalJSON.encode(read)) == bytes, "other bytes for the same fact")
}

/// The bodies of a run's entries, one a line: read, written the same, folded into a promotion; the same again on a replay.
struct EventTarget: FuzzTarget {
  private let request: Request

  init() throws { request = try Self.request() }

  static let noon = Timestamp(milliseconds: 1_800_000_000_000)

  private static func request() throws -> Request {
    let text = """
      project: a
      roles: {r: [p]}
      identity: {local: true}
      environments:
        s: {deploy: {processes: {run: x, ports: {a: 1, b: 2}}}, traffic: {router: {listen: 127.0.0.1:3}}}
        e: {deploy: {processes: {run: x, ports: {a: 4, b: 5}}}, traffic: {router: {listen: 127.0.0.1:6}}}
      promotions:
        - to: s
        - {from: s, to: e, gates: [verified], approval: {by: {r: 1}}, rollout: {steps: [10%, 100%], watch: 5m},
           watch: {rules: [{error_rate: {roll_back_above: 5%}}]}}

      """
    let pipeline = try PipelineFile.read(Data(text.utf8), path: "f").get().pipeline
    var ledger = Ledger()
    for id in ["1", "2"] { ledger.apply(.releaseAdded(release(ReleaseID(id))), at: noon) }
    ledger.apply(
      .environmentServes("e", Placement(slot: .a, release: release("1"), run: "r", since: noon)), at: noon)
    let plan = try Planner(pipeline: pipeline, ledger: ledger).promotion(of: "2", to: "e")
    return Request(run: "r", plan: plan, digest: try plan.digest, by: "q")
  }

  static func release(_ id: ReleaseID) -> Release {
    Release(id: id, artifact: "a", digest: Digest(of: Data(id.text.utf8)))
  }

  static func seeds() throws -> [Data] {
    let request = try request()
    let sample = CounterSample(
      at: noon, source: "s",
      slots: [.a: SlotCounters(requests: 9, latency: LatencyHistogram(bounds: [1], counts: [1, 2]))])
    let judgement = WatchJudgement(
      verdict: .healthy, reason: "r",
      findings: [WatchFinding(metric: .p95, consequence: .pause, value: .infinity, bound: 0.1, text: "t")],
      blue: WatchFigures(requests: 1, errorRate: 0.1), green: WatchFigures())
    let events: [Event] = [
      .resumed, .stepIntended(step: 0, attempt: 1, deadline: noon),
      .gatesReported(step: 0, attempt: 1, reports: [GateReport(gate: "verified-in-s", verdict: .passed, reason: "r")]),
      .approved(Approval(person: "p", roles: ["r"], plan: request.digest, at: noon, comment: "c")),
      .stepReported(step: 1, attempt: 1, result: .succeeded("d")),
      .readBack(step: 2, attempt: 1, observation: .undone("d")),
      .measured(step: 5, sample: sample, judgement: judgement), .referenced(before: sample, after: sample),
      .held(by: "p", reason: "r"), .paused(by: "p", reason: "r"), .resumedBy("p"), .rejected(by: "p", reason: "r"),
      .aborted(by: "p", reason: "r"), .rollbackAsked(by: "p", incident: "i"), .confirmed(step: 3, by: "p", note: "n"),
      .expired(step: 1), .escalated(step: nil, reason: "r"), .evidenceWritten(folder: "f", manifest: request.digest),
      .evidenceFailed(reason: "r", attempt: 1),
      .stepReported(step: 2, attempt: 1, result: .waiting(until: noon, reason: "r")),
    ]
    let lines = try events.map { try CanonicalJSON.encode($0) }
    return lines + [
      Data(lines.joined(separator: Data("\n".utf8))), try CanonicalJSON.encode(Event.requested(request)),
      try CanonicalJSON.encode(Event.requested(request)) + Data("\n".utf8) + lines[1],
    ]
  }

  func take(_ data: Data) {
    var facts: [Event] = []
    for line in data.split(separator: 10).prefix(200) {
      guard let event = try? CanonicalJSON.decode(Event.self, from: Data(line)) else { continue }
      insistOnSame(event)
      facts.append(event)
    }
    var first = request
    if case .requested(let other)? = facts.first { first = other }
    let promotion = folded(facts, first)
    insist(promotion == folded(facts, first), "another state on a replay")
    insistOnSame(promotion)
  }

  private func folded(_ facts: [Event], _ request: Request) -> Promotion {
    var promotion = Promotion(request, at: Self.noon)
    for (number, event) in facts.enumerated() {
      let time = Self.noon + .seconds(Int64(number) * 40)
      promotion.apply(event, at: time)
      _ = (promotion.next(at: time), promotion.violations, promotion.status, promotion.row(at: time))
    }
    return promotion
  }
}

/// The bodies of all other entries, one a line, folded into the ledger.
struct LedgerTarget: FuzzTarget {
  static func seeds() throws -> [Data] {
    let placement = Placement(slot: .b, release: EventTarget.release("1"), run: "r", since: EventTarget.noon)
    let findings = FindingFigures(
      examined: 1, bySeverity: [.high: 2], unknownSeverity: 0, ids: ["a"], findings: [Finding(id: "a", severity: .high)]
    )
    let report = Report(
      release: "1", releaseDigest: nil, kind: "junit", file: "f", digest: Digest(of: Data()), size: 1,
      at: EventTarget.noon,
      content: .findings(findings))
    let events: [LedgerEvent] = [
      .releaseAdded(EventTarget.release("1")), .releaseQuarantined("1", reason: "r"), .reportAdded(report),
      .freezeAdded(Freeze(name: "f", from: EventTarget.noon, until: EventTarget.noon, reason: "r")),
      .freezeRemoved(name: "f"), .environmentServes("e", placement), .environmentRolledBack("e", failed: placement),
      .slotEmptied("e", .a),
    ]
    let lines = try events.map { try CanonicalJSON.encode($0) }
    return lines + [Data(lines.joined(separator: Data("\n".utf8)))]
  }

  func take(_ data: Data) {
    var ledger = Ledger()
    for (number, line) in data.split(separator: 10).prefix(200).enumerated() {
      guard let event = try? CanonicalJSON.decode(LedgerEvent.self, from: Data(line)) else { continue }
      insistOnSame(event)
      ledger.apply(event, at: EventTarget.noon + .hours(Int64(number)))
    }
    insistOnSame(ledger)
    for state in ledger.environments.values {
      for release in ledger.releases.values {
        _ = (state.verified(release), state.longestStay(of: release, at: EventTarget.noon))
      }
    }
  }
}

/// What people hand in and what they are answered, as files: a submission that the inbox shows is the one that lies there.
struct InboxTarget: FuzzTarget {
  private let place: Workplace
  private let inbox: Inbox

  init() throws {
    place = try Workplace("inbox")
    inbox = Inbox(StateFolder(URL(filePath: place.path)))
    try FileManager.default.createDirectory(atPath: place.path + "/inbox/replies", withIntermediateDirectories: true)
  }

  static func seeds() throws -> [Data] {
    let decisions: [Submission.Decision] = [
      .approve(plan: Digest(of: Data()), comment: "c"), .hold(reason: "r"), .resume, .reject(reason: "r"),
      .pause(reason: "r"), .abort(reason: "r"), .confirm(step: "s", note: "n"),
    ]
    let contents: [Submission.Content] =
      decisions.map { .decide("r", $0) } + [
        .ledger(.freezeRemoved(name: "f")), .promote("1", to: "e"), .rollback("e", to: "1", incident: "i"),
      ]
    let replies = [
      Reply(accepted: true, run: "r", message: "m"), Reply(accepted: false, message: "m", code: .notFound),
    ]
    return try contents.map { try CanonicalJSON.encode(Submission(id: "s", by: "p", content: $0)) }
      + replies.map { try CanonicalJSON.encode($0) }
  }

  func take(_ data: Data) {
    if let reply = try? CanonicalJSON.decode(Reply.self, from: data) { insistOnSame(reply) }
    place.write(data, to: "inbox/s.json")
    let shown = inbox.waiting()
    defer { for name in ["s.json", "s.json.unreadable"] { unlink(place.path + "/inbox/" + name) } }
    guard let submission = shown.first else { return }
    insistOnSame(submission)
    insist(shown.count == 1, "one file, \(shown.count) submissions")
    inbox.answer(submission.id, Reply(accepted: true, message: "m"))
    insist(inbox.waiting().isEmpty, "answered and still there")
    insist(inbox.takeReply(to: submission.id)?.message == "m", "no reply to be found")
  }
}
