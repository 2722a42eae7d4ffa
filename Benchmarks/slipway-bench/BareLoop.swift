internal import Foundation
internal import GRDBSQLite
internal import Synchronization

/// The machine's own limit: the same durable points group-committed by a bare loop over SQLite's C interface, with neither
/// hash, index, trigger, queries nor error handling. A port of the reference in `durable-peers.md`, section 3.
final class BareLoop: Sendable {
  struct Record: Sendable {
    enum Kind: Int32, Sendable { case start, intent, result }
    var workflow: Int
    var step: Int
    var kind: Kind
  }

  private struct Progress {
    var done = 0
    var next = 0
    var commits = 0
  }

  private let workload: Workload
  private let effects: Effects
  private let path: String
  private let ready = RecordQueue()
  private let journal = RecordQueue()
  private let progress = Mutex(Progress())

  private init(_ workload: Workload, effects: Effects, path: String) {
    self.workload = workload
    self.effects = effects
    self.path = path
  }

  static func run(_ workload: Workload, in folder: URL) throws -> Round {
    let effects = try Effects(in: folder)
    defer { effects.close() }
    let loop = BareLoop(workload, effects: effects, path: folder.appendingPathComponent("bare.sqlite").path)
    let (start, processor) = (ContinuousClock.now, processorTime())
    loop.serve()
    return Round(
      steps: workload.workflows * Workload.steps, elapsed: ContinuousClock.now - start,
      commits: loop.progress.withLock { $0.commits }, workflows: workload.workflows,
      processor: processorTime() - processor)
  }

  private func serve() {
    let first = min(workload.inFlight, workload.workflows)
    progress.withLock { $0.next = first }
    journal.put((0..<first).map { Record(workflow: $0, step: 0, kind: .start) })
    let ended = DispatchSemaphore(value: 0)
    for work in [execute, execute, write] {
      Thread {
        work()
        ended.signal()
      }.start()
    }
    for _ in 0..<3 { ended.wait() }
  }

  @Sendable private func execute() {
    while let record = ready.takeOne() {
      if record.kind == .intent {
        effects.perform(record.workflow, record.step)
        journal.put([Record(workflow: record.workflow, step: record.step, kind: .result)])
      } else {
        journal.put([Record(workflow: record.workflow, step: record.step + 1, kind: .intent)])
      }
    }
  }

  @Sendable private func write() {
    let store = BareStore(path: path)
    while let batch = journal.takeAll() {
      store.write(batch)
      advance(batch)
    }
    store.close()
  }

  private func advance(_ batch: [Record]) {
    var ready: [Record] = []
    var started: [Record] = []
    let isFinished = progress.withLock { progress in
      progress.commits += 1
      for record in batch {
        guard record.kind == .result, record.step == Workload.steps else {
          ready.append(record)
          continue
        }
        progress.done += 1
        if progress.next < workload.workflows {
          started.append(Record(workflow: progress.next, step: 0, kind: .start))
          progress.next += 1
        }
      }
      return progress.done == workload.workflows
    }
    journal.put(started)
    self.ready.put(ready)
    if isFinished {
      self.ready.close()
      journal.close()
    }
  }
}

/// The two tables of the bare loop and the statements that fill them.
private struct BareStore {
  private let connection: OpaquePointer?
  private let start, step, finish, begin, commit: OpaquePointer?
  private let payload = UnsafeMutableRawBufferPointer.allocate(byteCount: Workload.payload, alignment: 8)

  init(path: String) {
    var opened: OpaquePointer?
    sqlite3_open(path, &opened)
    let schema = """
      PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      CREATE TABLE workflow(id INTEGER PRIMARY KEY, state INTEGER NOT NULL, input BLOB);
      CREATE TABLE step(wf INTEGER NOT NULL, n INTEGER NOT NULL, kind INTEGER NOT NULL, result BLOB,
        PRIMARY KEY(wf, n, kind)) WITHOUT ROWID;
      """
    sqlite3_exec(opened, schema, nil, nil, nil)
    func prepare(_ sql: String) -> OpaquePointer? {
      var statement: OpaquePointer?
      sqlite3_prepare_v2(opened, sql, -1, &statement, nil)
      return statement
    }
    connection = opened
    start = prepare("INSERT INTO workflow VALUES(?, 0, ?)")
    step = prepare("INSERT INTO step VALUES(?, ?, ?, ?)")
    finish = prepare("UPDATE workflow SET state = 1 WHERE id = ?")
    begin = prepare("BEGIN IMMEDIATE")
    commit = prepare("COMMIT")
    payload.initializeMemory(as: UInt8.self, repeating: 0x70)
  }

  func write(_ batch: [BareLoop.Record]) {
    run(begin)
    for record in batch { write(record) }
    run(commit)
  }

  func close() {
    for statement in [start, step, finish, begin, commit] { sqlite3_finalize(statement) }
    sqlite3_close(connection)
    payload.deallocate()
  }

  private func write(_ record: BareLoop.Record) {
    let workflow = Int64(record.workflow)
    if record.kind == .start {
      sqlite3_bind_int64(start, 1, workflow)
      sqlite3_bind_blob(start, 2, payload.baseAddress, Int32(payload.count), nil)
      run(start)
    } else {
      sqlite3_bind_int64(step, 1, workflow)
      sqlite3_bind_int64(step, 2, Int64(record.step))
      sqlite3_bind_int(step, 3, record.kind.rawValue)
      sqlite3_bind_blob(step, 4, payload.baseAddress, record.kind == .result ? Int32(payload.count) : 0, nil)
      run(step)
    }
    if record.kind == .result, record.step == Workload.steps {
      sqlite3_bind_int64(finish, 1, workflow)
      run(finish)
    }
  }

  private func run(_ statement: OpaquePointer?) {
    precondition(sqlite3_step(statement) == SQLITE_DONE, "the bare loop cannot write")
    sqlite3_reset(statement)
  }
}

/// Records between threads, under one lock and one condition.
///
/// `@unchecked Sendable`: `records`, `first` and `isClosed` are touched only while `condition` is locked.
final class RecordQueue: @unchecked Sendable {
  private let condition = NSCondition()
  private var records: [BareLoop.Record] = []
  private var first = 0
  private var isClosed = false

  func put(_ more: [BareLoop.Record]) {
    guard !more.isEmpty else { return }
    condition.lock()
    records += more
    if more.count == 1 { condition.signal() } else { condition.broadcast() }
    condition.unlock()
  }

  func takeOne() -> BareLoop.Record? {
    condition.lock()
    defer { condition.unlock() }
    while first == records.count, !isClosed { condition.wait() }
    guard first < records.count else { return nil }
    defer {
      first += 1
      if first == records.count {
        records.removeAll(keepingCapacity: true)
        first = 0
      }
    }
    return records[first]
  }

  func takeAll() -> [BareLoop.Record]? {
    condition.lock()
    defer { condition.unlock() }
    while records.isEmpty, !isClosed { condition.wait() }
    guard !records.isEmpty else { return nil }
    defer { records = [] }
    return records
  }

  func close() {
    condition.lock()
    isClosed = true
    condition.broadcast()
    condition.unlock()
  }
}
