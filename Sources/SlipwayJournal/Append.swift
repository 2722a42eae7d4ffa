internal import Foundation
internal import Glibc
package import SlipwayModel

/// What is to become durable together: entries, and the rows that follow from them.
///
/// All of it is written or nothing. An append whose entry ids are all there already is a repeat: it is answered with the
/// sequence numbers of the first time, and writes nothing, its rows included.
package struct Append: Sendable {
  package var entries: [Entry]
  /// Rows of the SQL tables that change with the entries.
  package var rows: [ProjectionWrite]
  /// The last sequence number of the first entry's stream that the caller has seen (0 = none); a stream that has moved on
  /// refuses the append, so that nobody writes over another's decision. Nil asks nothing.
  package var ifStreamAt: Int64?

  package init(_ entries: [Entry], run: RunRow? = nil, rows: [ProjectionWrite] = [], ifStreamAt: Int64? = nil) {
    self.entries = entries
    self.rows = (run.map { [.run($0)] } ?? []) + rows
    self.ifStreamAt = ifStreamAt
  }
}

/// One row of a projection, put in place of what is there.
package enum ProjectionWrite: Sendable, Equatable {
  /// Names its project and environment as well; `metadata` nil keeps what is there.
  case run(RunRow, metadata: String? = nil)
  case task(ScheduledTask)
  case project(String, metadata: String)
  case environment(EnvironmentName, project: String, metadata: String)
}

/// Something to be done at a time, such as removing blue when the rollback window has passed.
package struct ScheduledTask: Sendable, Equatable {
  package var id: String
  package var type: String
  package var executeAt: Timestamp
  /// JSON.
  package var metadata: String
  package var isDone: Bool

  package init(id: String, type: String, executeAt: Timestamp, metadata: String = "{}", isDone: Bool = false) {
    self.id = id
    self.type = type
    self.executeAt = executeAt
    self.metadata = metadata
    self.isDone = isDone
  }
}

/// An append, checked and laid out by the task that hands it in, so that the writer has little left to do.
struct PreparedAppend: Sendable {
  static let bodyLimit = 16 << 20
  static let textLimit = 4_096

  let entries: [EncodedEntry]
  let rows: [PreparedRow]
  let ifStreamAt: Int64?
  /// Whether an entry has an id, which must be looked for.
  let hasIDs: Bool
  /// What it counts for in the queue's bound.
  let bytes: Int

  init(_ append: Append) throws(JournalError) {
    for entry in append.entries { try Self.check(entry) }
    let ids = append.entries.compactMap(\.id)
    guard ids.count < 2 || Set(ids).count == ids.count else {
      throw JournalError(.invalid, "one append holds an entry id twice: \(ids.joined(separator: ", ")); ids are unique")
    }
    guard !append.entries.isEmpty || (append.ifStreamAt == nil && append.rows.isEmpty) else {
      throw JournalError(.invalid, "an append without entries cannot change rows: every row follows from an entry")
    }
    entries = append.entries.map(EncodedEntry.init)
    rows = append.rows.map(PreparedRow.init)
    ifStreamAt = append.ifStreamAt
    hasIDs = !ids.isEmpty
    bytes = Self.bytes(of: append)
  }

  static func bytes(of append: Append) -> Int { append.entries.reduce(0) { $0 + $1.body.count } }

  private static func check(_ entry: Entry) throws(JournalError) {
    try check(entry.stream, "stream")
    try check(entry.kind, "kind")
    try check(entry.actor, "actor")
    if let id = entry.id { try check(id, "id") }
    guard entry.body.count <= bodyLimit else {
      throw JournalError(
        .invalid,
        "entry '\(entry.kind)' of \(entry.stream) has \(entry.body.count) bytes, \(bodyLimit) are allowed; put the bulk "
          + "into a file and its digest into the entry")
    }
  }

  private static func check(_ text: String, _ name: String) throws(JournalError) {
    // SQLite reads text up to its first NUL, so one inside would be stored but never shown.
    guard !text.isEmpty, text.utf8.count <= textLimit, !hasNUL(text) else {
      throw JournalError(
        .invalid, "an entry's \(name) must have 1 to \(textLimit) bytes and no NUL; got \(text.utf8.count) bytes")
    }
  }

  private static func hasNUL(_ text: String) -> Bool {
    // memchr looks at many bytes at once; this is asked of every text of every entry.
    text.utf8.withContiguousStorageIfAvailable { bytes in
      bytes.baseAddress.map { memchr($0, 0, bytes.count) != nil } ?? false
    } ?? text.utf8.contains(0)
  }
}

/// What was written for an append: sequence numbers, spelled out only by the task that asked.
enum Written: Sendable {
  /// Entries that follow one another.
  case run(first: Int64, count: Int)
  case known([Int64])

  var sequence: [Int64] {
    switch self {
    case .run(let first, let count): (0..<count).map { first + Int64($0) }
    case .known(let sequence): sequence
    }
  }
}
