package import SlipwayJournal
package import SlipwayModel

/// Reads runs back from a journal: the same fold that drives them.
package struct RunArchive: Sendable {
  let reader: JournalReader

  package init(_ reader: JournalReader) { self.reader = reader }

  /// A run's state as of its last entry.
  ///
  /// - Throws: ``EngineError`` when there is no such run, or a journal error.
  package func promotion(_ run: RunID) async throws -> Promotion {
    try RunHistory(run, entries: try await entries(of: run.text)).promotion
  }

  /// All entries of a stream, read in pieces.
  package func entries(of stream: String, after seq: Int64 = 0) async throws -> [StoredEntry] {
    var all: [StoredEntry] = []
    while true {
      let piece = try await reader.entries(of: stream, after: all.last?.seq ?? seq, limit: 10_000)
      all += piece
      if piece.count < 10_000 { return all }
    }
  }

  /// The rows of an environment's runs, newest first.
  func rows(of environment: EnvironmentName, limit: Int) async throws -> [RunRow] {
    try await reader.runs(of: environment, limit: limit)
  }

  /// Everything known outside the runs, as of the entry `last`.
  package func ledger(through last: Int64 = .max) async throws -> Ledger {
    var entries: [StoredEntry] = []
    for prefix in LedgerEvent.streamPrefixes {
      while true {
        let after = entries.last { $0.entry.stream.hasPrefix(prefix) }?.seq ?? 0
        let piece = try await reader.entries(withStreamPrefix: prefix, after: after, limit: 10_000)
        entries += piece
        if piece.count < 10_000 { break }
      }
    }
    var ledger = Ledger()
    for stored in entries.sorted(by: { $0.seq < $1.seq })
    where !stored.entry.kind.hasPrefix("task.") && stored.seq <= last {
      do {
        ledger.apply(try CanonicalJSON.decode(LedgerEvent.self, from: stored.entry.body), at: stored.entry.at)
      } catch {
        throw EngineError(
          .broken,
          "entry \(stored.seq) ('\(stored.entry.kind)' of \(stored.entry.stream)) cannot be read (\(error)); "
            + "was it written by a newer Slipway?")
      }
    }
    return ledger
  }

  /// The run that a person means: a full id, or the only one that ends with what was typed; `latest` is the newest.
  ///
  /// - Throws: ``EngineError`` when none or several fit.
  package func find(_ text: String) async throws -> RunID {
    let rows = try await reader.runs(limit: 100_000)
    if text == "latest" {
      guard let newest = rows.first else {
        throw EngineError(.notFound, "there is no run yet; start one with: slipway promote")
      }
      return newest.run
    }
    if rows.contains(where: { $0.run.text == text }) { return RunID(text) }
    let near = rows.filter { $0.run.text.hasSuffix(text) || $0.run.text.hasPrefix(text) }
    guard near.count == 1, let only = near.first else {
      let what = near.isEmpty ? "there is no run '\(text)'" : "'\(text)' fits \(near.count) runs"
      throw EngineError(.notFound, "\(what); list them with: slipway list")
    }
    return only.run
  }
}

/// A run that is looked at again and again: only what is new is read and folded.
package struct RunFollower: Sendable {
  private let archive: RunArchive
  private let run: RunID
  private var history: RunHistory

  /// - Throws: ``EngineError`` when there is no such run, or a journal error.
  package init(_ run: RunID, in archive: RunArchive) async throws {
    self.run = run
    self.archive = archive
    history = try RunHistory(run, entries: try await archive.entries(of: run.text))
  }

  /// The run as far as it was read.
  package var promotion: Promotion { history.promotion }

  /// Reads what is new and folds it in.
  ///
  /// - Throws: a journal error, or ``EngineError`` for an entry that cannot be read.
  package mutating func update() async throws -> [StoredEntry] {
    let entries = try await archive.entries(of: run.text, after: history.sequence)
    for stored in entries {
      history.fold(try RunHistory.event(stored.entry), at: stored.entry.at, sequence: stored.seq)
    }
    return entries
  }
}
