internal import Foundation
internal import GRDB
internal import GRDBSQLite

/// Writes groups of appends, one transaction each, and keeps the end of the chain.
///
/// Lives on the writer's thread, inside the one connection that writes and checkpoints.
final class Committer {
  let database: Database
  let projections: ProjectionStatements
  private let connection: OpaquePointer
  private let begin, commit, rollback, insert, find, head: PreparedStatement
  private var seq: Int64
  /// Only for a deliberate fault: what was written is committed with the next group.
  var isLazy = false
  private let hash = UnsafeMutableRawBufferPointer.allocate(byteCount: Chain.hashLength, alignment: 8)
  private let frames = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
  private var checkpointAt = Committer.checkpointFrames

  /// 16 MiB of log: 4 times SQLite's own figure, because pages written often are then copied a quarter as often.
  private static let checkpointFrames: Int32 = 4_096

  init(_ database: Database) throws {
    guard let connection = database.sqliteConnection else { throw JournalError.closed }
    self.database = database
    self.connection = connection
    projections = try ProjectionStatements(connection)
    begin = try PreparedStatement("BEGIN IMMEDIATE", on: connection)
    commit = try PreparedStatement("COMMIT", on: connection)
    rollback = try PreparedStatement("ROLLBACK", on: connection)
    insert = try PreparedStatement("INSERT INTO journal VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", on: connection)
    find = try PreparedStatement("SELECT seq FROM journal WHERE entry_id = ?1", on: connection)
    head = try PreparedStatement("SELECT max(seq) FROM journal WHERE stream = ?1", on: connection)
    let tip = try Self.storedTip(database)
    seq = tip.seq
    tip.hash.withUnsafeBytes { hash.copyMemory(from: $0) }
    frames.initialize(to: 0)
    sqlite3_wal_hook(
      connection,
      { context, _, _, count in
        context?.assumingMemoryBound(to: Int32.self).pointee = count
        return SQLITE_OK
      }, frames)
  }

  deinit {
    sqlite3_wal_hook(connection, nil, nil)
    hash.deallocate()
    frames.deallocate()
  }

  /// The end of the chain as the database has it.
  static func storedTip(_ database: Database) throws -> Tip {
    let last = try Row.fetchOne(database, sql: "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1")
    guard let last else { return Tip(seq: 0, hash: Chain.genesis) }
    let tip = Tip(seq: last["seq"], hash: last["hash"])
    guard tip.hash.count == Chain.hashLength else {
      throw JournalError(.corrupt, "entry \(tip.seq) has a hash of \(tip.hash.count) bytes; run: slipway audit verify")
    }
    return tip
  }

  static func storedHash(_ database: Database, at seq: Int64) throws -> Data? {
    seq == 0
      ? Chain.genesis : try Data.fetchOne(database, sql: "SELECT hash FROM journal WHERE seq = ?", arguments: [seq])
  }

  var tip: Tip { Tip(seq: seq, hash: Data(hash)) }

  /// Writes all of `appends` in one transaction; when it returns, all that is in the results is on the disk.
  ///
  /// - Returns: one result for each append; a refused one takes nothing from its neighbours.
  /// - Throws: ``SQLiteFailure``; nothing was acknowledged and, unless it `isBusy`, the connection is not to be used again.
  func write(_ appends: inout [PreparedAppend]) throws(SQLiteFailure) -> [Result<[Int64], JournalError>] {
    if isLazy, sqlite3_get_autocommit(connection) == 0 { try commit.run() }
    try begin.run()
    do {
      var results: [Result<[Int64], JournalError>] = []
      results.reserveCapacity(appends.count)
      for index in appends.indices { results.append(try write(&appends[index])) }
      if !isLazy { try commit.run() }
      return results
    } catch {
      if sqlite3_get_autocommit(connection) == 0 { try? rollback.run() }
      throw error
    }
  }

  /// Copies the log into the database once it has grown by ``checkpointFrames``. A reader in the way only delays it.
  func checkpointIfDue() throws {
    guard frames.pointee >= checkpointAt else { return }
    let (all, copied) = try database.checkpoint(.passive)
    checkpointAt = copied == all ? Self.checkpointFrames : frames.pointee + Self.checkpointFrames
  }

