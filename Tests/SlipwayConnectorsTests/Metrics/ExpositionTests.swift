import Foundation
import SlipwayModel
import Testing

@testable import SlipwayConnectors

@Suite("Prometheus' text format")
struct ExpositionTests {
  private static let sample = #"""
    # HELP http_requests_total What was asked.
    # TYPE http_requests_total counter
    http_requests_total{slot="a",code="200"} 1027 1395066363000
    http_requests_total{slot="a",code="500"} 3
    http_requests_total{slot="b",code="200"} 7
    # a comment

    odd_names:total{path="C:\\DIR\\FILE.TXT",error="Cannot find \"x\"\nback",} 1.458255915e9
    without_labels 12.47
    broken NaN
    endless +Inf
    # TYPE seconds histogram
    seconds_bucket{slot="a",le="0.1"} 5 # {trace_id="KOO5"} 0.09 1520879607.7
    seconds_bucket{slot="a",le="+Inf"} 6
    seconds_sum{slot="a"} 0.7
    seconds_count{slot="a"} 6
    empty{} 1

    """#

  private static let names: Set<String> = [
    "http_requests_total", "odd_names:total", "without_labels", "broken", "endless", "seconds_bucket", "empty",
  ]

  private static func read(_ text: String) throws -> Exposition { try Exposition(Data(text.utf8), wanting: names) }

  private static func value(_ text: String, in document: Exposition) throws -> Double? {
    if case .value(let value) = document.value(of: try SeriesSum(text)) { value } else { nil }
  }

  @Test("names, labels, escapes, times, exemplars and special numbers are read")
  func whole() throws {
    let document = try Self.read(Self.sample)
    #expect(document.series["http_requests_total"]?.map(\.value) == [1_027, 3, 7])
    #expect(
      document.series["odd_names:total"]?.first?.labels
        == ["path": "C:\\DIR\\FILE.TXT", "error": "Cannot find \"x\"\nback"])
    #expect(document.series["broken"]?.first?.value.isNaN == true)
    #expect(document.series["endless"]?.first?.value == .infinity)
    #expect(document.series["seconds_sum"] == nil, "nobody wants it")
    #expect(document.known.contains("seconds_sum"))
    #expect(document.single("without_labels") == 12.47)
    #expect(document.single("http_requests_total") == nil)
  }

  @Test(
    "sums follow names and matchers; what was never counted is 0 where the name is known, and no figure where it is not"
  )
  func sums() throws {
    let document = try Self.read(Self.sample)
    #expect(try Self.value("http_requests_total", in: document) == 1_037)
    #expect(try Self.value(#"http_requests_total{slot="a"}"#, in: document) == 1_030)
    #expect(try Self.value(#"http_requests_total{slot="a",code=~"5.."}"#, in: document) == 3)
    #expect(try Self.value(#"http_requests_total{slot!="a"} + http_requests_total{code!~"2.."}"#, in: document) == 10)
    #expect(try Self.value(#"http_requests_total{slot="b",code=~"5.."}"#, in: document) == 0)
    #expect(try Self.value(#"http_requests_total{slot=~"a|b",code=~"5"}"#, in: document) == 0, "anchored")
    #expect(try Self.value("http_request_total", in: document) == nil)
    #expect(try Self.value("broken", in: document) == nil)
    #expect(try Self.value("endless", in: document) == nil)
    let histogram = try document.histogram(of: SeriesSum(#"seconds_bucket{slot="a"}"#), unit: .milliseconds)
    #expect(histogram == LatencyHistogram(bounds: [0.0001], counts: [5, 1]))
    let untouched = try document.histogram(of: SeriesSum(#"seconds_bucket{slot="b"}"#), unit: .seconds)
    #expect(untouched == LatencyHistogram(bounds: [0.1], counts: [0, 0]))
  }

  @Test(
    "what is damaged is refused whole",
    arguments: [
      "a 1", "a", "a x\n", "1a 1\n", "a{ 1\n", "a{b} 1\n", "a{b=\"c} 1\n", "a{b=\"c\"d=\"e\"} 1\n", "a{b=c} 1\n",
      "a{b=\"\\x\"} 1\n", "<html>\n", "a 1 x\n", "a 1 2 3\n", "{\"status\":1}\n", "# EOF\na 1\n",
      "a{b=\"c\",b=\"d\"} 1\n",
      "a{b=\"1\"} 1\na{b=\"1\"} 2\n", "a 1\r\n", "a{b=\"c\n\"} 1\n",
    ])
  func damaged(text: String) {
    #expect(throws: ExpositionProblem.self) { try Exposition(Data(text.utf8), wanting: ["a"]) }
  }

  @Test("cut anywhere, it is refused or means no more than its whole lines", arguments: 0..<4)
  func cut(part: Int) throws {
    let bytes = Data(Self.sample.utf8)
    for count in stride(from: part + 1, to: bytes.count, by: 4) {
      guard let document = try? Exposition(bytes.prefix(count), wanting: Self.names) else { continue }
      #expect(bytes[count - 1] == 10, "a part of a line was taken: \(document)")
    }
  }

  @Test("changed at random, it never crashes, and what is read can be read again", arguments: 0..<8)
  func mutated(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<400 {
      var bytes = Data(Self.sample.utf8)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[place] = Array("{}\",=#\\\n +-.eN0".utf8).randomElement(using: &random) ?? 0
        default: bytes.remove(at: place)
        }
      }
      guard let document = try? Exposition(bytes, wanting: Self.names) else { continue }
      #expect(document.series.keys.allSatisfy(Self.names.contains))
      for (name, list) in document.series {
        #expect(document.known.contains(name))
        for series in list { #expect(series.labels.keys.allSatisfy { !$0.isEmpty }) }
      }
    }
  }

  @Test("series that cannot be read are refused in words; places in labels are filled and never taken for syntax")
  func selectors() throws {
    for text in [
      "", "rate(a[1m])", "a{", "a{b}", "a{b=c}", "a{b=\"c\"", "a / b", "a{b=~\"(\"}", "1a", "a +", "a{b==\"c\"}",
      "sum(a)",
    ] {
      #expect(throws: SyntaxProblem.self, "\(text)") { try SeriesSum(text) }
    }
    let sum = try SeriesSum(#"r{v="${release}",s=~"${slot}|x"}"#)
    #expect(sum.tellsSlotsApart)
    #expect(try !SeriesSum("r{a=\"b\"} + r{s=\"${slot}\"}").tellsSlotsApart)
    #expect(sum.filled(["slot": "a"]) == nil)
    let odd = try #require(sum.filled(["slot": ".*", "release": #"1"} + x{"#]))
    #expect(odd.selectors.count == 1)
    #expect(odd.selectors[0].test().fits(["v": #"1"} + x{"#, "s": ".*"]))
    #expect(!odd.selectors[0].test().fits(["v": #"1"} + x{"#, "s": "anything"]))
  }
}
