import Foundation
import GRDB
import SlipwayModel
import Testing

@testable import SlipwayJournal

@Suite("Journal: projections")
struct ProjectionTests {
  @Test("a run's row follows the last append that carried it")
  func runRows() async throws {
    try await withJournal { journal in
      let wake = noon + .hours(2)
      _ = try await journal.append(Append([entry()], run: run("run-1", status: "waiting", wakeAt: wake)))
      #expect(try await journal.reader.run("run-1") == run("run-1", status: "waiting", wakeAt: wake))
      _ = try await journal.append(Append([entry()], run: run("run-1", status: "running", wakeAt: wake)))
      #expect(try await journal.reader.openRuns() == [run("run-1", status: "running", wakeAt: wake)])
      var finished = run("run-1", status: "promoted", finishedAt: noon + .hours(3))
      finished.evidenceFolder = "evidence/run-1"
      _ = try await journal.append(Append([entry()], run: finished))
      #expect(try await journal.reader.run("run-1") == finished)
      #expect(try await journal.reader.openRuns().isEmpty)
      #expect(try await journal.reader.runs(of: "production") == [finished])
      #expect(try await journal.reader.nextWake() == nil)
    }
  }

  @Test("due runs and tasks come in the order of their time, and only those")
  func due() async throws {
    try await withJournal { journal in
      for (id, minutes) in [("c", 30), ("a", 10), ("b", 20)] {
        let wake = noon + .minutes(Int64(minutes))
        let task = ScheduledTask(id: "t-\(id)", type: "destroy", executeAt: wake)
        _ = try await journal.append(Append([entry(id)], run: run(id, wakeAt: wake), rows: [.task(task)]))
      }
      #expect(try await journal.reader.due(at: noon + .minutes(20)).map(\.run) == ["a", "b"])
      #expect(try await journal.reader.due(at: noon).isEmpty)
      #expect(try await journal.reader.nextWake() == noon + .minutes(10))
      #expect(try await journal.reader.dueTasks(at: noon + .minutes(15)).map(\.id) == ["t-a"])
      let done = ScheduledTask(id: "t-a", type: "destroy", executeAt: noon + .minutes(10), isDone: true)
      _ = try await journal.append(Append([entry("a")], run: run("a"), rows: [.task(done)]))
      #expect(try await journal.reader.dueTasks(at: noon + .minutes(15)).isEmpty)
      #expect(try await journal.reader.openTasks().map(\.id) == ["t-b", "t-c"])
      #expect(try await journal.reader.nextWake() == noon + .minutes(20))
    }
  }

