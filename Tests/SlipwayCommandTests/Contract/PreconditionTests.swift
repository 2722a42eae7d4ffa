import Foundation
import Testing

@Suite("Commands: what must hold before anything is touched")
struct PreconditionTests {
  /// Two environments, judged by crashes alone, so that no customers are needed.
  private static func pipeline(_ shop: Shop, gates: String = "- same-commit", more: String = "") -> String {
    shop.wholePipeline
      .replacing("        - error_rate: {roll_back_above: 5%}\n", with: "")
      .replacing("      - soak: 1s\n      - tests\n      - coverage: 80%\n", with: "      \(gates)\n")
      .replacing("    approval:\n", with: "    requesters: [release-manager]\n    approval:\n") + more
  }

  private func preflight(
    _ shop: Shop, _ words: [String] = ["1.0.0", "--to", "production"], by person: String = "ann"
  ) async throws -> (code: Int32, verdicts: [String: String], text: String) {
    let output = try await Program.run(
      ["preflight"] + words + ["--as", person, "--output", "json"], in: shop.folder)
    let reports = try #require(try output.json() as? [[String: Any]], "\(output)")
    var verdicts: [String: String] = [:]
    for report in reports {
      verdicts["\(report["gate"] ?? "")"] = "\(report["verdict"] ?? "") \(report["reason"] ?? "")"
    }
    return (output.code, verdicts, output.text)
  }

  private static let seven = [
    "project-exists", "staging-succeeded", "same-commit", "permission", "no-other-operation", "data-reachable",
    "disk-space",
  ]

