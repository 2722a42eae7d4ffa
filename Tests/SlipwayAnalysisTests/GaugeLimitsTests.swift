import SlipwayAnalysis
import SlipwayModel
import Testing

@Suite("Watch: limits of gauges")
struct GaugeLimitsTests {
  private let memory = GaugeSpec(
    name: "memory", unit: "MiB", query: .command("x", timeout: .seconds(1)),
    limits: [WatchLimit(.rollBack, .above, 900), WatchLimit(.pause, .above, 500)])
  private let disk = GaugeSpec(
    name: "disk", query: .disk(path: "/"), limits: [WatchLimit(.pause, .below, 0.1), WatchLimit(.alert, .below, 0.2)])
  private let pool = GaugeSpec(name: "pool", query: .process(.files))

  private func sample(_ gauges: [Slot: [String: Double]]) -> CounterSample {
    CounterSample(at: Timestamp(milliseconds: 0), source: "x", slots: [:], gauges: gauges)
  }

  @Test("C5: the newest reading of green is judged alone, worst first, whatever the order of the gauges")
  func findings() {
    let readings = sample([.b: ["memory": 912, "disk": 0.15, "pool": 1e9], .a: ["memory": 9_999, "disk": 0]])
    for specs in [[memory, disk, pool], [pool, disk, memory]] {
      let result = GaugeLimits.judge(specs, green: .b, sample: readings)
      #expect(result.missing.isEmpty)
      #expect(result.findings.map(\.consequence) == [.rollBack, .pause, .alert])
      #expect(result.findings.map(\.gauge) == ["memory", "memory", "disk"])
      #expect(result.findings.first?.text == "gauge 'memory' 912 MiB is above 900 MiB on green")
    }
    let calm = GaugeLimits.judge([memory, disk], green: .b, sample: sample([.b: ["memory": 500, "disk": 0.2]]))
    #expect(calm == GaugeLimits.Result(), "exactly on a bound crosses nothing")
  }

  @Test("C5: a reading that is missing or no number is never taken for a good one")
  func missing() {
    for value in [nil, Double.nan, .infinity] {
      let result = GaugeLimits.judge([memory, pool], green: .b, sample: sample([.b: ["memory": value ?? .nan]]))
      #expect(result.findings.isEmpty && result.missing.count == 1)
      let healthy = WatchJudgement(verdict: .healthy, reason: "well")
      let judged = GaugeLimits.adding(result, to: healthy)
      #expect(judged.verdict == .undecided && judged.reason.contains("'memory' cannot be judged"))
    }
    #expect(GaugeLimits.judge([pool], green: .b, sample: sample([:])).missing.isEmpty, "no limit, nothing to judge")
  }

  @Test("C5: what gauges add makes a verdict worse or leaves it, never better")
  func adding() {
    let rank: [WatchVerdict: Int] = [
      .healthy: 0, .undecided: 1, .noData: 1, .environment: 2, .pause: 2, .breach: 3, .error: 4,
    ]
    let results = [
      GaugeLimits.Result(), GaugeLimits.judge([memory], green: .b, sample: sample([.b: ["memory": 1_000]])),
      GaugeLimits.judge([memory], green: .b, sample: sample([.b: ["memory": 600]])),
      GaugeLimits.judge([disk], green: .b, sample: sample([.b: ["disk": 0.15]])),
      GaugeLimits.judge([memory, disk], green: .b, sample: sample([.b: ["disk": 0.15]])),
    ]
    for verdict in WatchVerdict.allCases {
      for (result, least) in zip(results, [0, 3, 2, 0, 1]) {
        let judged = GaugeLimits.adding(result, to: WatchJudgement(verdict: verdict, reason: "counts"))
        let before = rank[verdict] ?? 0
        let after = rank[judged.verdict] ?? 0
        #expect(after >= before, "\(verdict) became \(judged.verdict)")
        #expect(after >= least || verdict == .breach, "\(verdict): \(judged)")
        #expect(judged.findings == result.findings)
        for text in result.findings.map(\.text) + result.missing {
          #expect(judged.reason.contains(text), "\(verdict): \(judged.reason)")
        }
      }
    }
  }
}
