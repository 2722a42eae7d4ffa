/// Why the journal refused, failed or could not be read.
package struct JournalError: Error, Sendable, CustomStringConvertible {
  /// What a caller branches on.
  package enum Code: String, Sendable, CaseIterable {
    /// Another driver holds this state folder.
    case held
    /// The stream has moved on since the caller looked.
    case conflict
    /// An entry id is there already, and not as a repeat of the same hand-in.
    case duplicate
    /// The entry cannot be stored as it is.
    case invalid
    /// An I/O error made the journal stop; nothing more is acknowledged until it is opened again.
    case broken
    /// Another program keeps the database locked; nothing was written and a repeat may work.
    case busy
    /// The journal was closed.
    case closed
    /// There is no journal in the folder.
    case missing
    /// A newer version of Slipway wrote the journal.
    case newer
    /// The file is no journal, or is damaged.
    case corrupt
    /// The journal does not reach its own signed head.
    case tampered
    /// The storage will not promise durability.
    case notDurable
    /// The reading task was cancelled.
    case cancelled
    /// The file system refused.
    case unreachable
  }

  package let code: Code
  /// What, where, why, and what to do next.
  package let message: String
  /// What lies beneath, where there is something.
  package let cause: (any Error)?

  package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  package var description: String {
    cause.map { "\(message) (\($0))" } ?? message
  }

  /// Somebody else drives this state folder; `holder` says who.
  static func held(_ folder: String, by holder: String) -> JournalError {
    JournalError(
      .held, "\(folder) is driven by \(holder); one driver per state: stop that one first, or use another state folder")
  }

  /// The stop after an I/O error.
  static func broken(_ what: String, in path: String, cause: any Error) -> JournalError {
    JournalError(
      .broken,
      "journal \(path) stopped: \(what). What was acknowledged before is safe; the append this answers may or may not be "
        + "there. Free space or mend the disk, then start Slipway again: it opens the journal anew and reads what is there",
      cause: cause)
  }

  static let closed = JournalError(.closed, "the journal was closed; open it again to append")
}
