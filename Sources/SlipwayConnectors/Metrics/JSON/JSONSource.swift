package import AsyncHTTPClient
internal import Foundation
package import SlipwayModel

/// Cumulative counters from any JSON document, found by path.
package struct JSONSource: CounterSource {
  private let endpoints: [(slots: [Slot], endpoint: MetricsEndpoint)]
  private let requests: JSONPath
  private let errors: JSONPath
  private let process: JSONPath?

  /// - Parameters:
  ///   - spec: address and paths.
  ///   - secrets: resolves references in address and headers at each reading.
  ///   - client: must not follow redirects.
  /// - Throws: `misconfigured` when a path cannot be read or cannot tell the slots apart.
  package init(_ spec: JSONSourceSpec, secrets: SecretSource, client: HTTPClient) throws(ConnectorError) {
    requests = try JSONPath(configured: "requests", spec.requests)
    errors = try JSONPath(configured: "errors", spec.errors)
    process = if let text = spec.process { try JSONPath(configured: "process", text) } else { nil }
    if case .both = spec.url {
      for (what, path) in [("requests", requests), ("errors", errors)] where !path.tellsSlotsApart {
        throw ConnectorError(
          .misconfigured,
          "the JSON path of '\(what)' names neither ${slot} nor ${release}, so blue and green would get the same figures; "
            + "select by one of them, or give each slot its own address")
      }
    }
    endpoints = MetricsEndpoint.json(spec.url, spec.headers, spec.timeout, secrets, client)
  }

  package func sample(now: Timestamp, releases: [Slot: ReleaseID]) async throws(ConnectorError) -> CounterSample {
    var sample = CounterSample(at: now, source: "json", slots: [:])
    var failures: [ConnectorError] = []
    for (slots, endpoint) in endpoints {
      let wanted = slots.filter { slots.count > 1 || releases[$0] != nil }
      guard !wanted.isEmpty else { continue }
      do throws(ConnectorError) {
        let document = try await JSONTree.read(endpoint, now: now)
        for slot in wanted {
          sample.add(try figures(of: slot, release: releases[slot], in: document, endpoint), of: slot)
          if let life = process?.filled(slot: slot, release: releases[slot]).map(document.values(at:)), !life.isEmpty {
            sample.source += " \(slot) " + life.prefix(3).map { "\($0.shown)" }.joined(separator: ",")
          }
        }
      } catch {
        guard slots.count == 1, error.code != .misconfigured else { throw error }
        failures.append(error)
        sample.add(SlotFigures(missing: error.message), of: slots[0])
      }
    }
    if let failure = failures.first, sample.slots.isEmpty { throw failure }
    return sample
  }

  private func figures(
    of slot: Slot, release: ReleaseID?, in document: JSONTree, _ endpoint: MetricsEndpoint
  ) throws(ConnectorError) -> SlotFigures {
    guard let all = requests.filled(slot: slot, release: release),
      let wrong = errors.filled(slot: slot, release: release)
    else { return .noRelease(slot) }
    var counts: [UInt64] = []
    for (what, path) in [("requests", all), ("errors", wrong)] {
      guard let sum = try document.sum(at: path, what, endpoint) else {
        return SlotFigures(missing: "\(endpoint.name) has no \(what) of slot \(slot) where the path leads")
      }
      guard let count = Count.exactly(sum) else {
        throw endpoint.error(.garbage, "gives \(sum) as \(what) of slot \(slot), which is no count; is it a rate?")
      }
      counts.append(count)
    }
    return SlotFigures(SlotCounters(requests: counts[0], serverErrors: counts[1]))
  }
}

extension JSONPath {
  /// - Throws: `misconfigured`, with what is wrong.
  init(configured what: String, _ text: String) throws(ConnectorError) {
    do throws(SyntaxProblem) {
      self = try JSONPath(text)
    } catch {
      throw ConnectorError(.misconfigured, "the JSON path of '\(what)' cannot be read: \(error)")
    }
  }
}

extension JSONTree {
  /// Asks for a document and reads it.
  static func read(_ endpoint: MetricsEndpoint, now: Timestamp) async throws(ConnectorError) -> JSONTree {
    let body = try await endpoint.bounded("figures") { () throws(ConnectorError) in
      try await endpoint.ask(MetricsQuestion(), now: now)
    }
    return try endpoint.json(body)
  }

  /// The numbers at `path` added up; nil when there are none, or null alone.
  ///
  /// - Throws: `garbage` when something else than a number stands there.
  func sum(at path: JSONPath, _ what: String, _ endpoint: MetricsEndpoint) throws(ConnectorError) -> Double? {
    let found = values(at: path).filter { $0 != .null }
    guard !found.isEmpty else { return nil }
    var sum = 0.0
    for value in found {
      guard let number = value.number else {
        throw endpoint.error(.garbage, "has \(value.kind) where '\(what)' leads, not a number")
      }
      sum += number
    }
    return sum
  }

  private var kind: String {
    switch self {
    case .null: "nothing"
    case .boolean: "true or false"
    case .integer, .number: "a number"
    case .text: "a text"
    case .list: "a list"
    case .object: "an object"
    }
  }

  /// A short form for the name of a process' life.
  var shown: String {
    switch self {
    case .null: "null"
    case .boolean(let boolean): "\(boolean)"
    case .integer(let integer): "\(integer)"
    case .number(let number): "\(number)"
    case .text(let text): String(text.prefix(60))
    case .list, .object: "…"
    }
  }
}

extension MetricsEndpoint {
  /// Endpoints that answer with JSON and whose figures each one has.
  static func json(
    _ url: SlotURLs, _ headers: [String: SecretText], _ timeout: Span, _ secrets: SecretSource, _ client: HTTPClient
  ) -> [(slots: [Slot], endpoint: MetricsEndpoint)] {
    scraped("the figures", url, headers, timeout, secrets, client).map { slots, endpoint in
      var endpoint = endpoint
      endpoint.largest = 1 << 20
      endpoint.sizeHint = "is that the right address?"
      endpoint.example = "http://127.0.0.1:8080/stats"
      return (slots, endpoint)
    }
  }
}
