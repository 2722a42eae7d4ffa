/// A figure of a watch that rules judge by name, in the units that people write into such rules.
package enum RuleFigure: Sendable, Hashable {
  /// Failed requests of a hundred.
  case errorRate
  /// A percentile of latency in milliseconds.
  case latency(percentile: Int)
  /// Requests a second.
  case throughput
  /// A reading that the environment's `gauges:` name, in its own unit.
  case gauge(String)

  /// The percentiles that are known by name.
  package static let percentiles = [50, 90, 95, 99]

  /// The figure of this name; one that is not known is a gauge's.
  package init(name: String) {
    if let percentile = Self.percentiles.first(where: { name == "p\($0)" || name == "response_time_p\($0)" }) {
      self = .latency(percentile: percentile)
    } else if name == "error_rate" {
      self = .errorRate
    } else if name == "throughput" {
      self = .throughput
    } else {
      self = .gauge(name)
    }
  }

  /// How the figure is called in the pipeline file.
  package var name: String {
    switch self {
    case .errorRate: "error_rate"
    case .latency(let percentile): "p\(percentile)"
    case .throughput: "throughput"
    case .gauge(let name): name
    }
  }
}

extension RuleFigure: Codable {
  package init(from decoder: any Decoder) throws {
    self.init(name: try decoder.singleValueContainer().decode(String.self))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(name)
  }
}
