import Foundation
import Testing

@Suite("Commands: freezes, quarantine and people's words")
struct PeopleCommandTests {
  @Test("E6: a freeze is added, listed, stops a promotion, and is removed")
  func freezes() async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.register("1.0.0")
      try await shop.slipway(
        "freeze", "add", "audit", "--until", "2099-01-01T00:00:00Z", "--reason", "auditors are here")
      #expect(try await shop.slipway("freeze", "list").text.contains("auditors are here"))
      let refused = try await shop.slipway("preflight", "1.0.0", "--to", "production", expecting: 2)
      #expect(refused.text.contains("no-freeze") && refused.text.contains("auditors are here"), "\(refused)")
      try await shop.slipway("freeze", "remove", "audit")
      #expect(try await shop.slipway("freeze", "list").text.contains("audit") == false)
      try await shop.slipway("preflight", "1.0.0", "--to", "production")
      let backwards = try await shop.slipway(
        "freeze", "add", "x", "--from", "2099-01-01T00:00:00Z", "--until", "2098-01-01T00:00:00Z", "--reason", "r",
        expecting: 64)
      #expect(backwards.complaint.contains("before it begins"))
    }
  }

  @Test("a quarantined release is promoted nowhere: exit 2, with the reason")
  func quarantine() async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.register("1.0.0")
      try await shop.slipway("release", "quarantine", "1.0.0", "--reason", "leaks memory")
      let refused = try await shop.slipway("promote", "1.0.0", "--to", "production", expecting: 2)
      #expect(refused.complaint.contains("leaks memory"), "\(refused)")
      #expect(try await shop.slipway("release", "list").text.contains("leaks memory"))
      #expect(try await shop.slipway("list", "--output", "json").text.contains("run_id") == false)
    }
  }

  @Test("E5: a release never changes; the same one again is harmless")
  func releaseIsImmutable() async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.register("1.0.0")
      try await shop.register("1.0.0")
      let refused = try await Program.run(
        ["release", "add", "1.0.0", "--artifact", "releases/1.0.0.json", "--commit", "other"], in: shop.folder)
      #expect(refused.code == 2 && refused.complaint.contains("never changes"), "\(refused)")
    }
  }

  @Test("A5, F3: nobody approves their own request, a stranger's or another plan's yes counts for nothing")
  func approval() async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.register("1.0.0")
      let run = try await shop.promote("1.0.0")
      let own = try await Program.run(["approve", run, "--as", "carol"], in: shop.folder)
      #expect([2, 77].contains(own.code) && own.complaint.contains("carol"), "\(own)")
      let stranger = try await Program.run(["approve", run, "--as", "mallory"], in: shop.folder)
      #expect([2, 77].contains(stranger.code) && stranger.complaint.contains("mallory"), "\(stranger)")
      let zeroes = "sha256:" + String(repeating: "0", count: 64)
      let other = try await Program.run(["approve", run, "--as", "ann", "--plan", zeroes], in: shop.folder)
      #expect(other.code == 2 && other.complaint.contains("plan"), "\(other)")
      try await shop.slipway("run")
      #expect(try await shop.status(run).status == "awaiting_approval")
      let late = try await shop.slipway(
        "promote", "1.0.0", "--to", "production", expecting: 2)
      #expect(late.complaint.contains(run), "one promotion per environment: \(late)")
      let waited = try await shop.slipway("watch", run, "--timeout", "1s", expecting: 4)
      #expect(waited.text.isEmpty == false)
    }
  }

  @Test("A6, B10: hold, resume and reject with a reason; a rejected run ends with exit 2 and its evidence")
  func holdAndReject() async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.register("1.0.0")
      let run = try await shop.promote("1.0.0")
      try await shop.slipway("hold", run, "--reason", "lunch", "--as", "ann")
      #expect(try await shop.status(run).status == "held")
      try await shop.slipway("resume", run, "--as", "ann")
      try await shop.slipway("run")
      #expect(try await shop.status(run).status == "awaiting_approval")
      try await shop.slipway("reject", run, "--reason", "not this week", "--as", "ann")
      let ended = try await shop.drive(run, expecting: 2)
      #expect(ended.status == "rejected")
      try await shop.expectEvidence(of: run, outcome: "rejected", saying: "not this week")
    }
  }

  @Test("E1, B10: a gate without proof blocks before anything is touched, exit 2, with evidence of it")
  func blocked() async throws {
    try await Shop.with({ $0.shortPipeline.replacing("gates: [no-freeze]", with: "gates: [no-freeze, tests]") }) {
      shop in
      try await shop.register("1.0.0")
      let run = try await shop.promote("1.0.0")
      let ended = try await shop.drive(run, expecting: 2)
      #expect(ended.status == "blocked")
      #expect(ended.gates.contains { $0.name == "tests" && $0.verdict != "passed" })
      #expect(shop.services().isEmpty && shop.router() == nil, "a blocked run touched the environment")
      try await shop.expectEvidence(of: run, outcome: "blocked", saying: "tests")
    }
  }
}

extension Shop {
  /// The files of B10 and D7 with what proves them are there, and both ways of verifying say yes.
  func expectEvidence(
    of run: String, outcome: String, saying word: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let ended = try await status(run)
    let path = try #require(ended.evidenceDir, "run \(run) has no evidence", sourceLocation: sourceLocation)
    #expect(
      path.contains(/\/evidence\/\d{8}-\d{4}\/(promote|rollback)\/\d{8}-/) && path.hasSuffix(run), "\(path)",
      sourceLocation: sourceLocation)
    let names = Set(try FileManager.default.contentsOfDirectory(atPath: path))
    let demanded: Set = [
      "inputs.json", "run_id.txt", "staging_snapshot.json", "blue_backup.json", "green_restore.json",
      "smoke_tests.json",
      "cutover.json", "stability_metrics.json", "rollback.json", "final_status.json", "promotion_summary.md",
      "promotion.log", "metrics.json", "approval.json", "manifest.json", "verify.sh",
    ]
    #expect(demanded.isSubset(of: names), "missing: \(demanded.subtracting(names))", sourceLocation: sourceLocation)
    let final = FileManager.default.contents(atPath: path + "/final_status.json") ?? Data()
    let status = try JSONSerialization.jsonObject(with: final) as? [String: Any]
    #expect(status?["status"] as? String == outcome, sourceLocation: sourceLocation)
    #expect(
      try String(contentsOfFile: path + "/run_id.txt", encoding: .utf8) == run + "\n", sourceLocation: sourceLocation)
    if let word {
      let summary = try String(contentsOfFile: path + "/promotion_summary.md", encoding: .utf8)
      #expect(summary.contains(word), "\(summary)", sourceLocation: sourceLocation)
    }
    // Without state and network, from another folder, and with OpenSSL alone.
    let verified = try await Program.run(["evidence", "verify", path], in: URL(filePath: "/"))
    #expect(verified.code == 0, "\(verified)", sourceLocation: sourceLocation)
    let script = try await Program.run("/bin/sh", ["verify.sh"], in: URL(filePath: path))
    #expect(script.code == 0, "\(script)", sourceLocation: sourceLocation)
  }
}
