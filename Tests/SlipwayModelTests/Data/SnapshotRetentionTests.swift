import SlipwayModel
import Testing

@Suite("Which snapshots may go")
struct SnapshotRetentionTests {
  private let rule = SnapshotRetention(keep: 2, keepFor: .hours(24))
  private let now = Timestamp(milliseconds: 1_780_000_000_000)

  private func candidate(_ id: SnapshotID, _ environment: EnvironmentName, hours: Int64) -> SnapshotRetention.Candidate
  {
    SnapshotRetention.Candidate(id: id, environment: environment, takenAt: now - .hours(hours))
  }

  @Test("B14: the last ones of each environment stay, the young ones, and those that a way back needs")
  func table() {
    let verdicts = rule.judge(
      [
        candidate("p1", "production", hours: 100), candidate("p2", "production", hours: 90),
        candidate("p3", "production", hours: 80), candidate("p4", "production", hours: 20),
        candidate("p5", "production", hours: 10), candidate("p6", "production", hours: 1),
        candidate("s1", "staging", hours: 500), candidate("s2", "staging", hours: 400),
        candidate("s3", "staging", hours: 300), candidate("future", "odd", hours: -5),
      ], needed: ["p1"], at: now)
    let reasons = Dictionary(uniqueKeysWithValues: verdicts.map { ($0.id, $0.reason) })
    #expect(
      reasons == [
        "p1": .needed, "p2": .old, "p3": .old, "p4": .young, "p5": .recent, "p6": .recent, "s1": .old, "s2": .recent,
        "s3": .recent, "future": .recent,
      ])
    #expect(verdicts.map(\.takenAt) == verdicts.map(\.takenAt).sorted())
  }

  @Test("whatever there is: no needed one goes, no young one, and of each environment as many stay as are asked for")
  func properties() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<500 {
      let candidates = (0..<Int.random(in: 0...20, using: &random)).map { number in
        candidate(
          SnapshotID("s\(number)"), Bool.random(using: &random) ? "a" : "b",
          hours: Int64.random(in: -10...200, using: &random))
      }
      let needed = Set(candidates.map(\.id).filter { _ in Int.random(in: 0..<4, using: &random) == 0 })
      let rule = SnapshotRetention(keep: Int.random(in: 0...5), keepFor: .hours(Int64.random(in: 0...100)))
      let verdicts = rule.judge(candidates, needed: needed, at: now)
      #expect(Set(verdicts.map(\.id)) == Set(candidates.map(\.id)))
      for verdict in verdicts where verdict.goes {
        #expect(!needed.contains(verdict.id) && now - verdict.takenAt > rule.keepFor)
        let newer = verdicts.filter {
          $0.environment == verdict.environment && $0.takenAt >= verdict.takenAt && $0.id != verdict.id
        }
        #expect(newer.count >= rule.keep)
      }
    }
  }
}
