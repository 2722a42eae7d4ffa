/// A quantity that is read at each look of a watch beside the counts, such as memory or pool use (C5), and its limits.
package struct GaugeSpec: Codable, Sendable, Equatable {
  /// Names the reading everywhere it is shown.
  package var name: String
  /// What the figure is in, for people, such as `%` or `MiB`; nil: a bare number.
  package var unit: String?
  package var query: GaugeQuery
  /// Crossed by a single reading of green; no limit: recorded only.
  package var limits: [WatchLimit]

  package init(name: String, unit: String? = nil, query: GaugeQuery, limits: [WatchLimit] = []) {
    self.name = name
    self.unit = unit
    self.query = query
    self.limits = limits
  }
}

/// Where a gauge is read; `${slot}` and `${release}` in a query are filled as in ``MetricsSpec``.
package enum GaugeQuery: Codable, Sendable, Equatable {
  /// A command that prints one number; it sees `SLIPWAY_SLOT` and `SLIPWAY_RELEASE`.
  case command(String, timeout: Span)
  /// A PromQL query that gives one number.
  case prometheus(url: SecretText, query: String, headers: [String: SecretText], timeout: Span)
  /// A ``SeriesSum`` of an endpoint in Prometheus' text format.
  case scrape(url: SlotURLs, series: String, headers: [String: SecretText], timeout: Span)
  /// A ``JSONPath`` of an HTTP endpoint.
  case json(url: SlotURLs, path: String, headers: [String: SecretText], timeout: Span)
  /// The first column of the first row.
  case sql(database: SecretText, query: String, timeout: Span)
  /// The slot's process and its children, where Slipway runs it itself.
  case process(ProcessMeasure)
  /// The free share of the disk that a path lies on, 0 to 1.
  case disk(path: String)

  /// Everything in it that may refer to secrets.
  package var secrets: [SecretText] {
    switch self {
    case .command, .process, .disk: []
    case .prometheus(let url, _, let headers, _): [url] + headers.values
    case .scrape(let url, _, let headers, _), .json(let url, _, let headers, _): url.all + headers.values
    case .sql(let database, _, _): [database]
    }
  }
}

/// What the kernel says about a process.
package enum ProcessMeasure: String, Codable, Sendable, CaseIterable {
  /// Processors kept busy since the reading before: 1 is one of them all the time. The first reading has none.
  case cpu
  /// Resident memory in bytes.
  case memory
  case files
  case threads
}
