/// A quantity that is read at each look of a watch beside the counts, such as memory or pool use (C5), and its limits.
package struct GaugeSpec: Codable, Sendable, Equatable {
  /// Names the reading everywhere it is shown.
  package var name: String
  package var query: GaugeQuery
  /// Crossed by a single reading of green; no limit: recorded only.
  package var limits: [WatchLimit]

  package init(name: String, query: GaugeQuery, limits: [WatchLimit] = []) {
    self.name = name
    self.query = query
    self.limits = limits
  }
}

/// Where a gauge is read.
package enum GaugeQuery: Codable, Sendable, Equatable {
  /// A command that prints one number; it sees the variables of a deployment.
  case command(String, timeout: Span)
}
