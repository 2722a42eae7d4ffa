import Foundation
import Testing

@Suite("Example: odoo-blue-green", .serialized)
struct OdooExampleTests {
  @Test(
    "B1, B3, B4, B5, B6, B7, B8, B9, B10, B11, B14: blue-green with data as a user plays it: staging's data become production's, and three releases come back"
  )
  func all() async throws {
    try await ExampleFolder.with("odoo-blue-green") { example in
      let output = try await example.play("all")
      #expect(output.text.contains("all as expected"))
      try await good(example)
      try await smokeFails(example)
      try await breach(example)
      try await restore(example)
      #expect(try example.leaks() == [], "no password stands anywhere but where it belongs")
    }
  }

  @Test(
    "B7, B9, C7: where the application knows one name, the cutover renames, and how long nobody was served is recorded")
  func swap() async throws {
    try await ExampleFolder.with("odoo-blue-green") { example in
      try await example.play("swap")
      let evidence = try example.evidence("swap")
      try await evidence.expectWhole(status: "success")
      try await evidence.expectBackup(in: example)
      let still = try evidence.object("cutover.json")["seconds_without_service"] as? Double
      #expect(try #require(still) > 0)
      #expect(try example.leaks() == [])
    }
  }

  private func good(_ example: ExampleFolder) async throws {
    let evidence = try example.evidence("good")
    try await evidence.expectWhole(status: "success")
    try evidence.expectInputs(release: "2.1")
    try await evidence.expectSnapshot(evidence.run + "-source", named: "staging_snapshot.json", in: example)
    try await evidence.expectBackup(in: example)
    try evidence.expectCutover()
    let smoke = try evidence.text("smoke_tests.json")
    for name in ["health-page", "database", "modules", "attachments", "sign-in"] { #expect(smoke.contains(name)) }
    let restored = try evidence.text("green_restore.json")
    #expect(restored.contains("odoo_production_"), "\(restored)")
    #expect(try evidence.values(of: "passed", in: "green_restore.json").allSatisfy { $0 as? Bool == true })
    #expect(try !evidence.values(of: "passed", in: "green_restore.json").isEmpty)
    let order = try evidence.order()
    for (before, after) in zip(
      ["snapshot", "backup", "restore", "verify-green", "shift-100"],
      ["backup", "restore", "verify-green", "shift-100", "watch-100"])
    {
      let places = (order.firstIndex(of: before), order.firstIndex(of: after))
      #expect(places.0 != nil && places.1 != nil && (places.0 ?? 0) < (places.1 ?? 0), "\(order)")
    }
  }

  private func smokeFails(_ example: ExampleFolder) async throws {
    let evidence = try example.evidence("smoke-fails")
    try await evidence.expectWhole(status: "failed")
    let smoke = try evidence.text("smoke_tests.json")
    #expect(smoke.contains("mail") && smoke.contains("to upgrade"), "the module is named: \(smoke)")
    #expect(try evidence.shifts() == [], "nobody was sent to it")
  }

  private func breach(_ example: ExampleFolder) async throws {
    let evidence = try example.evidence("breach")
    try await evidence.expectWhole(status: "rolled_back")
    #expect(try evidence.stepsBack().starts(with: ["rollback-shift-0", "rollback-drain-green"]))
    #expect(try evidence.stepsBack().contains("rollback-set-aside"))
    try evidence.expectCutover()
    try await evidence.expectLoss(of: "public.shop_order", in: example)
  }

  private func restore(_ example: ExampleFolder) async throws {
    let evidence = try example.evidence("restore")
    try await evidence.expectWhole(status: "success")
    #expect(try evidence.text("inputs.json").contains("INC-42"))
    #expect(
      try await example.sql("SELECT count(*) FROM shop_order WHERE name LIKE 'SO0%'", in: "odoo_rescue") == "200")
  }
}
