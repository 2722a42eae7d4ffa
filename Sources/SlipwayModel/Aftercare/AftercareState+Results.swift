/// What became of a phase.
package enum AftercareResult: String, Codable, Sendable, CaseIterable {
  /// It has not begun.
  case ahead
  /// It is being looked at.
  case running
  /// Every check passed, and nothing was found.
  case passed
  /// Something was found, and ended.
  case recovered
  /// Something was found, and has not ended.
  case failed
  /// Something could never be said, which is not a success.
  case unproved
  /// The release was replaced before its end.
  case superseded
}

extension AftercareState {
  package func result(of phase: AftercarePhase) -> AftercareResult {
    guard let progress = phases[phase] else { return .ahead }
    let own = findings.filter { $0.phase == phase }
    if own.contains(where: { $0.ended == nil }) { return .failed }
    if case .superseded? = ending, !isOver(phase) { return .superseded }
    guard isOver(phase) else { return progress.looks == 0 ? .ahead : .running }
    if !own.isEmpty { return .recovered }
    return isProved(phase, progress) ? .passed : .unproved
  }

  /// Whether its last look was made.
  private func isOver(_ phase: AftercarePhase) -> Bool {
    guard let progress = phases[phase], progress.next == nil else { return false }
    if case .superseded? = ending { return (lastLook ?? order.since) >= order.end(of: phase) }
    return true
  }

  /// Every check passed at least once, and its last word is not that it could not say; at least one applies at all.
  private func isProved(_ phase: AftercarePhase, _ progress: Phase) -> Bool {
    let checks = order.spec[phase].checks
    let applying = checks.filter { progress.last[$0.name]?.verdict != .skipped }
    return (checks.isEmpty || !applying.isEmpty)
      && applying.allSatisfy { check in
        guard let last = progress.last[check.name]?.verdict else { return false }
        return progress.passed.contains(check.name) && last != .error && last != .failed
      }
  }

  /// The results in one line.
  package var sentence: String {
    AftercarePhase.allCases.filter { !order.spec[$0].checks.isEmpty }
      .map { "\($0.rawValue) \(result(of: $0).rawValue)" }.joined(separator: ", ")
  }
}
