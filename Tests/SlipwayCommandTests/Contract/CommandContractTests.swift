import Foundation
import Testing

@Suite("Commands: the contract that scripts rely on")
struct CommandContractTests {
  private static let commands = [
    "init", "check", "plan", "windows", "release", "report", "freeze", "preflight", "promote", "run", "status", "watch",
    "list", "log", "approve", "hold", "resume", "reject", "confirm", "pause", "abort", "rollback", "evidence", "audit",
    "route", "demo", "completion",
  ]

  @Test("--version prints a version, --help lists every command")
  func versionAndHelp() async throws {
    try await Shop.with(\.shortPipeline) { shop in
      let version = try await shop.slipway("--version").text
      #expect(version.wholeMatch(of: #/\d+\.\d+\.\d+\n/#) != nil, "\(version)")
      let help = try await shop.slipway("--help").text
      for command in Self.commands {
        #expect(help.contains(try Regex("\n +\(command) ")), "--help does not list '\(command)':\n\(help)")
      }
      let one = try await shop.slipway("help", "promote").text
      #expect(one.contains("--wait"))
    }
  }

  @Test(
    "wrong usage ends with 64, says what is wrong on standard error and nothing on standard output",
    arguments: [
      (["frobnicate"], "frobnicate"), (["promote"], "release"), (["promote", "1.0.0"], "--to"),
      (["plan", "9.9.9", "--to", "production"], "9.9.9"), (["plan", "1.0.0", "--to", "prodution"], "prodution"),
      (["release", "add", "a b", "--artifact", "x"], "release name"),
      (["release", "add", "1", "--artifact", "x", "--digest", "sha256:12"], "digest"),
      (["release", "show", "9.9.9"], "9.9.9"), (["status", "nosuchrun"], "nosuchrun"),
      (["approve", "nosuchrun", "--as", "ann"], "nosuchrun"), (["reject", "nosuchrun"], "--reason"),
      (["rollback", "production"], "--incident"), (["watch", "--timeout", "soon"], "soon"),
      (["freeze", "add", "f", "--until", "tomorrow", "--reason", "r"], "tomorrow"),
      (["freeze", "remove", "nosuchfreeze"], "nosuchfreeze"), (["completion", "tcsh"], "tcsh"),
      (["init", "--example", "nosuch", "--file", "other.yaml"], "nosuch"), (["check", "--output", "xml"], "xml"),
      (["promote", "9.9.9", "--to", "production"], "9.9.9"),
    ])
  func wrongUsage(words: [String], names: String) async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.register("1.0.0")
      try await shop.slipway("promote", "1.0.0", "--to", "production")
      let output = try await Program.run(words, in: shop.folder)
      #expect(output.code == 64, "\(words): \(output)")
      #expect(output.complaint.contains(names), "\(words): \(output)")
      #expect(output.text.isEmpty, "\(words): \(output)")
    }
  }

  @Test("F5: init writes a file that check finds good, and overwrites nothing", arguments: [nil, "release-train"])
  func initThenCheck(example: String?) async throws {
    try await Shop.with(\.shortPipeline) { shop in
      let words = ["init", "--file", "new.yaml"] + (example.map { ["--example", $0] } ?? [])
      #expect(try await Program.run(words, in: shop.folder).code == 0)
      let good = try await shop.slipway("check", "--file", "new.yaml", "--output", "json").object()
      #expect(good["valid"] as? Bool == true)
      try shop.write("mine: true\n", to: "new.yaml")
      let again = try await Program.run(words, in: shop.folder)
      #expect(again.code == 64 && again.complaint.contains("new.yaml is there already"))
      #expect(try String(contentsOf: shop.folder.appending(path: "new.yaml"), encoding: .utf8) == "mine: true\n")
    }
  }

  @Test("F7: check names file, line and column of every mistake at once, with a near miss")
  func brokenFile() async throws {
    try await Shop.with({
      $0.shortPipeline.replacing("traffic:", with: "trafic:").replacing("watch: 1s", with: "watch: 1")
    }) {
      shop in
      let lines = try await shop.slipway("check", expecting: 65).complaint.split(separator: "\n")
      let places = lines.compactMap { $0.firstMatch(of: #/^slipway\.yaml:(\d+):(\d+): /#) }
      #expect(places.count >= 2, "\(lines)")
      #expect(lines.contains { $0.contains("trafic") && $0.contains("did you mean 'traffic'") }, "\(lines)")
      let answer = try await shop.slipway("check", "--output", "json", expecting: 65).object()
      #expect(answer["valid"] as? Bool == false)
      #expect((answer["problems"] as? [String])?.count ?? 0 >= 2)
      // The other commands refuse the same file with the same code.
      let plan = try await shop.slipway("plan", "1", "--to", "production", expecting: 65)
      #expect(plan.complaint.contains("slipway.yaml:"))
    }
  }

  @Test(
    "F5: a plan and a preflight change nothing, not even a folder; the plan names steps, gates, digest and the way back"
  )
  func planChangesNothing() async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.slipway("plan", "1.0.0", "--to", "production", expecting: 64)
      #expect(!FileManager.default.fileExists(atPath: shop.state.path), "a plan made a state folder")
      try await shop.register("1.0.0")
      let before = try Self.contents(of: shop.state)
      let text = try await shop.slipway("plan", "1.0.0", "--to", "production").text
      for word in ["no-freeze", "deploy", "shift-100", "watch-100", "1 × release-manager", "going back", "sha256:"] {
        #expect(text.contains(word), "the plan lacks '\(word)':\n\(text)")
      }
      let plan = try await shop.slipway("plan", "1.0.0", "--to", "production", "--output", "json").object()
      #expect(Set(plan.keys) == ["plan", "plan_digest", "gates", "rollback"])
      #expect(text.contains(try #require(plan["plan_digest"] as? String)))
      try await shop.slipway("preflight", "1.0.0", "--to", "production")
      #expect(try Self.contents(of: shop.state) == before)
      #expect(shop.processes().isEmpty)
    }
  }

  /// Every file with its bytes, but for what SQLite makes for readers: shared memory, and a log with nothing in it.
  private static func contents(of folder: URL) throws -> [String: Data] {
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { !$0.hasSuffix("-shm") }
    let files = names.map { ($0, FileManager.default.contents(atPath: folder.path + "/" + $0) ?? Data()) }
    return Dictionary(uniqueKeysWithValues: files.filter { !($0.0.hasSuffix("-wal") && $0.1.isEmpty) })
  }

  @Test("a run as JSON has exactly the keys of the interface, and null where there is nothing")
  func runKeys() async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.register("1.0.0")
      let run = try await shop.promote("1.0.0")
      let status = try await shop.slipway("status", run, "--output", "json").object()
      let keys: Set = [
        "run_id", "project", "release", "from", "to", "status", "step", "waiting_for", "plan_digest", "started_at",
        "finished_at", "weights", "gates", "steps", "approvals", "rollback", "evidence_dir", "inputs",
        "blue_backup_id", "green_artifact_id", "cutover_at",
      ]
      #expect(Set(status.keys) == keys.union(["operation", "requested_by", "watch"]))
      #expect(status["run_id"] as? String == run)
      #expect(status["rollback"] is NSNull && status["finished_at"] is NSNull && status["from"] is NSNull)
      #expect(["requested", "gating", "awaiting_approval"].contains(status["status"] as? String))
      let step = try #require((status["steps"] as? [[String: Any]])?.first)
      let contract: Set = ["id", "kind", "status", "attempts", "started_at", "finished_at", "detail"]
      #expect(Set(step.keys) == contract.union(["level", "confirmed_by", "note", "data"]))
      let gate = try #require((status["gates"] as? [[String: Any]])?.first)
      #expect(Set(gate.keys) == ["name", "verdict", "reason", "proof", "remedy", "warnings", "looks_again_at"])
      try await shop.slipway("run")
      let waiting = try await shop.slipway("status", run, "--output", "json").object()
      let wait = try #require(waiting["waiting_for"] as? [String: Any])
      #expect(Set(wait.keys) == ["kind", "until", "reason"])
      #expect(waiting["status"] as? String == "awaiting_approval")
    }
  }

  @Test("every list and show prints one JSON document and nothing else")
  func jsonDocuments() async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.register("1.0.0", reports: true)
      let run = try await shop.promote("1.0.0")
      let release = try await shop.slipway("release", "show", "1.0.0", "--output", "json").object()
      #expect((release["release"] as? [String: Any])?["commit"] as? String == "c0ffee")
      #expect((release["reports"] as? [Any])?.count == 2)
      let runs = try #require(try await shop.slipway("list", "--output", "json").json() as? [[String: Any]])
      #expect(runs.count == 1)
      for (words, code) in [
        (["release", "list"], Int32(0)), (["freeze", "list"], 0), (["windows", "production"], 0),
        (["audit", "verify"], 0), (["preflight", "1.0.0", "--to", "production"], 2),
      ] {
        // A run is open, so a preflight says no.
        let output = try await Program.run(words + ["--output", "json"], in: shop.folder)
        #expect(output.code == code, "\(words): \(output)")
        _ = try output.json()
      }
      for words in [["log", run], ["audit", "log"]] {
        let output = try await Program.run(words + ["--output", "json"], in: shop.folder)
        let lines = output.text.split(separator: "\n")
        #expect(!lines.isEmpty && output.code == 0)
        for line in lines {
          #expect((try? JSONSerialization.jsonObject(with: Data(line.utf8))) != nil, "\(words): \(line)")
        }
      }
    }
  }
}
