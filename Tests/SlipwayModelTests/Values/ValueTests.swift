import Foundation
import SlipwayModel
import Testing

@Suite("Values: splits, digests, secrets, counters")
struct ValueTests {
  @Test("a split gives 100 percent in sum, or nothing before the first deployment", arguments: -5...105)
  func splits(percent: Int) {
    let share = min(100, max(0, percent))
    for green in Slot.allCases {
      let split = Split(green: green, percent: percent, blue: green.other)
      #expect(split[green] == share && split[green.other] == 100 - share && split.fallback == green.other)
      let first = Split(green: green, percent: percent, blue: nil)
      #expect(first[green] == share && first[green.other] == 0)
    }
    #expect(
      Split(readBackA: percent, b: 100 - percent, fallback: nil).map { $0.a == percent }
        == (share == percent ? true : nil))
  }

  @Test("numbers that are no split are refused")
  func noSplits() {
    #expect(Split(readBackA: 0, b: 0, fallback: nil) == Split.none)
    for (a, b) in [(50, 49), (-1, 101), (100, 100), (1, 0)] { #expect(Split(readBackA: a, b: b, fallback: nil) == nil) }
  }

  @Test("digests are SHA-256, print with their algorithm, and read nothing else")
  func digests() throws {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    #expect(Digest(of: Data()).description == "sha256:" + empty)
    #expect(Digest("sha256:" + empty.uppercased()) == Digest(of: Data()))
    for text in [
      empty, "sha512:" + empty, "sha256:" + empty.dropLast(), "sha256:" + empty + "0", "sha256:g" + empty.dropFirst(),
      "",
    ] {
      #expect(Digest(text) == nil)
    }
    #expect(try CanonicalJSON.decode(Digest.self, from: CanonicalJSON.encode(Digest(of: Data()))) == Digest(of: Data()))
    #expect(throws: DecodingError.self) { try CanonicalJSON.decode(Digest.self, from: Data("\"x\"".utf8)) }
  }

  @Test("B11: a secret prints nowhere")
  func secret() {
    struct Holder {
      var token = Secret("hunter2")
    }
    let secret = Secret("hunter2")
    var dumped = ""
    dump(secret, to: &dumped)
    dump(Holder(), to: &dumped)
    dump([secret], to: &dumped)
    let texts = [
      "\(secret)", String(describing: secret), String(reflecting: secret), String(reflecting: Holder()), "\(Holder())",
      "\([secret])", "\(Optional(secret) as Any)", "\(["k": secret])", dumped,
    ]
    for text in texts {
      #expect(!text.contains("hunter2"))
      #expect(text.contains("[REDACTED]"))
    }
    #expect(Mirror(reflecting: secret).children.isEmpty)
    #expect(secret.reveal { $0 } == "hunter2")
  }

  @Test(
    "references to secrets are found, and the parts give the text back",
    arguments: [
      ("plain", ["plain"]), ("", []), ("${env:A}", ["env A"]), ("Bearer ${env:A}!", ["Bearer ", "env A", "!"]),
      ("${file:/run/x}${env:B}", ["file /run/x", "env B"]), ("${HOME}", ["${HOME}"]), ("a${env:A", ["a${env:A"]),
      ("${T:-${env:T}}", ["${T:-", "env T", "}"]), ("$${env:A}", ["$", "env A"]), ("${}", ["${}"]),
    ])
  func references(text: String, parts: [String]) throws {
    let secret = SecretText(text)
    let found = secret.parts.map { part in
      switch part {
      case .literal(let text): text
      case .environment(let name): "env \(name)"
      case .file(let path): "file \(path)"
      }
    }
    #expect(found == parts)
    #expect(secret.isSecret == (found.contains { $0.hasPrefix("env ") || $0.hasPrefix("file ") }))
    #expect("\(secret)" == text)
    #expect(try CanonicalJSON.decode(SecretText.self, from: CanonicalJSON.encode(secret)) == secret)
  }

  @Test("latencies fall into the bucket whose bound they do not pass")
  func histogram() throws {
    var histogram = LatencyHistogram(bounds: [0.1, 0.5])
    for seconds in [0, 0.1, 0.100001, 0.5, 0.6, 99, -1, .nan, .infinity] { histogram.record(seconds: seconds) }
    #expect(histogram.counts == [3, 2, 4])
    #expect(histogram.total == 9)
    #expect(LatencyHistogram(bounds: [0.1], counts: [1]) == nil)
    #expect(LatencyHistogram(bounds: [0.5, 0.1], counts: [1, 2, 3]) == nil)
    #expect(LatencyHistogram(bounds: [0.1, 0.1], counts: [1, 2, 3]) == nil)
    let earlier = try #require(LatencyHistogram(bounds: [0.1, 0.5], counts: [1, 2, 0]))
    #expect(histogram.since(earlier)?.counts == [2, 0, 4])
    #expect(earlier.since(histogram) == nil, "a count went down: the source began anew")
    #expect(histogram.since(LatencyHistogram(bounds: [0.1])) == nil)
  }

  @Test("counters since an earlier reading; a reset of any of them loses the window")
  func counters() throws {
    var latency = LatencyHistogram(bounds: [1])
    let before = SlotCounters(requests: 10, serverErrors: 1, connectionErrors: 2, clientErrors: 3, latency: latency)
    latency.record(seconds: 0.5)
    let after = SlotCounters(requests: 15, serverErrors: 2, connectionErrors: 4, clientErrors: 3, latency: latency)
    let window = try #require(after.since(before))
    #expect(window.requests == 5 && window.errors == 3 && window.clientErrors == 0 && window.latency?.total == 1)
    #expect(before.since(after) == nil)
    let changes: [WritableKeyPath<SlotCounters, UInt64>] = [
      \.requests, \.serverErrors, \.connectionErrors, \.clientErrors,
    ]
    for change in changes {
      var reset = after
      reset[keyPath: change] = 0
      #expect(reset.since(before) == nil)
    }
    var without = after
    without.latency = nil
    #expect(without.since(before)?.latency == nil)
    #expect(after.since(without)?.latency?.total == 1)
  }

  @Test("F7: a measured value that is no number can be journaled and read again")
  func noNumbers() throws {
    let finding = WatchFinding(metric: .p99Increase, consequence: .rollBack, value: .infinity, bound: 1, text: "t")
    #expect(try CanonicalJSON.decode(WatchFinding.self, from: CanonicalJSON.encode(finding)) == finding)
    let limit = WatchLimit(.rollBack, .above, 0.05)
    #expect(limit.isCrossed(by: .nan) && limit.isCrossed(by: -.infinity) && limit.isCrossed(by: 0.051))
    #expect(!limit.isCrossed(by: 0.05) && !limit.isCrossed(by: 0))
  }

  @Test("severities and weekdays keep their order")
  func orders() {
    #expect(Severity.allCases.sorted() == [.low, .medium, .high, .critical])
    #expect(WatchLimit.Consequence.allCases.sorted() == [.alert, .pause, .rollBack])
    #expect(Weekday.allCases.map(\.rawValue) == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])
  }
}
