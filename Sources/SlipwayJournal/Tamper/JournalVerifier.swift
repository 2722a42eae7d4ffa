package import Foundation
internal import GRDB

/// Walks the chain of a journal and compares it with everything that was signed about it.
///
/// Reads only, in one snapshot, one entry at a time; needs neither driver nor network.
package struct JournalVerifier: Sendable {
  package let folder: JournalFolder
  /// The keys that heads and checkpoints must be signed with; empty = signatures are not checked.
  package let keys: [NoteKey]

  package init(folder: URL, keys: [NoteKey] = []) {
    self.folder = JournalFolder(folder)
    self.keys = keys
  }

  /// Verifies the whole journal.
  ///
  /// - Parameter external: Texts of checkpoints kept elsewhere, which whoever can write the folder could not remove.
  /// - Returns: What stands, and what is wrong.
  /// - Throws: ``JournalError`` when there is nothing to read: `missing`, `newer`, `corrupt`, `unreachable`.
  package func verify(external: [String] = []) throws(JournalError) -> Verification {
    // Notes first: a head read after the walk could speak of entries that came later.
    var verification = Verification()
    var marks = signedMarks(external: external, into: &verification)
    let pool = try Connection.reading(folder, connections: 1)
    defer { try? pool.close() }
    try Connection.translating(folder.database.path) {
      do {
        try pool.unsafeRead { try walk($0, &marks, &verification) }
      } catch let failure as SQLiteFailure {
        throw DatabaseError(resultCode: ResultCode(rawValue: failure.code), message: failure.message)
      }
    }
    compareRest(marks, &verification)
    verification.findings.sort { $0.seq < $1.seq }
    return verification
  }

  /// Looks whether the database says the same along every way: indices against their tables, pages against each other.
  ///
  /// The chain is read along the table alone, a stream along an index, so that a damaged index could hide an entry. Costs about as much again as
  /// ``verify(external:)``.
  ///
  /// - Returns: what is damaged, at most 20 findings; empty when all is well.
  /// - Throws: ``JournalError`` when there is nothing to read.
  package func checkStructure() throws(JournalError) -> [Verification.Finding] {
    let pool = try Connection.reading(folder, connections: 1)
    defer { try? pool.close() }
    return try Connection.translating(folder.database.path) {
      try pool.read { try String.fetchAll($0, sql: "PRAGMA integrity_check(20)") }
        .filter { $0 != "ok" }
        .map { .init(seq: 0, problem: .damaged, message: "the database around the entries is damaged: \($0)") }
    }
  }

  // MARK: The chain

  private func walk(_ database: Database, _ marks: inout Marks, _ verification: inout Verification) throws {
    guard let connection = database.sqliteConnection else { throw JournalError.closed }
    marks.compare(verification.tip, &verification)
    let rows = try PreparedStatement(ChainWalk.sql, on: connection)
    var walk = ChainWalk()
    while try rows.step() {
      if let finding = walk.take(rows) {
        verification.findings.append(try diagnose(finding, connection))
        break
      }
      if let mark = marks.next, mark <= walk.seq { marks.compare(walk.tip, &verification) }
    }
    verification.entries = walk.seq
    verification.tip = walk.tip
  }

  /// Says more closely what a mismatch is, by looking at the entries around it.
  private func diagnose(_ finding: Verification.Finding, _ connection: OpaquePointer) throws -> Verification.Finding {
    guard finding.problem == .changed else { return finding }
    let statement = try PreparedStatement(ChainWalk.around, on: connection)
    statement.bind(finding.seq - 2, at: 1)
    statement.bind(finding.seq + 2, at: 2)
    var rows: [Int64: ChainWalk.Row] = [:]
    while try statement.step() {
      let row = ChainWalk.Row(statement)
      rows[row.seq] = row
    }
    return Diagnosis(rows: rows).judge(finding)
  }

  // MARK: What was signed

  private func signedMarks(external: [String], into verification: inout Verification) -> Marks {
    var notes: [(source: String, text: String)] = []
    if FileManager.default.fileExists(atPath: folder.head.path) {
      notes.append((folder.head.lastPathComponent, HeadFile.read(folder) ?? ""))
    }
    if FileManager.default.fileExists(atPath: folder.checkpoints.path) {
      let data = NoteFile.contents(of: folder.checkpoints, limit: CheckpointFile.limit)
      let split = data.map { CheckpointFile.split(String(decoding: $0, as: UTF8.self)) }
      // A file that cannot be read is shown as a note that cannot be read.
      notes += (split ?? [""]).enumerated().map { ("checkpoint \($0.offset + 1)", $0.element) }
    }
    notes += external.map { ("the checkpoint handed in", $0) }
    verification.signaturesChecked = !keys.isEmpty
    verification.checkpoints = notes.count
    var marks = Marks()
    for (source, text) in notes {
      guard let note = SignedNote(text), let checkpoint = Checkpoint(text: note.text) else {
        verification.findings.append(
          .init(seq: 0, problem: .unsigned, message: "\(source) cannot be read as a checkpoint"))
        continue
      }
      let tip = checkpoint.tip
      if !keys.isEmpty, !note.isSigned(by: keys) {
        let message = "\(source) speaks of entry \(tip.seq) and has no valid signature of a known key"
        verification.findings.append(.init(seq: tip.seq, problem: .unsigned, message: message))
        continue
      }
      marks.add(tip, source: source)
    }
    marks.sort()
    return marks
  }

  /// Whatever was signed about entries that the walk did not reach.
  private func compareRest(_ marks: Marks, _ verification: inout Verification) {
    let stopped = verification.findings.contains { $0.problem != .unsigned && $0.problem != .rewritten }
    // Where the walk stopped at a bad entry, what lies behind it is not cut off but unread.
    guard !stopped else { return }
    for mark in marks.left {
      let message =
        "the journal ends at entry \(verification.tip.seq), \(mark.source) says that entry \(mark.tip.seq) was written: "
        + "the tail was cut off"
      verification.findings.append(.init(seq: verification.tip.seq + 1, problem: .cut, message: message))
    }
  }
}

/// What signed notes say about entries, in the order of the walk.
private struct Marks {
  private var marks: [(tip: Tip, source: String)] = []

  mutating func add(_ tip: Tip, source: String) {
    marks.append((tip, source))
  }

  /// To be called when all were added.
  mutating func sort() { marks.sort { $0.tip.seq > $1.tip.seq } }

  /// The next entry that something is signed about.
  var next: Int64? { marks.last?.tip.seq }
  var left: [(tip: Tip, source: String)] { marks.reversed() }

  mutating func compare(_ tip: Tip, _ verification: inout Verification) {
    while let mark = marks.last, mark.tip.seq <= tip.seq {
      marks.removeLast()
      guard mark.tip.hash != tip.hash else { continue }
      let message = "\(mark.source) has another hash: the journal was rewritten at or before this entry"
      verification.findings.append(.init(seq: mark.tip.seq, problem: .rewritten, message: message))
    }
  }
}
