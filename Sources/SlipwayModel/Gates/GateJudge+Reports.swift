/// Gates on what was handed in. Only reports count that were handed in for this very artifact; of one kind the newest decides.
extension GateJudge {
  private var reports: [Report] {
    (ledger.reports[plan.release.id] ?? []).filter { $0.releaseDigest == plan.release.digest }
  }

  private func newestPerKind(_ matches: (ReportContent) -> Bool) -> [Report] {
    var newest: [String: Report] = [:]
    for report in reports where matches(report.content) { newest[report.kind] = report }
    return newest.values.sorted { $0.kind < $1.kind }
  }

  private func proof(_ reports: [Report]) -> [Proof] {
    reports.map { Proof(what: "\($0.kind) report, \($0.size) bytes", from: $0.file, at: $0.at, digest: $0.digest) }
  }

  private func missing(_ gate: GateSpec, _ what: String, _ kinds: String) -> GateReport {
    GateReport(
      gate: gate.name, verdict: .undecided,
      reason:
        "no \(what) was handed in for this artifact; add one with: slipway report add \(plan.release.id) --kind \(kinds) FILE"
    )
  }

  /// A gate that nothing can fail proves nothing.
  private func demandsNothing(_ gate: GateSpec, _ why: String) -> GateReport {
    GateReport(
      gate: gate.name, verdict: .undecided, reason: "\(why), so the gate cannot fail; correct it in the pipeline file")
  }

  /// Counts from files add up without overflowing, and a negative one hides nothing.
  private static func add(_ count: Int, to sum: Int) -> Int {
    let (total, overflow) = sum.addingReportingOverflow(max(0, count))
    return overflow ? .max : total
  }

  /// A2: every review present, and none that does not clearly pass.
  func reviews(_ gate: GateSpec, _ kinds: [ReviewKind]) -> GateReport {
    guard !kinds.isEmpty else { return demandsNothing(gate, "no review is named") }
    var problems: [String] = []
    var read: [Report] = []
    for kind in kinds {
      let newest = reports.last { report in
        if case .review(kind, _, _, _) = report.content { true } else { false }
      }
      guard let report = newest, case .review(_, let status, let verdict, let severity) = report.content else {
        problems.append("\(kind.rawValue): no report")
        continue
      }
      read.append(report)
      if let problem = Self.problem(kind, status, verdict, severity) { problems.append("\(kind.rawValue): \(problem)") }
    }
    let isMissingOnly = problems.allSatisfy { $0.hasSuffix("no report") }
    if problems.isEmpty {
      return GateReport(
        gate: gate.name, verdict: .passed,
        reason: "\(kinds.count) reviews passed: \(kinds.map(\.rawValue).joined(separator: ", "))",
        proof: proof(read))
    }
    return GateReport(
      gate: gate.name, verdict: isMissingOnly ? .undecided : .failed,
      reason: problems.joined(separator: "; ")
        + "; hand in with: slipway report add \(plan.release.id) --kind KIND FILE",
      proof: proof(read))
  }

  private static let passing: Set<String> = ["pass", "passed", "approved", "approve", "ok", "success", "go"]
  private static let done: Set<String> = [
    "pass", "passed", "approved", "ok", "success", "complete", "completed", "done", "final",
  ]

  private static func problem(
    _ kind: ReviewKind, _ status: String?, _ verdict: String?, _ severity: Severity?
  ) -> String? {
    guard let verdict else { return "states no verdict" }
    guard passing.contains(verdict.lowercased()) else { return "verdict is '\(verdict)'" }
    // The end-to-end report has a verdict alone (A2).
    if kind == .e2e { return nil }
    guard let status else { return "states no status" }
    guard done.contains(status.lowercased()) else { return "status is '\(status)'" }
    // An absent severity is unknown, and unknown blocks.
    guard let severity else { return "states no severity" }
    return severity >= .high ? "severity is \(severity.rawValue)" : nil
  }

  func tests(_ gate: GateSpec, _ minimum: Int) -> GateReport {
    let found = newestPerKind { if case .tests = $0 { true } else { false } }
    guard !found.isEmpty else { return missing(gate, "test report", "junit") }
    var sum = TestFigures(executed: 0, failed: 0, errored: 0, skipped: 0)
    for report in found {
      guard case .tests(let figures) = report.content else { continue }
      sum.executed = Self.add(figures.executed, to: sum.executed)
      sum.failed = Self.add(figures.failed, to: sum.failed)
      sum.errored = Self.add(figures.errored, to: sum.errored)
      sum.skipped = Self.add(figures.skipped, to: sum.skipped)
    }
    let counted = "\(sum.executed) executed, \(sum.failed) failed, \(sum.errored) in error, \(sum.skipped) skipped"
    if sum.failed > 0 || sum.errored > 0 {
      return GateReport(gate: gate.name, verdict: .failed, reason: counted, proof: proof(found))
    }
    guard sum.executed >= max(1, minimum) else {
      return GateReport(
        gate: gate.name, verdict: .undecided, reason: "\(counted); at least \(max(1, minimum)) must run",
        proof: proof(found))
    }
    return GateReport(gate: gate.name, verdict: .passed, reason: counted, proof: proof(found))
  }

