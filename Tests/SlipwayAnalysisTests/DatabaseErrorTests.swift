import SlipwayAnalysis
import SlipwayModel
import Testing

@Suite("Watch: errors of the database")
struct DatabaseErrorTests {
  private func judge(_ counts: [Int?]) -> WatchJudgement {
    let samples = counts.enumerated().map { place, count in
      let requests = UInt64(place) * 1_000
      return CounterSample(
        at: Timestamp(milliseconds: Int64(place) * 2_000), source: "s",
        slots: [.b: SlotCounters(requests: requests)], databaseErrors: count.map { [.b: $0] } ?? [:])
    }
    let rule = WatchRule(.databaseErrors, [WatchLimit(.rollBack, .above, 0)])
    return WatchJudge.judge(
      spec: WatchSpec(rules: [rule]), green: .b, blue: nil, samples: samples,
      now: Timestamp(milliseconds: Int64(counts.count) * 2_000))
  }

  @Test("B8: one connection to the database that ends in an error rolls back; older ones do not count")
  func oneError() {
    #expect(judge([7, 7, 7]).verdict == .healthy)
    let broken = judge([7, 7, 8])
    #expect(broken.verdict == .breach)
    #expect(broken.reason.contains("1 error of connections to green's database"))
  }

  @Test("B8: where nobody counts, the watch is undecided and never healthy")
  func nobodyCounts() {
    #expect(judge([7, 7, nil]).verdict == .undecided)
  }
}
