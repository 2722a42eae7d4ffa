/// What a gate says; never a bare yes or no.
package enum Verdict: Codable, Sendable, Equatable {
  case passed
  case failed
  /// Not yet, and known when to look again.
  case waiting(until: Timestamp)
  /// Not enough proof to say; never passes.
  case undecided
  /// The proof could not be read; tried again, then it blocks.
  case error

  /// The word for people and JSON.
  package var word: String {
    switch self {
    case .passed: "passed"
    case .failed: "failed"
    case .waiting: "waiting"
    case .undecided: "undecided"
    case .error: "error"
    }
  }
}

/// A gate's verdict with its reason and its proof.
package struct GateReport: Codable, Sendable, Equatable {
  package var gate: String
  package var verdict: Verdict
  /// One sentence: what was found.
  package var reason: String
  /// What would make it pass, as one sentence in the imperative; nil where it passed.
  package var remedy: String?
  /// What passed and should still be seen by whoever decides, such as a discouraged hour or an accepted risk.
  package var warnings: [String]
  /// Risk acceptances that the verdict rests on.
  package var acceptances: [RiskAcceptance]
  /// What was read, from where, when, and its digest.
  package var proof: [Proof]

  package init(
    gate: String, verdict: Verdict, reason: String, remedy: String? = nil, warnings: [String] = [],
    acceptances: [RiskAcceptance] = [], proof: [Proof] = []
  ) {
    self.gate = gate
    self.verdict = verdict
    self.reason = reason
    self.remedy = remedy
    self.warnings = warnings
    self.acceptances = acceptances
    self.proof = proof
  }

  /// What several gates say together: failure beats error, error beats undecided, undecided beats waiting, waiting beats passed.
  ///
  /// No report at all is an error, never a pass.
  package static func together(_ reports: [GateReport]) -> StepResult {
    guard !reports.isEmpty else { return .errored("no gate was judged") }
    func reasons(_ matches: (Verdict) -> Bool) -> String? {
      let found = reports.filter { matches($0.verdict) }
      return found.isEmpty ? nil : found.map { "\($0.gate): \($0.reason)" }.joined(separator: "; ")
    }
    if let failed = reasons({ $0 == .failed }) { return .failed(failed) }
    if let error = reasons({ $0 == .error }) { return .errored(error) }
    if let undecided = reasons({ $0 == .undecided }), !Mutant.undecidedGatePasses.isActive {
      return .undecided(undecided)
    }
    var latest: Timestamp?
    for report in reports {
      if case .waiting(let until) = report.verdict { latest = max(latest ?? until, until) }
    }
    if let latest, !Mutant.waitingGatePasses.isActive {
      return .waiting(until: latest, reason: reasons { if case .waiting = $0 { true } else { false } } ?? "")
    }
    return .succeeded(reports.count == 1 ? reports[0].reason : "all \(reports.count) gates passed again")
  }
}

/// What a verdict rests on: what was read, from where, when, and its digest.
package struct Proof: Codable, Sendable, Equatable {
  package var what: String
  package var from: String
  package var at: Timestamp
  package var digest: Digest?

  package init(what: String, from: String, at: Timestamp, digest: Digest? = nil) {
    self.what = what
    self.from = from
    self.at = at
    self.digest = digest
  }
}
