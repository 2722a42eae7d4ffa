internal import SlipwayModel

extension RunArchive {
  /// What a judge that remembers came to at the end of each watch of the last runs into `environment` before `run`, the newest first.
  func evaluations(
    into environment: EnvironmentName, before run: RunID, limit: Int = 20
  ) async throws -> [RuleEvaluation] {
    var found: [RuleEvaluation] = []
    for row in try await rows(of: environment, limit: limit) where row.run != run {
      found += try await promotion(row.run).records.reversed().compactMap { $0.watch?.last.evaluation }
    }
    return found
  }
}
