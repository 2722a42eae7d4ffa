/// What asking one dependency showed.
package struct DependencyAnswer: Sendable, Equatable {
  package var name: String
  package var critical: Bool
  package var passed: Bool
  /// One line: what was found; holds no secret.
  package var detail: String
  /// Who was asked, without secrets.
  package var asked: String

  package init(name: String, critical: Bool, passed: Bool, detail: String, asked: String) {
    self.name = name
    self.critical = critical
    self.passed = passed
    self.detail = detail
    self.asked = asked
  }
}

extension GateReport {
  /// All answers together: every critical one must have passed, the others warn (C1, C2). No answer at all is never a pass.
  package static func of(
    dependencies answers: [DependencyAnswer], gate: String, at now: Timestamp
  ) -> GateReport {
    let failed = answers.filter { $0.critical && !$0.passed }
    let weak = answers.filter { !$0.critical && !$0.passed }
    let proof = answers.map { answer in
      Proof(
        what: "\(answer.name) (\(answer.critical ? "critical" : "not critical")): "
          + "\(answer.passed ? "passed" : "failed"), \(answer.detail)",
        from: answer.asked, at: now)
    }
    let warnings = weak.map { "\($0.name), which is not critical, failed: \($0.detail)" }
    let critical = answers.count { $0.critical }
    guard failed.isEmpty, !answers.isEmpty else {
      let reasons = failed.map { "\($0.name): \($0.detail)" }.joined(separator: "; ")
      return GateReport(
        gate: gate, verdict: .failed,
        reason: answers.isEmpty
          ? "nothing was asked" : "\(failed.count) of \(critical) critical dependencies failed: \(reasons)",
        remedy: "mend \(failed.map(\.name).joined(separator: ", "))", warnings: warnings, proof: proof)
    }
    return GateReport(
      gate: gate, verdict: .passed,
      reason: "all \(critical) critical dependencies passed" + (weak.isEmpty ? "" : ", \(weak.count) others failed"),
      warnings: warnings, proof: proof)
  }
}