  @Test("B13: runs, their events and scheduled tasks are there for SQL under the required names")
  func tables() async throws {
    try await withJournal { journal in
      let task = ScheduledTask(id: "t", type: "destroy", executeAt: noon, metadata: #"{"slot":"blue"}"#)
      let rows: [ProjectionWrite] = [
        .task(task), .project("web", metadata: #"{"team":"shop"}"#),
        .environment("production", project: "web", metadata: #"{"protected":true}"#),
        .run(run("run-1"), metadata: #"{"note":"first"}"#),
      ]
      _ = try await journal.append(Append([entry("run-1", "run.started"), entry("release:1.4.2")], rows: rows))
      let required = [
        "projects": "project_id", "environments": "project_id, environment_id",
        "runs":
          "run_id, project_id, environment_id, operation_type, status, created_by, metadata, completed_at, evidence_dir",
        "run_events": "run_id, event_type, created_at, actor, metadata",
        "scheduled_tasks": "task_type, execute_at, metadata",
      ]
      for (table, columns) in required {
        let count = try await journal.reader.read { try Row.fetchAll($0, sql: "SELECT \(columns) FROM \(table)").count }
        #expect(count == 1, "\(table)")
      }
      let found = try await journal.reader.read { database in
        try String.fetchAll(
          database,
          sql: """
            SELECT r.metadata || e.metadata || p.metadata || n.metadata FROM runs r JOIN run_events e USING (run_id)
            JOIN projects p USING (project_id) JOIN environments n USING (project_id, environment_id)
            """)
      }
      #expect(found == [#"{"note":"first"}{"step":"shift-10"}{"team":"shop"}{"protected":true}"#])
    }
  }

  @Test("with 100,000 runs waiting, finding the due ones goes through the index")
  func hundredThousand() async throws {
    try await withJournal { journal in
      for chunk in 0..<10 {
        let rows = (0..<10_000).map { number in
          ProjectionWrite.run(
            run("run-\(chunk)-\(number)", status: "waiting", wakeAt: noon + .seconds(Int64(chunk * 10_000 + number))))
        }
        _ = try await journal.append(Append([entry()], rows: rows))
      }
      #expect(try await journal.reader.due(at: noon + .seconds(2)).map(\.run) == ["run-0-0", "run-0-1", "run-0-2"])
      #expect(try await journal.reader.openRuns().count == 100_000)
      for (sql, index, arguments) in [
        (RunQuery.due, "runs_waiting (wake_at>? AND wake_at<?)", [0, 1]), (RunQuery.nextWake, "runs_waiting", []),
        (RunQuery.open, "runs_open", [1]),
        (RunQuery.ofEnvironment, "runs_environment (environment_id=?)", ["x", 1]),
        (RunQuery.dueTasks, "scheduled_tasks_waiting (execute_at<?)", [0, 1]),
        (RunQuery.nextTask, "scheduled_tasks_waiting", []),
      ] as [(String, String, StatementArguments)] {
        let plan = try await journal.reader.read { database in
          try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN " + sql, arguments: arguments)
            .map { $0["detail"] as String }.joined(separator: "\n")
        }
        #expect(plan.contains("INDEX \(index)"), "\(plan)")
        #expect(!plan.contains("TEMP B-TREE"), "\(plan)")
      }
    }
  }

  @Test("rebuilding from the entries gives the same rows")
  func rebuild() async throws {
    try await withJournal { journal in
      var rows: [Int64: [ProjectionWrite]] = [:]
      for number in 0..<200 {
        let id = "run-\(number % 20)"
        let wake: Timestamp? = number % 3 == 0 ? noon + .minutes(Int64(number)) : nil
        let state = run(id, status: "s\(number)", wakeAt: wake, finishedAt: number > 150 ? noon : nil)
        let task = ScheduledTask(id: "t\(number % 7)", type: "destroy", executeAt: noon, isDone: number % 2 == 0)
        let writes: [ProjectionWrite] = [
          .run(state, metadata: number % 5 == 0 ? "{\"n\":\(number)}" : nil), .task(task),
        ]
        let seqs = try await journal.append(Append([entry(id)], rows: writes))
        rows[seqs[0]] = writes
      }
      let before = try await dump(journal)
      let intruder = run("not from the journal")
      let other = try DatabaseQueue(path: journal.folder.database.path)
      try await other.write { try $0.execute(sql: "DELETE FROM runs WHERE run_id < 'run-15'; DELETE FROM projects") }
      #expect(try await dump(journal) != before)
      let known = rows
      #expect(try await journal.rebuildProjections { _, seq in known[seq] ?? [.run(intruder)] } == 200)
      #expect(try await dump(journal) == before)
      #expect(try await journal.append(Append([entry()], run: run("run-new"))) == [201])
    }
  }

  @Test("a fold that fails leaves the tables as they were, and the journal working")
  func failedRebuild() async throws {
    struct Unreadable: Error {}
    try await withJournal { journal in
      _ = try await journal.append(Append([entry()], run: run("run-1")))
      let before = try await dump(journal)
      let error = await #expect(throws: JournalError.self) {
        try await journal.rebuildProjections { _, _ in throw Unreadable() }
      }
      #expect(error?.code == .invalid)
      #expect(error?.cause is Unreadable)
      #expect(try await dump(journal) == before)
      #expect(try await journal.append(Append([entry()])) == [2])
    }
  }

  private func dump(_ journal: Journal) async throws -> [String] {
    try await journal.reader.read { database in
      try Schema.projectionTables.flatMap { table in
        try Row.fetchAll(database, sql: "SELECT * FROM \(table)").map { "\(table) \($0)" }
      }.sorted()
    }
  }
}
