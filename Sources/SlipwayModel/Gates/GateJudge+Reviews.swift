/// The gate on reviews (A2), and on the code review and the CI's word (D2).
extension GateJudge {
  /// Every review present, and none that does not clearly pass.
  func reviews(_ gate: GateSpec, _ kinds: [ReviewKind], within maxAge: Span?, at now: Timestamp) -> GateReport {
    guard !kinds.isEmpty else { return demandsNothing(gate, "no review is named") }
    var problems: [String] = []
    var lacking: [ReviewKind] = []
    var read: [Report] = []
    for kind in kinds {
      let newest = newest { report in
        if case .review(kind, _, _, _) = report.content { true } else { false }
      }
      guard let report = newest.last, case .review(_, let status, let verdict, let severity) = report.content else {
        problems.append("\(kind.rawValue): no report")
        lacking.append(kind)
        continue
      }
      read.append(report)
      if let problem = Self.problem(kind, status, verdict, severity) { problems.append("\(kind.rawValue): \(problem)") }
    }
    if let unfit = unfit(gate, read, within: maxAge, at: now) { return unfit }
    if problems.isEmpty {
      return GateReport(
        gate: gate.name, verdict: .passed,
        reason: "\(kinds.count) reviews passed: \(kinds.map(\.rawValue).joined(separator: ", "))",
        warnings: caveats(read), proof: proof(read))
    }
    let isMissingOnly = problems.count == lacking.count
    let remedy =
      isMissingOnly
      ? "hand in what is missing: \(handIn(lacking.map(\.rawValue).joined(separator: "|")))"
      : "settle what the reviews say and hand them in again: \(handIn("KIND"))"
    return GateReport(
      gate: gate.name, verdict: isMissingOnly ? .undecided : .failed, reason: problems.joined(separator: "; "),
      remedy: remedy, proof: proof(read))
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
    if kind != .e2e {
      guard let status else { return "states no status" }
      guard done.contains(status.lowercased()) else { return "status is '\(status)'" }
    }
    switch kind {
    case .ba, .architect, .security, .devops:
      // An absent severity is unknown, and unknown blocks.
      guard severity != nil else { return "states no severity" }
    case .e2e, .code, .ci: break
    }
    guard let severity, severity >= .high else { return nil }
    return "severity is \(severity.rawValue)"
  }
}
