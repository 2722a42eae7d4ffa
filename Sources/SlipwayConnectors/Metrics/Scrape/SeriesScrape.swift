internal import SlipwayModel

/// Series by hand, or those of a product whose counters add up as they stand.
struct SeriesScrape: ScrapeReader {
  let title: String
  private let requests: SeriesSum
  private let errors: SeriesSum
  private let latency: SeriesSum?
  private let unit: LatencyUnit
  private let slots: SlotNames?

  init(_ spec: ScrapeSpec) throws(ConnectorError) {
    title = spec.product?.rawValue ?? "scrape"
    slots = spec.names
    if let product = spec.product {
      guard let series = product.series, spec.names != nil else { throw Self.lacksNames(product) }
      requests = try Self.parsed("requests", series.requests)
      errors = try Self.parsed("errors", series.errors)
      latency = if let text = series.latency { try Self.parsed("latency", text) } else { nil }
      unit = series.unit
      return
    }
    guard let all = spec.requests, let wrong = spec.errors else {
      throw ConnectorError(
        .misconfigured, "metrics are scraped, but neither a product nor series for requests and errors are named")
    }
    requests = try Self.parsed("requests", all)
    errors = try Self.parsed("errors", wrong)
    latency = if let text = spec.latency { try Self.parsed("latency", text) } else { nil }
    unit = spec.latencyUnit
    guard case .both = spec.url else { return }
    for (what, sum) in [("requests", requests), ("errors", errors)] + (latency.map { [("latency", $0)] } ?? [])
    where !sum.tellsSlotsApart {
      throw ConnectorError(
        .misconfigured,
        "the series of '\(what)' name neither ${slot} nor ${release}, so blue and green would get the same figures; "
          + "select by one of them, or give each slot its own address")
    }
  }

  static func lacksNames(_ product: ScrapeProduct) -> ConnectorError {
    ConnectorError(
      .misconfigured, "what \(product.rawValue) calls the two slots is not said; add names: {a: …, b: …}")
  }

  private static func parsed(_ what: String, _ text: String) throws(ConnectorError) -> SeriesSum {
    do throws(SyntaxProblem) {
      return try SeriesSum(text)
    } catch {
      throw ConnectorError(.misconfigured, "the series of '\(what)' cannot be read: \(error)")
    }
  }

  var names: Set<String> {
    Set([requests, errors, latency].compactMap(\.self).flatMap { $0.selectors.map(\.name) })
  }

  func figures(
    of slot: Slot, release: ReleaseID?, in document: Exposition, _ endpoint: MetricsEndpoint
  ) throws(ConnectorError) -> SlotFigures {
    var facts = ["slot": slot.rawValue]
    facts["release"] = release?.text
    facts["name"] = slots?[slot]
    guard let all = requests.filled(facts), let wrong = errors.filled(facts) else { return .noRelease(slot) }
    var counts: [UInt64] = []
    for sum in [all, wrong] {
      switch document.value(of: sum) {
      case .missing(let why): return SlotFigures(missing: "\(endpoint.name) has no figures of slot \(slot): \(why)")
      case .value(let value):
        guard let count = Count.exactly(value) else {
          throw endpoint.error(.garbage, "gives \(value) for slot \(slot), which is no count of requests")
        }
        counts.append(count)
      }
    }
    var figures = SlotFigures(SlotCounters(requests: counts[0], serverErrors: counts[1]))
    if !document.has(all) {
      figures.missing = "\(endpoint.name) has counted nothing of slot \(slot) so far; is its name right?"
    }
    guard let sum = latency?.filled(facts) else { return figures }
    do throws(BucketProblem) {
      figures.counters?.latency = try document.histogram(of: sum, unit: unit)
    } catch {
      throw endpoint.error(.garbage, error.description)
    }
    if figures.counters?.latency == nil { figures.missing = "\(endpoint.name) has no latencies of slot \(slot)" }
    return figures
  }
}
