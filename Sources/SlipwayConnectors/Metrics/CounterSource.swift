package import SlipwayModel

/// Gives cumulative counters per slot for a watch.
///
/// An empty answer, NaN or a missing series is *no data*: the slot is then absent from the sample. A source that cannot be asked throws.
package protocol CounterSource: Sendable {
  /// One reading at `now`; `releases` says what each slot holds, for queries that select by release.
  func sample(now: Timestamp, releases: [Slot: ReleaseID]) async throws(ConnectorError) -> CounterSample

  /// What `slot` answered in each of the last hours' whole minutes, oldest first; empty where nobody kept it.
  ///
  /// The judge learns from it how much the old version's errors come in clumps (canary-analysis F6); two hours are enough, six are kept.
  func history(of slot: Slot, now: Timestamp) async throws(ConnectorError) -> [SlotCounters]
}

extension CounterSource {
  package func history(of slot: Slot, now: Timestamp) async throws(ConnectorError) -> [SlotCounters] { [] }
}
