internal import Foundation
@testable internal import SlipwayConnectors
internal import SlipwayModel

/// What counters and gauges are read from: Prometheus' text format and its answers, JSON by path, what commands print.
struct MetricsTarget: FuzzTarget {
  private static let names: Set<String> = ["requests_total", "seconds_bucket", "up"]

  static func seeds() -> [Data] {
    [
      "# TYPE requests_total counter\nrequests_total{slot=\"a\",code=\"200\"} 10 1395066363000\nrequests_total{slot=\"b\"} NaN\n",
      "# TYPE seconds histogram\nseconds_bucket{le=\"0.1\"} 5 # {id=\"x\"} 0.1\nseconds_bucket{le=\"+Inf\"} 6\n# EOF\n",
      "up{a=\"\\\\\\\"\\n\",} 1e3\n", "$.pools[?(@.name=='main')]['in_use'][-1].*",
      "requests_total{slot=\"a\",code=~\"5..\"} + up",
      "requests=10 errors=1 process=x", "{\"requests\":10,\"errors\":1}",
      "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{\"le\":\"1\"},\"value\":[1,\"2\"]}]}}",
      "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{\"metric\":{},\"values\":[[1,\"2\"]]}]}}",
      "{\"count\":\"2\",\"sum\":\"1\",\"buckets\":[[0,\"1\",\"2\",\"2\"]]}",
    ].map { Data($0.utf8) }
  }

  func take(_ data: Data) {
    let text = String(decoding: data, as: UTF8.self)
    takeExposition(data)
    if let sum = try? SeriesSum(text) {
      insist(!sum.selectors.isEmpty, "a sum of nothing")
      for selector in sum.selectors { _ = selector.test().fits(["slot": "a", "code": "500"]) }
      _ = sum.filled(["slot": "a"])
    }
    if let path = try? JSONPath(text), let document = try? JSONTree(Data("{\"a\":[1,{\"b\":2}]}".utf8)) {
      insist(document.values(at: path).count <= 4, "more than there is")
      _ = path.filled(slot: .a, release: "1")
    }
    if let value = try? JSONTree(data) { _ = (value.number, value.shown) }
    if let printed = PrintedFigures(text), printed.counters == nil {
      insist(text.allSatisfy { $0.isWhitespace }, "no figures, but not empty")
    }
    if let answer = try? PrometheusAnswer(data, to: "q") {
      _ = (try? answer.count("q"), try? answer.histogram("q"), answer.emptiness)
    }
    _ = try? PrometheusAnswer.points(in: data, of: "q")
    if let native = try? JSONDecoder().decode(NativeHistogram.self, from: data), let grid = native.onGrid(.milliseconds)
    {
      insist(Double(grid.total) == Double(native.count), "counts were lost")
    }
  }

  private func takeExposition(_ data: Data) {
    guard let document = try? Exposition(data, wanting: Self.names) else { return }
    insist(document.series.keys.allSatisfy { Self.names.contains($0) }, "what nobody wanted")
    for name in Self.names {
      guard let sum = try? SeriesSum(name) else { continue }
      if case .value(let value) = document.value(of: sum) { insist(value.isFinite || value.isInfinite, "a sum of NaN") }
      if let histogram = try? document.histogram(of: sum, unit: .seconds) {
        insist(histogram.total >= 0, "less than none")
      }
    }
  }
}
