/// Gates on what was handed in. Only reports count that were handed in for this very artifact, that are as they were then, and that are young enough;
/// of one kind and name the newest decides.
extension GateJudge {
  func newest(_ matches: (Report) -> Bool) -> [Report] {
    ledger.newestReports(of: plan.release).filter(matches)
  }

  func proof(_ reports: [Report]) -> [Proof] {
    reports.map { Proof(what: "\($0.label) report, \($0.size) bytes", from: $0.file, at: $0.at, digest: $0.digest) }
  }

  /// What the files could not say for themselves.
  func caveats(_ reports: [Report]) -> [String] {
    reports.flatMap { report in (report.origin?.caveats ?? []).map { "\(report.label): \($0)" } }
  }

  func handIn(_ kind: String) -> String { "slipway report add \(plan.release.id) --kind \(kind) FILE" }

  func missing(_ gate: GateSpec, _ what: String, _ kind: String, among matches: (Report) -> Bool) -> GateReport {
    let others = (ledger.reports[plan.release.id] ?? []).count { matches($0) && !$0.isBound(to: plan.release) }
    let beside = others > 0 ? "; \(others) were handed in for another artifact and do not count" : ""
    return GateReport(
      gate: gate.name, verdict: .undecided, reason: "no \(what) was handed in for this artifact\(beside)",
      remedy: "hand one in: \(handIn(kind))")
  }

  /// A gate that nothing can fail proves nothing.
  func demandsNothing(_ gate: GateSpec, _ why: String) -> GateReport {
    GateReport(
      gate: gate.name, verdict: .undecided, reason: "\(why), so the gate cannot fail",
      remedy: "correct it in the pipeline file")
  }

  /// Counts from files add up without overflowing, and a negative one hides nothing.
  static func add(_ count: Int, to sum: Int) -> Int {
    let (total, overflow) = sum.addingReportingOverflow(max(0, count))
    return overflow ? .max : total
  }

  /// What makes the reports no proof at all, whatever they say: changed bytes, an impossible time, or too old; nil when nothing does.
  func unfit(_ gate: GateSpec, _ reports: [Report], within maxAge: Span?, at now: Timestamp) -> GateReport? {
    let bad = reports.compactMap { report in
      fault(of: report, isTimed: maxAge != nil, at: now).map { (report: report, fault: $0) }
    }
    if let first = bad.first {
      return GateReport(
        gate: gate.name, verdict: .error, reason: bad.map(\.fault).joined(separator: "; "),
        remedy: "hand it in again: \(handIn(first.report.kind))", proof: proof(bad.map(\.report)))
    }
    guard let maxAge else { return nil }
    let old = reports.filter { now - $0.madeAt > maxAge }
    guard let first = old.first else { return nil }
    let ages = old.map { report in
      let how = report.origin?.madeAt == nil ? "handed in" : "made"
      return "the \(report.label) report was \(how) at \(report.madeAt), \((now - report.madeAt).roughly) ago"
    }
    return GateReport(
      gate: gate.name, verdict: .failed, reason: "\(ages.joined(separator: "; ")); at most \(maxAge) is allowed",
      remedy: "make it anew and hand it in: \(handIn(first.kind))", proof: proof(old))
  }

  private func fault(of report: Report, isTimed: Bool, at now: Timestamp) -> String? {
    switch surroundings.damagedProofs[report.digest] {
    case .changed?:
      return "the kept bytes of the \(report.label) report are not those that were handed in (\(report.digest))"
    case .missing?: return "the kept bytes of the \(report.label) report are gone from the state folder"
    case nil: break
    }
    if let reason = report.origin?.impossibleTime(handedIn: report.at) { return "the \(report.label) report \(reason)" }
    guard isTimed, report.madeAt > now + ReportOrigin.clockTolerance else { return nil }
    return "the \(report.label) report is dated \(report.madeAt), after now (\(now)); one of the clocks is wrong"
  }

  func tests(
    _ gate: GateSpec, _ minimum: Int, _ name: String?, within maxAge: Span?, at now: Timestamp
  ) -> GateReport {
    func matches(_ report: Report) -> Bool {
      if case .tests = report.content { name == nil || report.name == name } else { false }
    }
    let found = newest(matches)
    guard !found.isEmpty else {
      return missing(
        gate, name.map { "test report '\($0)'" } ?? "test report", "junit\(name.map { " --name \($0)" } ?? "")",
        among: matches)
    }
    if let unfit = unfit(gate, found, within: maxAge, at: now) { return unfit }
    var sum = TestFigures(executed: 0, failed: 0, errored: 0, skipped: 0)
    for report in found {
      guard case .tests(let figures) = report.content else { continue }
      sum.executed = Self.add(figures.executed, to: sum.executed)
      sum.failed = Self.add(figures.failed, to: sum.failed)
      sum.errored = Self.add(figures.errored, to: sum.errored)
      sum.skipped = Self.add(figures.skipped, to: sum.skipped)
    }
    let counted = "\(sum.executed) executed, \(sum.failed) failed, \(sum.errored) in error, \(sum.skipped) skipped"
    func said(_ verdict: Verdict, _ reason: String, _ remedy: String?) -> GateReport {
      GateReport(
        gate: gate.name, verdict: verdict, reason: reason, remedy: remedy, warnings: caveats(found),
        proof: proof(found))
    }
    if sum.failed > 0 || sum.errored > 0 {
      return said(.failed, counted, "make every test pass, run them again and hand in: \(handIn("junit"))")
    }
    guard sum.executed >= max(1, minimum) else {
      return said(
        .undecided, "\(counted); at least \(max(1, minimum)) must run",
        "run the tests and hand in what they wrote: \(handIn("junit"))")
    }
    return said(.passed, counted, nil)
  }

  func coverage(_ gate: GateSpec, _ needed: Double, within maxAge: Span?, at now: Timestamp) -> GateReport {
    func matches(_ report: Report) -> Bool { if case .coverage = report.content { true } else { false } }
    let found = newest(matches)
    guard !found.isEmpty else { return missing(gate, "coverage report", "cobertura", among: matches) }
    if let unfit = unfit(gate, found, within: maxAge, at: now) { return unfit }
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
        gate: gate.name, verdict: .undecided, reason: "the report covers no line at all",
        remedy: "measure coverage of the sources and hand it in: \(handIn(found[0].kind))", proof: proof(found))
    }
    let percent = 100 * Double(covered) / Double(lines)
    let text = "\(Self.rounded(percent)) % of \(lines) lines covered, \(Self.rounded(needed)) % needed"
    let isEnough = percent >= needed
    return GateReport(
      gate: gate.name, verdict: isEnough ? .passed : .failed, reason: text,
      remedy: isEnough ? nil : "test more lines, measure again and hand in: \(handIn(found[0].kind))",
      warnings: caveats(found), proof: proof(found))
  }

  /// Rounds down to a tenth, so that 79.96 never reads as 80.
  private static func rounded(_ percent: Double) -> String {
    let tenths = (percent * 10).rounded(.down) / 10
    guard tenths.magnitude < 1e15 else { return "\(tenths)" }
    return tenths == tenths.rounded() ? String(Int(tenths)) : String(tenths)
  }
}

extension Span {
  /// Its largest unit and the next: nobody needs an age in milliseconds.
  fileprivate var roughly: Span {
    let units: [Int64] = [86_400_000, 3_600_000, 60_000, 1_000]
    guard let index = units.firstIndex(where: { milliseconds >= $0 }) else { return self }
    let unit = units[min(index + 1, units.count - 1)]
    return Span(milliseconds: milliseconds / unit * unit)
  }
}
