package import AsyncHTTPClient
internal import Foundation
package import SlipwayModel

/// A service that gives sums per interval.
protocol IntervalService: Sendable {
  /// Begins the sample's source.
  var title: String { get }
  /// Bounds a whole reading.
  var endpoint: MetricsEndpoint { get }

  /// The sums of each slot in `window`; a slot that cannot be asked about is absent.
  func sums(
    in window: IntervalLedger.Window, releases: [Slot: ReleaseID], now: Timestamp
  ) async throws(ConnectorError) -> [Slot: IntervalSums]
}

/// Cumulative counters made of the sums per interval that a hosted service gives.
///
/// It is asked once for each interval that closes, however often the watch looks. The figures are as old as the interval and its delay.
package struct IntervalSource: CounterSource {
  private let service: any IntervalService
  private let ledger: IntervalLedger

  init(_ service: any IntervalService, _ timing: IntervalTiming) {
    self.service = service
    ledger = IntervalLedger(timing)
  }

  package func sample(now: Timestamp, releases: [Slot: ReleaseID]) async throws(ConnectorError) -> CounterSample {
    if let window = ledger.window(at: now) {
      let service = service
      let sums = try await service.endpoint.bounded("sums") { () throws(ConnectorError) in
        try await service.sums(in: window, releases: releases, now: now)
      }
      ledger.take(sums, of: window)
    }
    return ledger.sample(at: now, source: service.title)
  }

  /// From Datadog.
  package static func datadog(
    _ spec: DatadogSpec, secrets: SecretSource, client: HTTPClient
  ) throws(ConnectorError) -> IntervalSource {
    IntervalSource(try DatadogService(spec, secrets: secrets, client: client), spec.timing)
  }

  /// From CloudWatch.
  package static func cloudWatch(
    _ spec: CloudWatchSpec, secrets: SecretSource, client: HTTPClient
  ) throws(ConnectorError) -> IntervalSource {
    IntervalSource(CloudWatchService(spec, secrets: secrets, client: client), spec.timing)
  }

  /// From New Relic.
  package static func newRelic(
    _ spec: NewRelicSpec, secrets: SecretSource, client: HTTPClient
  ) throws(ConnectorError) -> IntervalSource {
    IntervalSource(try NewRelicService(spec, secrets: secrets, client: client), spec.timing)
  }

  /// From Graphite.
  package static func graphite(
    _ spec: GraphiteSpec, secrets: SecretSource, client: HTTPClient
  ) throws(ConnectorError) -> IntervalSource {
    IntervalSource(try GraphiteService(spec, secrets: secrets, client: client), spec.timing)
  }
}

extension MetricsEndpoint {
  /// Sums of points in time, each a second and a number; a point without a number says nothing.
  ///
  /// - Throws: `garbage` for a second that comes twice, `misconfigured` for a number that is no count or a point between two intervals.
  func sums(
    _ points: [(second: Double, value: Double?)], every: Span, subject: String
  ) throws(ConnectorError) -> [Int64: UInt64] {
    let step = max(1, every.milliseconds / 1_000)
    var sums: [Int64: UInt64] = [:]
    var seen: Set<Int64> = []
    for (second, value) in points {
      guard second.isFinite, second >= 0, second < 1e11 else { throw error(.garbage, "gives a point at no time") }
      let start = Int64(second)
      guard start.isMultiple(of: step) else {
        throw error(
          .misconfigured, "gives points of '\(subject)' that are not \(every) apart; ask for sums of just that length")
      }
      guard seen.insert(start).inserted else {
        throw error(.garbage, "gives two points of '\(subject)' for one interval")
      }
      guard let value, !value.isNaN else { continue }
      guard let count = Count.exactly(value) else {
        throw error(
          .misconfigured,
          "gives \(value) for '\(subject)', which is no count; ask for a sum per interval, not for a rate")
      }
      sums[start] = count
    }
    return sums
  }

  /// The document in an answer.
  func json(_ body: Data) throws(ConnectorError) -> JSONTree {
    do throws(ReportProblem) {
      return try JSONTree(body)
    } catch {
      throw self.error(.garbage, "answers with what is not JSON: it \(error.reason)")
    }
  }
}