  func coverage(_ gate: GateSpec, _ needed: Double) -> GateReport {
    let found = newestPerKind { if case .coverage = $0 { true } else { false } }
    guard !found.isEmpty else { return missing(gate, "coverage report", "cobertura") }
    var lines = 0
    var covered = 0
    for report in found {
      guard case .coverage(let figures) = report.content else { continue }
      guard (0...max(0, figures.lines)).contains(figures.covered) else {
        return GateReport(
          gate: gate.name, verdict: .error,
          reason: "\(report.file) says that \(figures.covered) of \(figures.lines) lines are covered, which cannot be",
          proof: proof([report]))
      }
      lines = Self.add(figures.lines, to: lines)
      covered = Self.add(figures.covered, to: covered)
    }
    guard lines > 0 else {
      return GateReport(
        gate: gate.name, verdict: .undecided, reason: "the report covers no line at all", proof: proof(found))
    }
    let percent = 100 * Double(covered) / Double(lines)
    let text = "\(Self.rounded(percent)) % of \(lines) lines covered, \(Self.rounded(needed)) % needed"
    return GateReport(
      gate: gate.name, verdict: percent >= needed ? .passed : .failed, reason: text, proof: proof(found))
  }

  /// Rounds down to a tenth, so that 79.96 never reads as 80.
  private static func rounded(_ percent: Double) -> String {
    let tenths = (percent * 10).rounded(.down) / 10
    guard tenths.magnitude < 1e15 else { return "\(tenths)" }
    return tenths == tenths.rounded() ? String(Int(tenths)) : String(tenths)
  }

  /// The limits with those that follow from them: what is worse than a limited severity is limited at least as much.
  private static func completed(_ limits: [Severity: Int]) -> [Severity: Int] {
    var complete: [Severity: Int] = [:]
    var last: Int?
    for severity in Severity.allCases.sorted() {
      last = limits[severity] ?? last
      complete[severity] = last
    }
    return complete
  }

  func vulnerabilities(_ gate: GateSpec, _ limits: [Severity: Int]) -> GateReport {
    guard !limits.isEmpty else { return demandsNothing(gate, "no severity is limited") }
    let found = newestPerKind { if case .findings = $0 { true } else { false } }
    guard !found.isEmpty else { return missing(gate, "scan", "sarif") }
    var counts: [Severity: Int] = [:]
    var unknown = 0
    var ids: [String] = []
    var nothingExamined: [String] = []
    for report in found {
      guard case .findings(let figures) = report.content else { continue }
      for (severity, count) in figures.bySeverity {
        counts[severity] = Self.add(count, to: counts[severity, default: 0])
      }
      unknown = Self.add(figures.unknownSeverity, to: unknown)
      ids += figures.ids
      if figures.examined == 0 { nothingExamined.append(report.kind) }
    }
    // A finding whose severity nobody states is counted as the worst.
    counts[.critical] = Self.add(unknown, to: counts[.critical, default: 0])
    let over = Self.completed(limits).filter { counts[$0.key, default: 0] > $0.value }.sorted { $0.key > $1.key }
    let named = ids.isEmpty ? "" : " (\(ids.prefix(10).joined(separator: ", "))\(ids.count > 10 ? ", …" : ""))"
    if !over.isEmpty {
      let text = over.map { "\(counts[$0.key, default: 0]) \($0.key.rawValue), \($0.value) allowed" }.joined(
        separator: "; ")
      return GateReport(gate: gate.name, verdict: .failed, reason: text + named, proof: proof(found))
    }
    if !nothingExamined.isEmpty {
      return GateReport(
        gate: gate.name, verdict: .undecided,
        reason:
          "\(nothingExamined.joined(separator: ", ")): the scan examined nothing, so finding nothing proves nothing",
        proof: proof(found))
    }
    let counted = Severity.allCases.reversed().map { "\(counts[$0, default: 0]) \($0.rawValue)" }.joined(
      separator: ", ")
    return GateReport(gate: gate.name, verdict: .passed, reason: counted + named, proof: proof(found))
  }
}
