/// What can be done to an environment's data.
package enum DataDeed: String, Codable, Sendable, CaseIterable {
  /// The live data of the environment that the release comes from are copied and the copy verified (B4).
  case snapshot
  /// The live data of the target are copied and the copy verified, before anything changes (B5, C3).
  case backup
  /// Green's own data are made beside the running ones, and verified.
  case green
  case migrate
  /// Green's data take the live name.
  case swap
  /// Blue's data take the live name again.
  case swapBack = "swap-back"
  /// Blue's data take writes again after the pause for a copy.
  case resumeWrites = "resume-writes"
  /// Green's data are taken out of use: removed if nobody wrote to them, kept under a dated name if somebody did.
  case setAside = "set-aside"
  /// The data are brought back to the backup, beside the running ones and verified, and then take their name; those are kept under a dated name.
  case restore
}

/// What a deed did, in numbers: kept in the journal and in evidence (B10).
package struct DataReport: Codable, Sendable, Equatable {
  package var deed: DataDeed
  /// The database that was copied, made, or taken out of use.
  package var database: String?
  /// The folder of its files.
  package var files: String?
  /// The snapshot that was made or restored from.
  package var snapshot: SnapshotID?
  /// SHA-256 of the snapshot's manifest.
  package var manifest: Digest?
  package var databaseBytes: Int64?
  package var rows: Int64?
  package var tables: Int?
  package var fileCount: Int?
  package var fileBytes: Int64?
  /// How it was made, in a word: `dump`, `template`.
  package var method: String?
  /// What was checked about it.
  package var checks: [DataCheck] = []
  /// How long the deed took.
  package var took: Span?
  /// How long the live data took no writes.
  package var withoutWrites: Span?
  /// How long nobody was served.
  package var withoutService: Span?
  /// What was, or will be, lost with it.
  package var loss: DataLoss?
  /// What was kept under a dated name and goes when the rollback window ends.
  package var aside: [AsideData] = []

  package init(deed: DataDeed) { self.deed = deed }
}

/// One thing that was checked about data.
package struct DataCheck: Codable, Sendable, Equatable {
  package var name: String
  package var passed: Bool
  package var detail: String

  package init(_ name: String, passed: Bool, detail: String) {
    self.name = name
    self.passed = passed
    self.detail = detail
  }
}

/// What was written since a moment and would be gone (C7).
package struct DataLoss: Codable, Sendable, Equatable {
  package var since: Timestamp
  /// Tables that were written to, most rows first.
  package var tables: [TableWrites]
  package var filesAdded: Int
  package var fileBytesAdded: Int64
  /// Why the figures cannot be trusted; nil when they can.
  package var doubt: String?

  package init(
    since: Timestamp, tables: [TableWrites] = [], filesAdded: Int = 0, fileBytesAdded: Int64 = 0, doubt: String? = nil
  ) {
    self.since = since
    self.tables = tables
    self.filesAdded = filesAdded
    self.fileBytesAdded = fileBytesAdded
    self.doubt = doubt
  }

  /// Whether it is certain that nothing would be lost.
  package var isNothing: Bool { tables.isEmpty && filesAdded == 0 && doubt == nil }

  /// For people, in one line.
  package var sentence: String {
    if isNothing { return "nothing was written since \(since)" }
    var parts = tables.prefix(8).map {
      "\($0.table): \($0.inserted) inserted, \($0.updated) updated, \($0.deleted) deleted"
    }
    if tables.count > 8 { parts.append("and \(tables.count - 8) more tables") }
    if filesAdded > 0 { parts.append("\(filesAdded) files added (\(fileBytesAdded) bytes)") }
    if let doubt { parts.append(doubt) }
    return "written since \(since): " + parts.joined(separator: "; ")
  }
}

/// Rows written to one table.
package struct TableWrites: Codable, Sendable, Equatable {
  /// `schema.name`.
  package var table: String
  package var inserted: Int64
  package var updated: Int64
  package var deleted: Int64

  package init(table: String, inserted: Int64, updated: Int64, deleted: Int64) {
    self.table = table
    self.inserted = inserted
    self.updated = updated
    self.deleted = deleted
  }
}

/// Data that serve nobody any more and are kept for a while.
package struct AsideData: Codable, Sendable, Equatable {
  package var database: String
  /// The folder of its files; nil when it has none of its own.
  package var files: String?
  /// What it was, for people.
  package var was: String
  /// The run that took them out of use; a name that was used again belongs to another.
  package var run: RunID?

  package init(database: String, files: String?, was: String, run: RunID? = nil) {
    self.database = database
    self.files = files
    self.was = was
    self.run = run
  }
}

/// What is known about the data of an environment before anything is touched (B1).
package struct DataReadiness: Codable, Sendable, Equatable {
  package var checks: [DataCheck]
  /// Database and files together.
  package var liveBytes: Int64?
  /// The least that is free where green, backup and snapshots will lie.
  package var freeBytes: Int64?

  package init(checks: [DataCheck], liveBytes: Int64? = nil, freeBytes: Int64? = nil) {
    self.checks = checks
    self.liveBytes = liveBytes
    self.freeBytes = freeBytes
  }
}

/// A snapshot of an environment's data, such as `20261121-153000123-7k2m` or that with `-source`.
package struct SnapshotID: Name {
  package let text: String
  package init(_ text: String) { self.text = text }
}