  @Test("B1: all seven preconditions are checked and reported, whichever fail, and the promotion agrees")
  func preconditions() async throws {
    try await Shop.with({ Self.pipeline($0) }) { shop in
      try await shop.register("1.0.0")
      let nothing = try await preflight(shop, by: "carol")
      #expect(nothing.code == 2)
      for name in Self.seven { #expect(nothing.verdicts[name] != nil, "\(name): \(nothing.text)") }
      func failed(_ name: String) -> Bool { nothing.verdicts[name]?.contains("failed") == true }
      #expect(Self.seven.filter(failed) == ["staging-succeeded", "same-commit", "permission"], "\(nothing.verdicts)")
      let refused = try await shop.slipway("promote", "1.0.0", "--to", "production", "--as", "carol", expecting: 77)
      #expect(refused.complaint.contains("release-manager"), "\(refused)")
      #expect(try await shop.slipway("list", "--output", "json").text.contains("run_id") == false)

      try await shop.slipway("promote", "1.0.0", "--to", "staging", "--wait", "--as", "carol")
      let ready = try await preflight(shop)
      #expect(ready.code == 0, "\(ready.text)")
      let text = try await shop.slipway("preflight", "1.0.0", "--to", "production", "--as", "ann").text
      for name in Self.seven { #expect(text.contains(name), "\(text)") }

      let run = try await shop.slipway("promote", "1.0.0", "--to", "production", "--as", "ann").firstLine
      let busy = try await preflight(shop)
      #expect(busy.code == 2 && busy.verdicts["no-other-operation"]?.contains(run) == true, "\(busy.text)")
      let second = try await shop.slipway("promote", "1.0.0", "--to", "production", "--as", "bob", expecting: 2)
      #expect(second.complaint.contains(run))
    }
  }

  @Test("B1: another commit than the one that serves staging is found before anything is touched")
  func otherCommit() async throws {
    try await Shop.with({ Self.pipeline($0) }) { shop in
      try await shop.register("1.0.0")
      try await shop.slipway("promote", "1.0.0", "--to", "staging", "--wait", "--as", "carol")
      try shop.write(#"{"version":"1.1.0"}"#, to: "releases/1.1.0.json")
      try await shop.slipway(
        "release", "add", "1.1.0", "--artifact", "releases/1.1.0.json", "--commit", "decade")
      let found = try await preflight(shop, ["1.1.0", "--to", "production"])
      #expect(found.code == 2 && found.verdicts["same-commit"]?.contains("decade") == true, "\(found.text)")
      #expect(found.verdicts["same-commit-as-staging"]?.contains("failed") == true, "\(found.text)")
    }
  }

  @Test("C1, C2: a critical dependency that fails blocks before anything is touched, and a window is proposed")
  func dependencies() async throws {
    let gates = """
      - dependencies:
                - {name: payments, command: {run: sh payments.sh}}
                - {name: newsletter, critical: false, command: {run: sh news.sh}}
                - {name: settings, environment: [PORT, HOME]}
            - window: nights
      """
    try await Shop.with({ shop in
      Self.pipeline(shop, gates: gates).replacing(
        "project: shop", with: "project: shop\nwindows:\n  nights: {zone: UTC, open: [Mon-Sun 00:00-23:59]}")
    }) { shop in
      try shop.write("echo payments are down; exit 1", to: "payments.sh")
      try shop.write("echo no news; exit 1", to: "news.sh")
      try await shop.register("1.0.0")
      try await shop.slipway("promote", "1.0.0", "--to", "staging", "--wait", "--as", "carol")
      let output = try await shop.slipway(
        "promote", "1.0.0", "--to", "production", "--wait", "--as", "ann", expecting: 2)
      #expect(output.text.contains("blocked"), "\(output)")
      let run = try await shop.status("latest")
      #expect(run.status == "blocked" && run.step("deploy")?.status != "succeeded")
      #expect(shop.services()[shop.ports.a] == nil && shop.services()[shop.ports.b] == nil)
      let found = try await preflight(shop)
      let said = found.verdicts["dependencies"] ?? ""
      #expect(said.contains("failed") && said.contains("1 of 2 critical") && said.contains("payments are down"))
      #expect(found.text.contains("proposed maintenance window: 'nights' from "), "\(found.text)")
      #expect(found.text.contains("no news"), "\(found.text)")
      try await shop.expectEvidence(of: run.runId, outcome: "blocked", saying: "payments are down")
    }
  }

  // MARK: Inputs and outputs

  @Test("B2: what cannot be asked for is refused before a run exists, everything at once")
  func refusedInputs() async throws {
    try await Shop.with({ Self.pipeline($0) }) { shop in
      try await shop.register("1.0.0")
      try shop.write(
        #"{"project_id":"other","staging_env_id":"stagin","prod_env_id":"production","rollback_window_hours":0,"skip_smoke_tests":true}"#,
        to: "in.json")
      let file = try await shop.slipway("promote", "--inputs", "in.json", "--as", "ann", expecting: 65)
      for word in ["in.json:1:", "'other'", "'stagin'", "from 1 to 168", "smoke tests"] {
        #expect(file.complaint.contains(word), "\(word): \(file)")
      }
      let flags = try await shop.slipway(
        "promote", "1.0.0", "--to", "production", "--rollback-window", "169", "--skip-smoke-tests",
        "--no-auto-rollback", "--as", "ann", expecting: 65)
      for word in ["169 hours", "smoke tests", "automatic rollback"] {
        #expect(flags.complaint.contains(word), "\(flags)")
      }
      let both = try await shop.slipway(
        "promote", "1.0.0", "--inputs", "in.json", "--rollback-window", "3", expecting: 64)
      #expect(both.complaint.contains("the release") && both.complaint.contains("--rollback-window"), "\(both)")
      try shop.write(
        #"{"project_id":"shop","staging_env_id":"staging","prod_env_id":"production"}"#, to: "in.json")
      let empty = try await shop.slipway("promote", "--inputs", "in.json", "--as", "ann", expecting: 64)
      #expect(empty.complaint.contains("nothing serves 'staging'"), "\(empty)")
      #expect(try await shop.slipway("list", "--output", "json").text.contains("run_id") == false)
    }
  }

  @Test("B2, B3, B12: a file of inputs says what is promoted; plan, status and evidence say what was chosen and made")
  func inputsAndOutputs() async throws {
    try await Shop.with({ Self.pipeline($0, more: "\nguardrails: guardrails.yaml\n") }) { shop in
      try shop.write(Self.registry, to: "guardrails.yaml")
      try await shop.register("1.0.0")
      try await shop.slipway("promote", "1.0.0", "--to", "staging", "--wait", "--as", "carol")
      try shop.write(
        #"{"project_id":"shop","staging_env_id":"staging","prod_env_id":"production","rollback_window_hours":72,"auto_rollback_on_failure":true}"#,
        to: "in.json")
      #expect(try await preflight(shop, ["--inputs", "in.json"]).code == 0)
      let run = try await shop.slipway("promote", "--inputs", "in.json", "--as", "ann").firstLine
      try await shop.slipway("approve", run, "--as", "bob")
      try await shop.drive(run)
      let status = try await shop.slipway("status", run, "--output", "json").object()
      let cutover = try #require(status["cutover_at"] as? String)
      #expect(cutover.wholeMatch(of: #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/#) != nil, "\(cutover)")
      #expect((status["green_artifact_id"] as? String)?.hasPrefix("sha256:") == true)
      #expect(status["blue_backup_id"] is NSNull && status["run_id"] as? String == run)
      #expect(status["status"] as? String == "success" && status["evidence_dir"] is String)
      let inputs = try #require(status["inputs"] as? [String: Any])
      #expect(inputs["rollback_window_hours"] as? Double == 72 && inputs["skip_smoke_tests"] as? Bool == false)

      let folder = try #require(status["evidence_dir"] as? String)
      let data = try Data(contentsOf: URL(filePath: folder).appending(path: "inputs.json"))
      let kept = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      #expect(kept["project_id"] as? String == "shop" && kept["staging_env_id"] as? String == "staging")
      #expect(kept["prod_env_id"] as? String == "production" && kept["rollback_window_hours"] as? Double == 72)
      #expect(kept["skip_smoke_tests"] as? Bool == false && kept["auto_rollback_on_failure"] as? Bool == true)
      let guardrails = try #require(kept["guardrails"] as? [String: Any])
      let verdicts = try #require(guardrails["verdicts"] as? [[String: Any]])
      #expect(verdicts.count == 8 && verdicts.allSatisfy { $0["kept"] as? Bool == true })
      #expect((guardrails["digest"] as? String)?.hasPrefix("sha256:") == true)
    }
  }

  // MARK: Guardrails

  private static let registry = """
    - {id: production-requires-staging, enforce: true, reason: we try things out first}
    - {id: no-proprietary-modules, enforce: false, reason: none are used, by: ann}

    """

  @Test("B12, E17: init ships a registry that check holds the pipeline against, and nobody gets around it by a flag")
  func guardrails() async throws {
    try await Shop.with({ Self.pipeline($0) }) { shop in
      for example in ["service-sop", "release-train", "production-readiness"] {
        try await shop.slipway("init", "--file", "\(example)/new.yaml", "--example", example)
        try await shop.slipway("check", "--file", "\(example)/new.yaml")
        let text = try String(contentsOf: shop.folder.appending(path: "\(example)/guardrails.yaml"), encoding: .utf8)
        #expect(text.contains("production-requires-staging") && text.contains("evidence-required"))
      }
      let file = "release-train/guardrails.yaml"
      let text = try String(contentsOf: shop.folder.appending(path: file), encoding: .utf8)
      try shop.write(text.replacing("  except: [hotfix]\n", with: ""), to: file)
      let refused = try await shop.slipway("check", "--file", "release-train/new.yaml", expecting: 65)
      #expect(refused.complaint.contains("new.yaml:") && refused.complaint.contains("guardrails.yaml:"), "\(refused)")
      try shop.write(
        text.replacing(
          "- id: approval-required\n  enforce: true", with: "- id: approval-required\n  enforce: false\n  by: ann"),
        to: file)
      let off = try await shop.slipway("check", "--file", "release-train/new.yaml", expecting: 65)
      #expect(off.complaint.contains("cannot be turned off"), "\(off)")
    }
  }

  @Test("B12: the planner refuses a flag that breaks a guardrail where nothing is protected, and no run exists")
  func flag() async throws {
    try await Shop.with({
      Self.pipeline($0, more: "\nguardrails: guardrails.yaml\n").replacing("    protected: true\n", with: "")
    }) { shop in
      try shop.write(Self.registry, to: "guardrails.yaml")
      try await shop.register("1.0.0")
      let refused = try await shop.slipway(
        "promote", "1.0.0", "--to", "staging", "--no-auto-rollback", "--as", "ann", expecting: 2)
      #expect(refused.complaint.contains("rollback-by-default"), "\(refused)")
      #expect(try await shop.slipway("list", "--output", "json").text.contains("run_id") == false)
    }
  }
}
