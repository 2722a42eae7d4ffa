internal import SlipwayJournal
package import SlipwayModel

extension RunArchive {
  /// The looks at the release of `run` since it began to serve; nil where nobody looks after it.
  ///
  /// - Throws: a journal error, or ``EngineError`` for an entry that cannot be read.
  package func aftercare(_ run: RunID) async throws -> AftercareState? {
    try AftercareState.folded(try await entries(of: AftercareEvent.stream(of: run)))
  }

  /// The newest run of an environment whose release is, or was, looked after; nil where there is none.
  package func latestAftercare(of environment: EnvironmentName) async throws -> RunID? {
    for row in try await rows(of: environment, limit: 200)
    where try await reader.head(of: AftercareEvent.stream(of: row.run)) > 0 {
      return row.run
    }
    return nil
  }
}

extension AftercareState {
  static func folded(_ entries: [StoredEntry]) throws -> AftercareState? {
    var state: AftercareState?
    for stored in entries {
      let event = try AftercareState.event(stored.entry)
      if case .opened(let order) = event { state = AftercareState(order) }
      state?.apply(event, at: stored.entry.at)
    }
    return state
  }

  static func event(_ entry: Entry) throws -> AftercareEvent {
    do {
      return try CanonicalJSON.decode(AftercareEvent.self, from: entry.body)
    } catch {
      throw EngineError(
        .broken,
        "entry '\(entry.kind)' of \(entry.stream) cannot be read (\(error)); was it written by a newer Slipway?")
    }
  }
}
