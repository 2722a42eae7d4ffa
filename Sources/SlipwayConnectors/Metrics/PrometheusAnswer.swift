internal import Foundation
internal import SlipwayModel

/// What Prometheus answers to an instant query.
struct PrometheusAnswer {
  /// One number with the labels of its series; a scalar has none.
  struct Series {
    let labels: [String: String]
    let value: Double
  }

  let series: [Series]
  /// Prometheus' own clock in seconds; nil without series.
  let time: Double?

  /// Reads the body of a successful answer.
  init(_ body: Data, to query: String) throws(ConnectorError) {
    guard let document = try? JSONDecoder().decode(Document.self, from: body), document.status == "success",
      let data = document.data
    else { throw Self.nonsense("is not of the form of Prometheus' API", query) }
    switch data.result {
    case .vector(let series):
      self.series = series.map { Series(labels: $0.metric, value: $0.value.number) }
      time = series.first?.value.time
    case .scalar(let point):
      series = [Series(labels: [:], value: point.number)]
      time = point.time
    case .other(let type):
      throw ConnectorError(
        .misconfigured, "the Prometheus query '\(query)' gives a \(type), not one number; remove the range in brackets")
    }
  }

  /// The reason that Prometheus gives in the body of a failure.
  static func complaint(in body: Data) -> String? {
    (try? JSONDecoder().decode(Document.self, from: body))?.error
  }

  /// The one number as a count; nil when there is no data: no series, or a value that is no number.
  func count(_ query: String) throws(ConnectorError) -> UInt64? {
    guard series.count <= 1 else {
      let shown = series.prefix(3).map { Self.shown($0.labels) }.joined(separator: ", ")
      throw ConnectorError(
        .garbage,
        "the Prometheus query '\(query)' gives \(series.count) series (\(shown)\(series.count > 3 ? ", …" : "")), and which one is "
          + "meant cannot be known; wrap it in sum(…)")
    }
    guard let value = series.first?.value, value.isFinite else { return nil }
    return try Self.count(value, query)
  }

  /// The buckets of a classic histogram; nil when there is no data.
  func histogram(_ query: String) throws(ConnectorError) -> LatencyHistogram? {
    guard !series.isEmpty, series.allSatisfy({ $0.value.isFinite }) else { return nil }
    var buckets: [(bound: Double, count: UInt64)] = []
    for one in series {
      guard let label = one.labels["le"], let bound = Double(label), !bound.isNaN else {
        throw Self.nonsense("has a series without a bound in 'le': \(Self.shown(one.labels))", query)
      }
      guard one.labels.count == 1 else {
        throw Self.nonsense(
          "has series with more labels than 'le': \(Self.shown(one.labels)); use sum by (le) (…)", query)
      }
      buckets.append((bound, try Self.count(one.value, query)))
    }
    buckets.sort { $0.bound < $1.bound }
    guard buckets.last?.bound == .infinity else { throw Self.nonsense("has no bucket le=\"+Inf\"", query) }
    let cumulative = buckets.map(\.count)
    guard zip(cumulative, cumulative.dropFirst()).allSatisfy({ $0 <= $1 }) else {
      throw Self.nonsense("has buckets that fall as 'le' rises, so they are not cumulative counts", query)
    }
    let counts = zip([0] + cumulative, cumulative).map { $1 - $0 }
    guard let histogram = LatencyHistogram(bounds: buckets.dropLast().map(\.bound), counts: counts) else {
      throw Self.nonsense("has two series for the same 'le'", query)
    }
    return histogram
  }

  /// Doubles count exactly up to here.
  private static let largest = 9_007_199_254_740_992.0

  private static func count(_ value: Double, _ query: String) throws(ConnectorError) -> UInt64 {
    guard value >= 0, value <= largest, value == value.rounded() else {
      throw ConnectorError(
        .misconfigured,
        "the Prometheus query '\(query)' gives \(value), which is no count of requests; ask for the counter itself, not for "
          + "its rate or increase")
    }
    return UInt64(value)
  }

  private static func nonsense(_ fault: String, _ query: String) -> ConnectorError {
    ConnectorError(.garbage, "Prometheus' answer to '\(query)' \(fault)")
  }

  private static func shown(_ labels: [String: String]) -> String {
    "{"
      + labels.sorted { $0.key < $1.key }.prefix(6).map { "\($0.key)=\"\($0.value.prefix(60))\"" }.joined(
        separator: ",") + "}"
  }
}

extension PrometheusAnswer {
  fileprivate struct Document: Decodable {
    var status: String
    var data: Body?
    var error: String?
  }

  fileprivate struct Body: Decodable {
    enum Result {
      case vector([Sample])
      case scalar(Point)
      case other(String)
    }

    let result: Result

    enum CodingKeys: CodingKey {
      case resultType, result
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      switch try container.decode(String.self, forKey: .resultType) {
      case "vector": result = .vector(try container.decode([Sample].self, forKey: .result))
      case "scalar": result = .scalar(try container.decode(Point.self, forKey: .result))
      case let other: result = .other(String(other.prefix(20)))
      }
    }
  }

  fileprivate struct Sample: Decodable {
    var metric: [String: String]
    var value: Point
  }

  /// A time and a number, the number as text so that it can be NaN.
  fileprivate struct Point: Decodable {
    let time: Double
    let number: Double

    init(from decoder: any Decoder) throws {
      var container = try decoder.unkeyedContainer()
      time = try container.decode(Double.self)
      let text = try container.decode(String.self)
      guard let number = Double(text), container.isAtEnd else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not a number")
      }
      self.number = number
    }
  }
}
