internal import GRDB
package import SlipwayModel

extension JournalReader {
  /// How many rows a question is answered with at most, unless it says otherwise.
  package static let rowLimit = 100_000

  /// The runs that have not finished, oldest first.
  package func openRuns(limit: Int = rowLimit) async throws(JournalError) -> [RunRow] {
    try await runs(RunQuery.open, [limit])
  }

  /// The runs of an environment, newest first.
  package func runs(of environment: EnvironmentName, limit: Int = rowLimit) async throws(JournalError) -> [RunRow] {
    try await runs(RunQuery.ofEnvironment, [environment.text, limit])
  }

  /// All runs, newest first.
  package func runs(limit: Int = rowLimit) async throws(JournalError) -> [RunRow] {
    try await runs(RunQuery.all, [limit])
  }

  /// The run called `id`.
  package func run(_ id: RunID) async throws(JournalError) -> RunRow? {
    try await runs(RunQuery.one, [id.text]).first
  }

  /// The runs whose time to be looked at has come, longest overdue first. Costs as much as it returns, however many wait.
  package func due(at now: Timestamp, limit: Int = rowLimit) async throws(JournalError) -> [RunRow] {
    try await runs(RunQuery.due, [now.milliseconds, limit])
  }

  /// When the next run or task is due; nil where nothing waits for a time.
  package func nextWake() async throws(JournalError) -> Timestamp? {
    try await read { database in
      let run = try Int64.fetchOne(database, sql: RunQuery.nextWake)
      let task = try Int64.fetchOne(database, sql: RunQuery.nextTask)
      return [run, task].compactMap { $0 }.min().map(Timestamp.init(milliseconds:))
    }
  }

  /// The tasks whose time has come and that are not done, longest overdue first.
  package func dueTasks(at now: Timestamp, limit: Int = rowLimit) async throws(JournalError) -> [ScheduledTask] {
    try await tasks(RunQuery.dueTasks, [now.milliseconds, limit])
  }

  /// The tasks that are not done, the next one first.
  package func openTasks(limit: Int = rowLimit) async throws(JournalError) -> [ScheduledTask] {
    try await tasks(RunQuery.dueTasks, [Int64.max, limit])
  }

  /// Those of the tasks called `ids` that are not done.
  package func openTasks(among ids: [String]) async throws(JournalError) -> [ScheduledTask] {
    guard !ids.isEmpty else { return [] }
    let places = Array(repeating: "?", count: ids.count).joined(separator: ", ")
    return try await tasks(RunQuery.openTasks(among: places), StatementArguments(ids))
  }

  /// The tasks of one type that are not done, the next one first.
  package func openTasks(of type: String) async throws(JournalError) -> [ScheduledTask] {
    try await tasks(RunQuery.openTasksOfType, [type])
  }

  private func runs(_ sql: String, _ arguments: StatementArguments) async throws(JournalError) -> [RunRow] {
    try await read { database in
      let rows = try Row.fetchCursor(database, sql: sql, arguments: arguments)
      var runs: [RunRow] = []
      while let row = try rows.next() { runs.append(RunRow(row)) }
      return runs
    }
  }

  private func tasks(_ sql: String, _ arguments: StatementArguments) async throws(JournalError) -> [ScheduledTask] {
    try await read { database in
      try Row.fetchAll(database, sql: sql, arguments: arguments).map { row in
        ScheduledTask(
          id: row[0], type: row[1], executeAt: Timestamp(milliseconds: row[2]), metadata: row[3], isDone: row[4])
      }
    }
  }
}

/// The questions as SQL, apart so that a test can ask SQLite how it would answer them.
enum RunQuery {
  private static let columns = """
    SELECT run_id, project_id, environment_id, release, operation_type, status, created_by, started_at, completed_at,
      wake_at, evidence_dir FROM runs
    """
  static let open = columns + " WHERE completed_at IS NULL ORDER BY started_at, run_id LIMIT ?"
  static let ofEnvironment = columns + " WHERE environment_id = ? ORDER BY started_at DESC, run_id DESC LIMIT ?"
  static let all = columns + " ORDER BY started_at DESC, run_id DESC LIMIT ?"
  static let one = columns + " WHERE run_id = ?"
  static let due = columns + " WHERE wake_at IS NOT NULL AND wake_at <= ? ORDER BY wake_at, run_id LIMIT ?"
  static let nextWake = "SELECT min(wake_at) FROM runs WHERE wake_at IS NOT NULL"
  static let nextTask = "SELECT min(execute_at) FROM scheduled_tasks WHERE done = 0"
  static func openTasks(among places: String) -> String {
    "SELECT task_id, task_type, execute_at, metadata, done FROM scheduled_tasks WHERE done = 0 AND task_id IN (\(places))"
  }
  static let openTasksOfType = """
    SELECT task_id, task_type, execute_at, metadata, done FROM scheduled_tasks
    WHERE done = 0 AND task_type = ? ORDER BY execute_at, task_id
    """
  static let dueTasks = """
    SELECT task_id, task_type, execute_at, metadata, done FROM scheduled_tasks
    WHERE done = 0 AND execute_at <= ? ORDER BY execute_at, task_id LIMIT ?
    """
}

extension RunRow {
  /// Reads the columns in the order of ``RunQuery``.
  init(_ row: Row) {
    let finished: Int64? = row[8]
    let wake: Int64? = row[9]
    self.init(
      run: RunID(row[0]), project: row[1], environment: EnvironmentName(row[2]), release: ReleaseID(row[3]),
      operation: row[4], status: row[5], createdBy: row[6], startedAt: Timestamp(milliseconds: row[7]),
      finishedAt: finished.map(Timestamp.init(milliseconds:)), wakeAt: wake.map(Timestamp.init(milliseconds:)),
      evidenceFolder: row[10])
  }
}
