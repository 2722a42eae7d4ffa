import Foundation
import Testing

@Suite("Example: canary-sop", .serialized)
struct CanaryExampleTests {
  @Test(
    "B10, B11, C1, C3, C4, C5, C6, C7, C8, C9, C11: the canary procedure as a user plays it: one release goes through, three come back, and evidence says so"
  )
  func all() async throws {
    try await ExampleFolder.with("canary-sop") { example in
      let output = try await example.play("all")
      #expect(output.text.contains("all as expected"))
      try await good(example)
      try await smokeFails(example)
      try await breach(example)
      try await restore(example)
      try await customers(example)
      #expect(try example.leaks() == [], "no password stands anywhere but where it belongs")
    }
  }

  private func good(_ example: ExampleFolder) async throws {
    let evidence = try example.evidence("good")
    try await evidence.expectWhole(status: "success")
    try evidence.expectInputs(release: "1.1.0")
    try await evidence.expectBackup(in: example)
    #expect(try evidence.shifts().starts(with: ["shift-10", "shift-50", "shift-100"]))
    try evidence.expectCutover()
    #expect(try evidence.values(of: "step", in: "stability_metrics.json").count == 3)
    #expect(try evidence.object("rollback.json")["happened"] as? Bool == false)
    let smoke = try evidence.text("smoke_tests.json")
    for name in ["smoke", "flow-order", "flow-upload"] { #expect(smoke.contains(name)) }
    let handoff = try String(contentsOf: example.folder.appending(path: "work/handoff.md"), encoding: .utf8)
    #expect(handoff.contains("1.1.0") && handoff.contains(evidence.run))
  }

  private func smokeFails(_ example: ExampleFolder) async throws {
    let evidence = try example.evidence("smoke-fails")
    try await evidence.expectWhole(status: "failed")
    try evidence.expectInputs(release: "1.2.0")
    #expect(try evidence.text("smoke_tests.json").contains("flow-upload"))
    #expect(try evidence.shifts() == [], "nobody was sent to it")
    #expect(try evidence.object("cutover.json")["cutover_at"] as? String == nil)
  }

  private func breach(_ example: ExampleFolder) async throws {
    let evidence = try example.evidence("breach")
    try await evidence.expectWhole(status: "rolled_back")
    try evidence.expectInputs(release: "1.3.0")
    try await evidence.expectBackup(in: example)
    #expect(try evidence.shifts().first == "shift-10")
    let back = try evidence.stepsBack()
    #expect(
      back.starts(with: ["rollback-shift-0", "rollback-drain-green", "rollback-restore", "rollback-verify"]), "\(back)")
    try await evidence.expectLoss(of: "public.orders", in: example)
  }

  private func restore(_ example: ExampleFolder) async throws {
    let evidence = try example.evidence("restore")
    try await evidence.expectWhole(status: "aborted")
    try evidence.expectInputs(release: "1.4.0")
    try await evidence.expectBackup(in: example)
    #expect(try evidence.stepsBack().contains("rollback-restore"))
    #expect(try evidence.text("rollback.json").contains("INC-42"))
    try await evidence.expectLoss(of: "public.orders", in: example)
    #expect(try await example.sql("SELECT max(version) FROM schema_migrations", in: "shop_production") == "2")
    #expect(try await example.sql("SELECT count(*) FROM orders WHERE cents = 0", in: "shop_production") == "0")
    let missing = try await example.sql("SELECT path FROM uploads", in: "shop_production").split(separator: "\n").filter
    {
      !FileManager.default.fileExists(atPath: example.folder.appending(path: "work/files/production/\($0)").path)
    }
    #expect(missing == [], "every upload of the restored data has its file")
  }

  /// Traffic moved eight times, and nobody was left without an answer.
  private func customers(_ example: ExampleFolder) async throws {
    let data = try Data(contentsOf: example.folder.appending(path: "work/customers.json"))
    let seen = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(seen["lost"] as? Int == 0, "\(seen)")
    let served = try #require(seen["served"] as? [String: Int])
    #expect(Set(served.keys).isSuperset(of: ["1.0.0", "1.1.0", "1.3.0", "1.4.0"]), "\(served)")
    #expect(served["1.2.0"] == nil, "a release whose smoke tests failed serves nobody")
  }
}
