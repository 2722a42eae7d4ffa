import Foundation
import Testing

@Suite("Commands: reports and accepted risks", .serialized)
struct ReportCommandTests {
  private static let scan = #"""
    {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "artifacts": [{}],
     "versionControlProvenance": [{"revisionId": "COMMIT"}],
     "results": [{"ruleId": "CVE-2026-1", "level": "error"}]}]}
    """#

  private func withShop(_ gates: String, _ body: (Shop) async throws -> Void) async throws {
    try await Shop.with({
      $0.shortPipeline.replacing("gates: [no-freeze]", with: "gates: [no-freeze, \(gates)]")
        + "\nacceptances: {file: accepted.yaml, roles: [release-manager]}\n"
    }) { shop in
      try shop.write("[]\n", to: "accepted.yaml")
      try await shop.register("1.0.0")
      try await body(shop)
    }
  }

  private func proofs(_ shop: Shop) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: shop.state.appending(path: "proofs").path)) ?? []
  }

  private func gate(_ name: String, _ shop: Shop, expecting code: Int32) async throws -> String {
    let output = try await shop.slipway(
      "preflight", "1.0.0", "--to", "production", "--output", "json", expecting: code)
    let gates = try JSONSerialization.jsonObject(with: Data(output.text.utf8)) as? [[String: Any]] ?? []
    let gate = try #require(gates.first { $0["gate"] as? String == name }, "\(output)")
    return "\(gate["verdict"] ?? "") \(gate["reason"] ?? "")"
  }

  @Test("F7, E4: another release's report is refused with the reason, by what it states and by what is said of it")
  func anotherRelease() async throws {
    try await withShop("vulnerabilities: {high: 0}") { shop in
      try shop.write(Self.scan.replacing("COMMIT", with: "deadbeef"), to: "other.sarif")
      let add = ["report", "add", "1.0.0", "--kind", "sarif"]
      let refused = try await Program.run(add + ["other.sarif"], in: shop.folder)
      #expect(refused.code == 65 && refused.complaint.contains("another release's report"), "\(refused)")
      #expect(refused.complaint.contains("deadbeef") && refused.complaint.contains("c0ffee"), "\(refused)")
      try shop.write(Self.scan.replacing("COMMIT", with: "c0ffee"), to: "own.sarif")
      let other = "sha256:" + String(repeating: "0", count: 64)
      for (option, value, code) in [
        ("--commit", "deadbeef", Int32(65)), ("--digest", other, 65), ("--digest", "x", 64),
      ] {
        let output = try await Program.run(add + [option, value, "own.sarif"], in: shop.folder)
        #expect(output.code == code, "\(option) \(value): \(output)")
      }
      #expect(proofs(shop).isEmpty)
      let none = try await shop.slipway("report", "list", "1.0.0")
      #expect(none.text.contains("nothing was handed in"))
      let added = try await Program.run(add + ["--commit", "c0ffee", "own.sarif"], in: shop.folder)
      #expect(added.code == 0 && added.text.contains("bound to sha256:"), "\(added)")
      #expect(added.text.contains("1 HIGH") && added.text.contains("1 examined"), "\(added)")
      #expect(proofs(shop).count == 1)
    }
  }

  @Test("F7: a report from the future and a name that is none are refused")
  func future() async throws {
    try await withShop("reviews: [security]") { shop in
      try shop.write(
        #"{"status": "done", "verdict": "pass", "severity": "LOW", "timestamp": "2099-01-01T00:00:00Z"}"#,
        to: "reviews/shop/security-report.json")
      let path = "reviews/shop/security-report.json"
      let refused = try await shop.slipway("report", "add", "1.0.0", "--kind", "auto", path, expecting: 65)
      #expect(refused.complaint.contains("in the future") && proofs(shop).isEmpty, "\(refused)")
      try await shop.slipway("report", "add", "1.0.0", "--kind", "auto", "--name", "a b", path, expecting: 64)
    }
  }

  @Test("A3: an acceptance lets a known finding pass while it lasts, is shown, and is needed in full")
  func acceptance() async throws {
    try await withShop("vulnerabilities: {high: 0, max_age: 24h}") { shop in
      try shop.write(Self.scan.replacing("COMMIT", with: "c0ffee"), to: "scan.sarif")
      try await shop.slipway("report", "add", "1.0.0", "--kind", "auto", "scan.sarif")
      #expect(try await gate("vulnerabilities", shop, expecting: 2).contains("failed"))
      let tomorrow = Date(timeIntervalSinceNow: 86_400).ISO8601Format()
      let entry = "- {id: CVE-2026-1, reason: not reachable, by: BY, until: \"\(tomorrow)\"}\n"
      try shop.write(entry.replacing("BY", with: "ann"), to: "accepted.yaml")
      let passed = try await gate("vulnerabilities", shop, expecting: 0)
      #expect(passed.contains("1 accepted"), "\(passed)")
      let plan = try await shop.slipway("plan", "1.0.0", "--to", "production", "--output", "json")
      #expect(plan.text.contains("CVE-2026-1 accepted until") && plan.text.contains("by ann: not reachable"), "\(plan)")
      try shop.write(entry.replacing("BY", with: "mallory"), to: "accepted.yaml")
      #expect(try await gate("vulnerabilities", shop, expecting: 2).contains("error"))
      let check = try await shop.slipway("check", expecting: 65)
      #expect(check.complaint.contains("accepted.yaml:1:") && check.complaint.contains("mallory"), "\(check)")
      try shop.write("- {id: CVE-2026-1, reason: not reachable, by: ann}\n", to: "accepted.yaml")
      let endless = try await shop.slipway("check", expecting: 65)
      #expect(endless.complaint.contains("lacks 'until'"), "\(endless)")
      try FileManager.default.removeItem(at: shop.folder.appending(path: "accepted.yaml"))
      #expect(try await gate("vulnerabilities", shop, expecting: 2).contains("error"))
    }
  }

  @Test("F7: kept bytes that were changed are an error and in the list; handing in again puts them right")
  func tampered() async throws {
    try await withShop("tests") { shop in
      try await shop.register("1.0.0", reports: true)
      #expect(try await gate("tests", shop, expecting: 0).contains("2 executed"))
      for name in proofs(shop) {
        try Data("<testsuites/>".utf8).write(to: shop.state.appending(path: "proofs/\(name)"))
      }
      #expect(try await gate("tests", shop, expecting: 2).contains("error"))
      #expect(try await shop.slipway("report", "list", "1.0.0").text.contains("kept bytes changed"))
      try await shop.slipway("report", "add", "1.0.0", "--kind", "junit", "junit.xml")
      #expect(try await gate("tests", shop, expecting: 0).contains("2 executed"))
      for name in proofs(shop) {
        try FileManager.default.removeItem(at: shop.state.appending(path: "proofs/\(name)"))
      }
      #expect(try await gate("tests", shop, expecting: 2).contains("error"))
    }
  }

  @Test("D3: reports of several names stand side by side, and the list says which count")
  func names() async throws {
    try await withShop("tests: {name: load}") { shop in
      try await shop.register("1.0.0", reports: true)
      #expect(try await gate("tests-load", shop, expecting: 2).contains("undecided"))
      try await shop.slipway("report", "add", "1.0.0", "--kind", "junit", "--name", "load", "junit.xml")
      #expect(try await gate("tests-load", shop, expecting: 0).contains("2 executed"))
      try await shop.slipway("report", "add", "1.0.0", "--kind", "junit", "--name", "load", "junit.xml")
      let list = try await shop.slipway("report", "list", "1.0.0", "--output", "json")
      let lines = try #require(try JSONSerialization.jsonObject(with: Data(list.text.utf8)) as? [[String: Any]])
      #expect(lines.compactMap { $0["state"] as? String } == ["counts", "counts", "superseded", "counts"])
      #expect(try await shop.slipway("report", "list", "1.0.0").text.contains("junit 'load'"))
      try await shop.slipway("report", "list", "9.9.9", expecting: 64)
    }
  }
}