  private func write(_ append: inout PreparedAppend) throws(SQLiteFailure) -> Result<[Int64], JournalError> {
    switch try repeated(append) {
    case .some(let answer): return answer
    case .none: break
    }
    if let expected = append.ifStreamAt, let first = append.entries.first {
      let found = try last(ofStreamOf: first)
      if found != expected { return .failure(Self.conflict(first, expected: expected, found: found)) }
    }
    var seqs: [Int64] = []
    seqs.reserveCapacity(append.entries.count)
    for index in append.entries.indices { seqs.append(try store(&append.entries[index])) }
    for row in append.rows { try projections.write(row) }
    return .success(seqs)
  }

  private func store(_ entry: inout EncodedEntry) throws(SQLiteFailure) -> Int64 {
    let next = seq + 1
    entry.chain(at: next, after: hash)
    try entry.withBytes { bytes throws(SQLiteFailure) in
      insert.bind(next, at: 1)
      insert.bind(textInPlace: UnsafeRawBufferPointer(rebasing: bytes[entry.stream]), at: 2)
      insert.bind(textInPlace: UnsafeRawBufferPointer(rebasing: bytes[entry.kind]), at: 3)
      insert.bind(entry.at, at: 4)
      insert.bind(textInPlace: UnsafeRawBufferPointer(rebasing: bytes[entry.actor]), at: 5)
      if let id = entry.id {
        insert.bind(textInPlace: UnsafeRawBufferPointer(rebasing: bytes[id]), at: 6)
      } else {
        insert.bindNull(at: 6)
      }
      insert.bind(blobInPlace: UnsafeRawBufferPointer(rebasing: bytes[entry.body]), at: 7)
      insert.bind(blobInPlace: UnsafeRawBufferPointer(hash), at: 8)
      try insert.run()
    }
    seq = next
    return next
  }
}

extension Committer {
  /// The answer to an append whose ids are there already; nil where none is.
  private func repeated(_ append: PreparedAppend) throws(SQLiteFailure) -> Result<[Int64], JournalError>? {
    var known: [Int: Int64] = [:]
    var ids = 0
    for (index, entry) in append.entries.enumerated() {
      guard let id = entry.id else { continue }
      ids += 1
      let found = try entry.withBytes { bytes throws(SQLiteFailure) in
        find.bind(textInPlace: UnsafeRawBufferPointer(rebasing: bytes[id]), at: 1)
        return try find.integer()
      }
      if let found { known[index] = found }
    }
    guard let (index, seq) = known.min(by: { $0.key < $1.key }) else { return nil }
    let first = seq - Int64(index)
    let isWhole = known.count == append.entries.count
    // Entries of one append follow one another, so those without an id are found by their distance to one with.
    guard isWhole || (known.count == ids && known.allSatisfy { $0.value - Int64($0.key) == first }) else {
      return .failure(Self.duplicate(append.entries[index], seq: seq))
    }
    return .success(append.entries.indices.map { known[$0] ?? first + Int64($0) })
  }

  private func last(ofStreamOf entry: EncodedEntry) throws(SQLiteFailure) -> Int64 {
    try entry.withBytes { bytes throws(SQLiteFailure) in
      head.bind(textInPlace: UnsafeRawBufferPointer(rebasing: bytes[entry.stream]), at: 1)
      return try head.integer() ?? 0
    }
  }

  private static func conflict(_ entry: EncodedEntry, expected: Int64, found: Int64) -> JournalError {
    let stream = String(decoding: entry.bytes[entry.stream], as: UTF8.self)
    return JournalError(
      .conflict, "\(stream) is at entry \(found), not \(expected) as seen before; read it again and decide anew")
  }

  private static func duplicate(_ entry: EncodedEntry, seq: Int64) -> JournalError {
    let id = String(decoding: entry.bytes[entry.id ?? 0..<0], as: UTF8.self)
    return JournalError(
      .duplicate,
      "entry id '\(id)' is already entry \(seq), and the rest handed in with it is not; hand in each fact once")
  }
}
