package import SlipwayModel

/// Gives readings that are no counts: memory, CPU, pool use, disk, business figures.
///
/// A reading that is missing, empty or no number is absent; a source that cannot be asked throws.
package protocol GaugeSource: Sendable {
  /// One reading of every gauge at `now`, by slot and name; `releases` says what each slot holds.
  func gauges(now: Timestamp, releases: [Slot: ReleaseID]) async throws(ConnectorError) -> [Slot: [String: Double]]
}
