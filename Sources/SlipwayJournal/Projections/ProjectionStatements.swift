internal import SlipwayModel

/// The statements that put a row of a SQL table in place.
final class ProjectionStatements {
  private let touchRun, putRun, putTask, knowProject, knowEnvironment, putProject, putEnvironment: PreparedStatement
  private var known: Set<String> = []

  init(_ connection: OpaquePointer) throws(SQLiteFailure) {
    func statement(_ sql: String) throws(SQLiteFailure) -> PreparedStatement {
      try PreparedStatement(sql, on: connection)
    }
    // Most changes of a run are of its status alone; saying so spares the three indexes.
    touchRun = try statement(
      """
      UPDATE runs SET status = ?2
      WHERE run_id = ?1 AND wake_at IS ?3 AND completed_at IS ?4 AND evidence_dir IS ?5
      """)
    putRun = try statement(
      """
      INSERT INTO runs(run_id, status, wake_at, completed_at, evidence_dir, metadata, project_id, environment_id, release,
        operation_type, created_by, started_at)
      VALUES(?1, ?2, ?3, ?4, ?5, coalesce(?6, '{}'), ?7, ?8, ?9, ?10, ?11, ?12)
      ON CONFLICT(run_id) DO UPDATE SET status = ?2, wake_at = ?3, completed_at = ?4, evidence_dir = ?5,
        metadata = coalesce(?6, metadata)
      """)
    putTask = try statement(
      """
      INSERT INTO scheduled_tasks(task_id, task_type, execute_at, metadata, done) VALUES(?1, ?2, ?3, ?4, ?5)
      ON CONFLICT(task_id) DO UPDATE SET task_type = ?2, execute_at = ?3, metadata = ?4, done = ?5
      """)
    knowProject = try statement("INSERT INTO projects(project_id) VALUES(?1) ON CONFLICT DO NOTHING")
    knowEnvironment = try statement(
      "INSERT INTO environments(project_id, environment_id) VALUES(?1, ?2) ON CONFLICT DO NOTHING")
    putProject = try statement(
      "INSERT INTO projects VALUES(?1, ?2) ON CONFLICT(project_id) DO UPDATE SET metadata = ?2")
    putEnvironment = try statement(
      """
      INSERT INTO environments VALUES(?1, ?2, ?3)
      ON CONFLICT(project_id, environment_id) DO UPDATE SET metadata = ?3
      """)
  }

  func write(_ row: PreparedRow) throws(SQLiteFailure) {
    switch row {
    case .run(let run): try write(run)
    case .other(let row): try write(row)
    }
  }

  /// For whoever empties the tables.
  func forget() { known = [] }

  private func write(_ row: ProjectionWrite) throws(SQLiteFailure) {
    switch row {
    case .run(let run, let metadata): try write(EncodedRun(run, metadata: metadata))
    case .task(let task): try write(task)
    case .project(let project, let metadata):
      putProject.bind(project, at: 1)
      putProject.bind(metadata, at: 2)
      try putProject.run()
    case .environment(let environment, let project, let metadata):
      try know(environment.text, of: project)
      putEnvironment.bind(project, at: 1)
      putEnvironment.bind(environment.text, at: 2)
      putEnvironment.bind(metadata, at: 3)
      try putEnvironment.run()
    }
  }

  private func write(_ run: EncodedRun) throws(SQLiteFailure) {
    if run.metadata == nil, try touch(run) { return }
    try know(run.text(run.environment), of: run.text(run.project))
    let result: Result<Void, SQLiteFailure> = run.bytes.withUnsafeBytes { bytes in
      bindState(of: run, bytes, to: putRun)
      putRun.bind(textInPlace: bytes, run.metadata, at: 6)
      putRun.bind(textInPlace: bytes, run.project, at: 7)
      putRun.bind(textInPlace: bytes, run.environment, at: 8)
      putRun.bind(textInPlace: bytes, run.release, at: 9)
      putRun.bind(textInPlace: bytes, run.operation, at: 10)
      putRun.bind(textInPlace: bytes, run.createdBy, at: 11)
      putRun.bind(run.startedAt, at: 12)
      do throws(SQLiteFailure) { return .success(try putRun.run()) } catch { return .failure(error) }
    }
    try result.get()
  }

  private func touch(_ run: EncodedRun) throws(SQLiteFailure) -> Bool {
    let result: Result<Void, SQLiteFailure> = run.bytes.withUnsafeBytes { bytes in
      bindState(of: run, bytes, to: touchRun)
      do throws(SQLiteFailure) { return .success(try touchRun.run()) } catch { return .failure(error) }
    }
    try result.get()
    return touchRun.changes == 1
  }

  private func bindState(of run: EncodedRun, _ bytes: UnsafeRawBufferPointer, to statement: PreparedStatement) {
    statement.bind(textInPlace: bytes, run.run, at: 1)
    statement.bind(textInPlace: bytes, run.status, at: 2)
    statement.bind(run.wakeAt, at: 3)
    statement.bind(run.finishedAt, at: 4)
    statement.bind(textInPlace: bytes, run.evidenceFolder, at: 5)
  }

  private func write(_ task: ScheduledTask) throws(SQLiteFailure) {
    putTask.bind(task.id, at: 1)
    putTask.bind(task.type, at: 2)
    putTask.bind(task.executeAt.milliseconds, at: 3)
    putTask.bind(task.metadata, at: 4)
    putTask.bind(task.isDone ? 1 : 0, at: 5)
    try putTask.run()
  }

  private func know(_ environment: String, of project: String) throws(SQLiteFailure) {
    let key = project + "\0" + environment
    guard !known.contains(key) else { return }
    knowProject.bind(project, at: 1)
    try knowProject.run()
    knowEnvironment.bind(project, at: 1)
    knowEnvironment.bind(environment, at: 2)
    try knowEnvironment.run()
    // A bound, not a cache policy: a folder has a handful of environments.
    if known.count > 10_000 { known = [] }
    known.insert(key)
  }
}
