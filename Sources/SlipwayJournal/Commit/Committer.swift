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
  private var end: ChainEnd
  /// Where the chain ended before the group in hand.
  private var committed: ChainEnd
  /// The last entries of the streams written lately: whoever writes to a stream says each time how far it has seen it.
  private var heads: [String: Int64] = [:]
  /// Only for a deliberate fault: what was written is committed with the next group.
  var isLazy = false
  private let frames = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
  private var checkpointAt = Committer.checkpointFrames

  /// 16 MiB of log: 4 times SQLite's own figure, because pages written often are then copied a quarter as often.
  private static let checkpointFrames: Int32 = 4_096
  /// A bound, not a policy: an open run's stream comes back at once, an ended one's never.
  private static let mostHeads = 65_536

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
    end = ChainEnd(tip)
    committed = ChainEnd(tip)
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

  var tip: Tip { end.tip }

  /// Writes all of `appends` in one transaction; when it returns, all that is in the results is on the disk.
  ///
  /// - Parameter appends: Taken out, so that whoever handed them in frees them instead of the writer.
  /// - Returns: one result for each append; a refused one takes nothing from its neighbours.
  /// - Throws: ``SQLiteFailure``; nothing was acknowledged and, unless it `isBusy`, the connection is not to be used again.
  func write(_ appends: inout [PreparedAppend]) throws(SQLiteFailure) -> [Result<Written, JournalError>] {
    defer { appends.removeAll(keepingCapacity: true) }
    if isLazy, sqlite3_get_autocommit(connection) == 0 { try commit.run() }
    try begin.run()
    committed.follow(end)
    do {
      var results: [Result<Written, JournalError>] = []
      results.reserveCapacity(appends.count)
      for append in appends { results.append(try write(append)) }
      if !isLazy { try commit.run() }
      return results
    } catch {
      if sqlite3_get_autocommit(connection) == 0 { try? rollback.run() }
      end.follow(committed)
      heads = [:]
      throw error
    }
  }

  /// Copies the log into the database once it has grown by ``checkpointFrames``. A reader in the way only delays it.
  func checkpointIfDue() throws {
    guard frames.pointee >= checkpointAt else { return }
    let (all, copied) = try database.checkpoint(.passive)
    checkpointAt = copied == all ? Self.checkpointFrames : frames.pointee + Self.checkpointFrames
  }

  private func write(_ append: PreparedAppend) throws(SQLiteFailure) -> Result<Written, JournalError> {
    if append.hasIDs, let answer = try repeated(append) { return answer }
    if let expected = append.ifStreamAt, let first = append.entries.first {
      let found = try last(of: first)
      if found != expected { return .failure(Self.conflict(first, expected: expected, found: found)) }
    }
    let first = end.seq + 1
    for entry in append.entries { try store(entry) }
    for row in append.rows { try projections.write(row) }
    return .success(.run(first: first, count: append.entries.count))
  }

  private func store(_ entry: EncodedEntry) throws(SQLiteFailure) {
    try entry.withBytes { bytes throws(SQLiteFailure) in
      end.advance(over: bytes)
      insert.bind(end.seq, at: 1)
      insert.bind(textInPlace: bytes, entry.stream, at: 2)
      insert.bind(textInPlace: bytes, entry.kind, at: 3)
      insert.bind(entry.at, at: 4)
      insert.bind(textInPlace: bytes, entry.actor, at: 5)
      insert.bind(textInPlace: bytes, entry.id, at: 6)
      insert.bind(blobInPlace: UnsafeRawBufferPointer(rebasing: bytes[entry.body]), at: 7)
      insert.bind(blobInPlace: end.hash, at: 8)
      try insert.run()
    }
    if heads.count >= Self.mostHeads { heads = [:] }
    heads[entry.streamName] = end.seq
  }
}

extension Committer {
  /// The answer to an append whose ids are there already; nil where none is.
  private func repeated(_ append: PreparedAppend) throws(SQLiteFailure) -> Result<Written, JournalError>? {
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
    return .success(.known(append.entries.indices.map { known[$0] ?? first + Int64($0) }))
  }

  private func last(of entry: EncodedEntry) throws(SQLiteFailure) -> Int64 {
    if let known = heads[entry.streamName] { return known }
    return try entry.withBytes { bytes throws(SQLiteFailure) in
      head.bind(textInPlace: bytes, entry.stream, at: 1)
      return try head.integer() ?? 0
    }
  }

  private static func conflict(_ entry: EncodedEntry, expected: Int64, found: Int64) -> JournalError {
    JournalError(
      .conflict,
      "\(entry.streamName) is at entry \(found), not \(expected) as seen before; read it again and decide anew")
  }

  private static func duplicate(_ entry: EncodedEntry, seq: Int64) -> JournalError {
    let id = String(decoding: entry.bytes[entry.id ?? 0..<0], as: UTF8.self)
    return JournalError(
      .duplicate,
      "entry id '\(id)' is already entry \(seq), and the rest handed in with it is not; hand in each fact once")
  }
}
