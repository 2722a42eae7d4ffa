package import AsyncHTTPClient
package import SlipwayModel

/// What reading gauges takes.
package struct GaugeTools: Sendable {
  package var runner: CommandRunner
  package var secrets: SecretSource
  /// Must not follow redirects.
  package var client: HTTPClient
  package var database: any DatabaseQuestion
  /// The folder that relative paths start from.
  package var folder: String
  /// The process in a slot; nil where Slipway does not run it itself.
  package var process: (@Sendable (Slot) async throws(ConnectorError) -> Int32?)?
  /// What earlier looks found; keep one for as long as gauges are made anew.
  package var looks: ProcessLooks

  package init(
    runner: CommandRunner, secrets: SecretSource, client: HTTPClient, database: any DatabaseQuestion, folder: String,
    process: (@Sendable (Slot) async throws(ConnectorError) -> Int32?)? = nil, looks: ProcessLooks = ProcessLooks()
  ) {
    self.looks = looks
    self.runner = runner
    self.secrets = secrets
    self.client = client
    self.database = database
    self.folder = folder
    self.process = process
  }
}

/// Reads the gauges of an environment, all at once, each within its own time.
///
/// One that cannot be asked is absent like one without a figure; the judge then says that it has no reading. Only when none at all could
/// be asked the source throws.
package struct Gauges: GaugeSource {
  private let readers: [(name: String, reader: any GaugeReader)]

  /// - Throws: `misconfigured` when a query cannot be read or cannot tell the slots apart.
  package init(_ specs: [GaugeSpec], tools: GaugeTools) throws(ConnectorError) {
    var readers: [(name: String, reader: any GaugeReader)] = []
    for spec in specs {
      do throws(ConnectorError) {
        readers.append((spec.name, try GaugeReading.reader(of: spec.query, tools)))
      } catch {
        throw ConnectorError(error.code, "gauge '\(spec.name)': \(error.message)")
      }
    }
    self.readers = readers
  }

  package func gauges(
    now: Timestamp, releases: [Slot: ReleaseID]
  ) async throws(ConnectorError) -> [Slot: [String: Double]] {
    let found = await withTaskGroup(of: (Slot, String, Result<Double?, ConnectorError>).self) { group in
      for (name, reader) in readers {
        for (slot, release) in releases {
          group.addTask { (slot, name, await Self.read(reader, slot, release, now)) }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    var readings: [Slot: [String: Double]] = [:]
    var failures: [ConnectorError] = []
    for (slot, name, result) in found {
      switch result {
      case .success(let value?) where value.isFinite: readings[slot, default: [:]][name] = value
      case .success: continue
      case .failure(let error): failures.append(ConnectorError(error.code, "gauge '\(name)': \(error.message)"))
      }
    }
    if let failure = failures.first, failures.count == found.count { throw failure }
    return readings
  }

  private static func read(
    _ reader: any GaugeReader, _ slot: Slot, _ release: ReleaseID, _ now: Timestamp
  ) async -> Result<Double?, ConnectorError> {
    do throws(ConnectorError) {
      return .success(try await reader.value(of: slot, release: release, now: now))
    } catch {
      return .failure(error)
    }
  }
}

/// Reads one gauge of one slot, within a time of its own.
protocol GaugeReader: Sendable {
  /// Nil: no figure.
  func value(of slot: Slot, release: ReleaseID, now: Timestamp) async throws(ConnectorError) -> Double?
}

/// Chooses readers by their query.
enum GaugeReading {
  static func reader(of query: GaugeQuery, _ tools: GaugeTools) throws(ConnectorError) -> any GaugeReader {
    switch query {
    case .command(let line, let timeout): return CommandGauge(line: line, timeout: timeout, runner: tools.runner)
    case .prometheus(let url, let query, let headers, let timeout):
      return PrometheusGauge(
        server: PrometheusServer(
          endpoint: PrometheusServer.endpoint(
            url, headers, timeout: timeout, secrets: tools.secrets, client: tools.client)),
        query: query)
    case .scrape(let url, let series, let headers, let timeout):
      return try ScrapeGauge(
        series, MetricsEndpoint.scraped("the metrics", url, headers, timeout, tools.secrets, tools.client))
    case .json(let url, let path, let headers, let timeout):
      return JSONGauge(
        endpoints: MetricsEndpoint.json(url, headers, timeout, tools.secrets, tools.client),
        path: try JSONPath(configured: "path", path))
    case .sql(let url, let query, let timeout):
      return SQLGauge(url: url, query: query, timeout: timeout, database: tools.database)
    case .process(let measure):
      guard let process = tools.process else {
        throw ConnectorError(
          .misconfigured, "nobody knows the process of a slot that commands deploy; 'deploy: {processes: …}' does")
      }
      return ProcessGauge(measure: measure, looks: tools.looks, process: process)
    case .disk(let path): return DiskGauge(path: path.hasPrefix("/") ? path : tools.folder + "/" + path)
    }
  }
}
