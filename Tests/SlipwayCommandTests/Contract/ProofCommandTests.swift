import Foundation
import Testing

@Suite("Commands: proofs that find every change", .serialized)
struct ProofCommandTests {
  /// A shop with one rejected run: a journal and evidence without any process.
  private func withRejected(_ body: (Shop, String) async throws -> Void) async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.register("1.0.0")
      let run = try await shop.promote("1.0.0")
      try await shop.slipway("reject", run, "--reason", "no", "--as", "ann")
      try await shop.slipway("run")
      try await body(shop, run)
    }
  }

  @Test("B10: a tampered copy of the evidence is found by slipway and by verify.sh, each file of it")
  func tamperedEvidence() async throws {
    try await withRejected { shop, run in
      let copy = shop.folder.appending(path: "copy")
      try await shop.slipway("evidence", "export", run, copy.path)
      try await shop.slipway("evidence", "verify", copy.path)
      try await shop.slipway("evidence", "export", run, copy.path, expecting: 64)
      for name in ["final_status.json", "promotion.log", "approval.json", "manifest.json"] {
        let file = copy.appending(path: name)
        let before = try Data(contentsOf: file)
        try (before + Data(" ".utf8)).write(to: file)
        let found = try await shop.slipway("evidence", "verify", copy.path, expecting: 1)
        #expect(found.text.contains(name), "\(found)")
        let script = try await Program.run("/bin/sh", ["verify.sh"], in: copy)
        #expect(script.code != 0, "verify.sh took a changed \(name): \(script)")
        try before.write(to: file)
      }
      try FileManager.default.removeItem(at: copy.appending(path: "inputs.json"))
      let found = try await shop.slipway("evidence", "verify", copy.path, expecting: 1)
      #expect(found.text.contains("inputs.json"), "\(found)")
      try await shop.slipway("evidence", "verify", shop.folder.path + "/nosuch", expecting: 65)
    }
  }

  @Test(
    "F4: audit verify finds a changed, a removed and a cut-off entry",
    arguments: [
      "DROP TRIGGER journal_no_update; UPDATE journal SET actor = 'mallory' WHERE seq = 2",
      "DROP TRIGGER journal_no_delete; DELETE FROM journal WHERE seq = 3",
      "DROP TRIGGER journal_no_delete; DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)",
    ])
  func tamperedJournal(sql: String) async throws {
    try await withRejected { shop, _ in
      #expect(try await shop.slipway("audit", "verify").text.contains("journal intact"))
      let edited = try await shop.sql(sql)
      #expect(edited.code == 0, "\(edited)")
      let found = try await shop.slipway("audit", "verify", expecting: 1)
      #expect(found.text.contains("NOT intact"), "\(found)")
    }
  }

  @Test("F4: the journal refuses to be edited by SQL")
  func appendOnly() async throws {
    try await withRejected { shop, _ in
      let edited = try await shop.sql("UPDATE journal SET actor = 'mallory' WHERE seq = 2")
      #expect(edited.code != 0 && edited.complaint.contains("append-only"), "\(edited)")
      try await shop.slipway("audit", "verify")
    }
  }

  @Test("F4: a checkpoint kept elsewhere proves that the whole state was not put back to an older one")
  func checkpoint() async throws {
    try await withRejected { shop, _ in
      let older = shop.folder.appending(path: "older")
      try FileManager.default.copyItem(at: shop.state, to: older)
      try await shop.register("1.1.0")
      let note = try await shop.slipway("audit", "checkpoint").text
      try shop.write(note, to: "kept.note")
      try await shop.slipway("audit", "verify", "--checkpoint", "kept.note")
      try await shop.slipway("audit", "verify", "--state", older.path)
      let found = try await shop.slipway(
        "audit", "verify", "--state", older.path, "--checkpoint", "kept.note", expecting: 1)
      #expect(found.text.contains("NOT intact"), "\(found)")
    }
  }

  @Test("B13: audit rebuild folds the very same rows out of the journal")
  func rebuild() async throws {
    try await withRejected { shop, run in
      let tables = ["projects", "environments", "runs", "scheduled_tasks", "run_events"]
      let before = try await shop.rows(of: tables)
      #expect(before["runs"]?.contains(run) == true)
      #expect(try await shop.sql("DELETE FROM runs; DELETE FROM projects").code == 0)
      try await shop.slipway("audit", "rebuild")
      #expect(try await shop.rows(of: tables) == before)
      try await shop.slipway("audit", "verify")
    }
  }

  @Test("B13: the SQL tables can be read with sqlite3 while a driver runs, under the names of the requirement")
  func sqlBesideDriver() async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.register("1.0.0")
      try await shop.withDriver { _ in
        let run = try await shop.promote("1.0.0")
        try await shop.wait(for: run, until: "waits for approval") { $0.status == "awaiting_approval" }
        let row = try await shop.sql(
          "SELECT run_id, project_id, environment_id, operation_type, status, created_by, completed_at FROM runs")
        #expect(row.text == "\(run)|shop|production|promote|awaiting_approval|carol|\n", "\(row)")
        let events = try await shop.sql("SELECT count(*) FROM run_events WHERE run_id = '\(run)'")
        #expect(Int(events.text.trimmingCharacters(in: .newlines)) ?? 0 > 1, "\(events)")
        let tasks = try await shop.sql("SELECT task_type, execute_at, metadata FROM scheduled_tasks")
        #expect(tasks.code == 0, "\(tasks)")
        try await shop.slipway("reject", run, "--reason", "seen enough", "--as", "ann")
      }
    }
  }
}

extension Shop {
  /// Runs SQL on the journal with the sqlite3 program.
  func sql(_ text: String) async throws -> Program.Output {
    try await Program.run("/usr/bin/sqlite3", [state.appending(path: "journal.sqlite").path, text], in: folder)
  }

  func rows(of tables: [String]) async throws -> [String: String] {
    var rows: [String: String] = [:]
    for table in tables { rows[table] = try await sql("SELECT * FROM \(table) ORDER BY 1, 2").text }
    return rows
  }
}
