internal import SlipwayJournal
package import SlipwayModel

extension RunArchive {
  /// What the last watch of each earlier promotion to `environment` came to by another tool's rule, the newest first; for `WatchLook.previous`.
  ///
  /// - Parameters:
  ///   - environment: where the promotions went.
  ///   - run: the one that is judged now; it and later ones are left out.
  ///   - limit: how many runs are looked at.
  /// - Returns: at most one evaluation a run; runs that another judge watched have none.
  /// - Throws: a journal error, or ``EngineError`` for an entry that cannot be read.
  package func evaluations(
    of environment: EnvironmentName, before run: RunID, limit: Int = 20
  ) async throws -> [RuleEvaluation] {
    let earlier = try await rows(of: environment, limit: 1_000).filter {
      $0.operation == Plan.Operation.promote.rawValue && $0.run.text < run.text && $0.finishedAt != nil
    }
    var evaluations: [RuleEvaluation] = []
    for row in earlier.prefix(limit) {
      let last = try await entries(of: row.run.text).last { $0.entry.kind == "watch.measured" }
      guard let last, case .measured(_, _, let judgement) = try RunHistory.event(last.entry) else { continue }
      if let evaluation = judgement.evaluation { evaluations.append(evaluation) }
    }
    return evaluations
  }
}
