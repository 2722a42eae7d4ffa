internal import Foundation
internal import SlipwayModel

/// What Prometheus answers to an instant query.
struct PrometheusAnswer {
  /// One number, or one native histogram, with the labels of its series; a scalar has none.
  struct Series {
    let labels: [String: String]
    let value: Double
    var native: NativeHistogram?
  }

  let series: [Series]
  /// Prometheus' own clock in seconds; nil without series.
  let time: Double?

  /// Reads the body of a successful answer.
  init(_ body: Data, to query: String) throws(ConnectorError) {
    switch try Self.result(of: body, query) {
    case .vector(let series):
      self.series = series.map {
        Series(labels: $0.metric, value: $0.value?.number ?? .nan, native: $0.histogram?.histogram)
      }
      time = series.first?.time
    case .scalar(let point):
      series = [Series(labels: [:], value: point.number)]
      time = point.time
    case .matrix: throw Self.notOne("matrix", query)
    case .other(let type): throw Self.notOne(type, query)
    }
  }

  /// The points of the only series in the answer to a range query; none without series.
  static func points(in body: Data, of query: String) throws(ConnectorError) -> [Point] {
    guard case .matrix(let rows) = try result(of: body, query) else {
      throw nonsense("gives no points over time", query)
    }
    guard rows.count <= 1 else { throw nonsense("gives \(rows.count) series; wrap it in sum(…)", query) }
    return rows.first?.values ?? []
  }

  private static func result(of body: Data, _ query: String) throws(ConnectorError) -> Body.Result {
    guard let document = try? JSONDecoder().decode(Document.self, from: body), document.status == "success",
      let data = document.data
    else { throw nonsense("is not of the form of Prometheus' API", query) }
    return data.result
  }

  private static func notOne(_ type: String, _ query: String) -> ConnectorError {
    ConnectorError(
      .misconfigured, "the Prometheus query '\(query)' gives a \(type), not one number; remove the range in brackets")
  }

  /// The reason that Prometheus gives in the body of a failure.
  static func complaint(in body: Data) -> String? {
    (try? JSONDecoder().decode(Document.self, from: body))?.error
  }

  /// The kind of nothing that came: no series, or what is no number.
  var emptiness: String {
    guard let value = series.first(where: { !$0.value.isFinite })?.value else { return "empty" }
    return value.isNaN ? "NaN" : "infinite"
  }

  /// The one number; nil when there is no data: no series, or a value that is no number.
  func number(_ query: String) throws(ConnectorError) -> Double? {
    guard series.count <= 1 else {
      let shown = series.prefix(3).map { Self.shown($0.labels) }.joined(separator: ", ")
      throw ConnectorError(
        .garbage,
        "the Prometheus query '\(query)' gives \(series.count) series (\(shown)\(series.count > 3 ? ", …" : "")), and which one is "
          + "meant cannot be known; wrap it in sum(…)")
    }
    if series.first?.native != nil {
      throw ConnectorError(
        .misconfigured,
        "the Prometheus query '\(query)' gives a histogram, not one number; wrap it in histogram_count(…)")
    }
    guard let value = series.first?.value, value.isFinite else { return nil }
    return value
  }

  /// The one number as a count; nil when there is no data.
  func count(_ query: String) throws(ConnectorError) -> UInt64? {
    try number(query).map { value throws(ConnectorError) in try Self.count(value, query) }
  }

  /// The buckets of a classic histogram, or of one native histogram on a fixed grid; nil when there is no data.
  func histogram(_ query: String, unit: LatencyUnit = .seconds) throws(ConnectorError) -> LatencyHistogram? {
    if series.contains(where: { $0.native != nil }) { return try native(query, unit) }
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
      buckets.append((bound * unit.inSeconds, try Self.count(one.value, query)))
    }
    do throws(BucketProblem) {
      return try LatencyHistogram(cumulative: buckets)
    } catch {
      throw Self.nonsense(error.description, query)
    }
  }

  private func native(_ query: String, _ unit: LatencyUnit) throws(ConnectorError) -> LatencyHistogram {
    guard series.count == 1, let native = series.first?.native else {
      throw Self.nonsense("has \(series.count) series beside a native histogram; wrap it in sum(…)", query)
    }
    guard let histogram = native.onGrid(unit) else {
      throw Self.nonsense("has a native histogram whose buckets are no counts; ask for it, not for its rate", query)
    }
    return histogram
  }

  private static func count(_ value: Double, _ query: String) throws(ConnectorError) -> UInt64 {
    guard let count = Count.exactly(value) else {
      throw ConnectorError(
        .misconfigured,
        "the Prometheus query '\(query)' gives \(value), which is no count of requests; ask for the counter itself, not for "
          + "its rate or increase")
    }
    return count
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
      case matrix([Row])
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
      case "matrix": result = .matrix(try container.decode([Row].self, forKey: .result))
      case let other: result = .other(String(other.prefix(20)))
      }
    }
  }

  fileprivate struct Sample: Decodable {
    var metric: [String: String]
    var value: Point?
    var histogram: NativePoint?
    var time: Double

    enum CodingKeys: CodingKey {
      case metric, value, histogram
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      metric = try container.decode([String: String].self, forKey: .metric)
      value = try container.decodeIfPresent(Point.self, forKey: .value)
      histogram = try container.decodeIfPresent(NativePoint.self, forKey: .histogram)
      guard let time = value?.time ?? histogram?.time else {
        throw DecodingError.dataCorruptedError(forKey: .value, in: container, debugDescription: "neither is there")
      }
      self.time = time
    }
  }

  fileprivate struct Row: Decodable {
    var values: [Point]?
  }

  fileprivate struct NativePoint: Decodable {
    let time: Double
    let histogram: NativeHistogram

    init(from decoder: any Decoder) throws {
      var container = try decoder.unkeyedContainer()
      time = try container.decode(Double.self)
      histogram = try container.decode(NativeHistogram.self)
    }
  }

  /// A time and a number, the number as text so that it can be NaN.
  struct Point: Decodable {
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
