package import Foundation
internal import GRDB

/// The append-only record of everything Slipway decided and did: the only truth, from which all else is projected.
///
/// An append returns when its entries are on the disk (WAL, `synchronous=FULL`). All appends that wait at one moment share one
/// transaction and so one flush. One process at a time has a state folder open for writing; any number may read it through
/// ``JournalReader``. After an I/O error nothing is acknowledged any more (`broken`): a flush that failed once is never
/// tried again on the same connection, for the kernel may have dropped what it could not write. Opening anew is the way back.
package final class Journal: Sendable {
  package let folder: JournalFolder
  /// A read-only connection for this process.
  package let reader: JournalReader
  private let queue: CommitQueue
  private let writer: CommitThread
  /// Set where the owner steps the writer instead of a thread.
  private let hand: HandWriter?
  // Held after a failure as well: whoever drives on a stopped journal must not be joined by a second driver.
  private let lock: DriverLock

  private init(
    folder: JournalFolder, reader: JournalReader, queue: CommitQueue, writer: CommitThread, hand: HandWriter?,
    lock: DriverLock
  ) {
    self.folder = folder
    self.reader = reader
    self.queue = queue
    self.writer = writer
    self.hand = hand
    self.lock = lock
  }

  deinit { queue.end(.closed) }

  /// Opens the journal of a state folder for writing, making both where they do not exist.
  ///
  /// - Parameters:
  ///   - folder: The state folder.
  ///   - holder: What others are told while this process drives the folder.
  ///   - signer: Signs `journal.head` after each commit; without it a cut-off tail is found by checkpoints alone.
  ///   - writer: Who makes the commits.
  /// - Returns: The journal, at the end of its chain.
  /// - Throws: `held` when another driver has it, `newer`, `corrupt`, `tampered` when it ends before its own head,
  ///   `notDurable`, `unreachable`.
  package static func open(
    folder: URL, as holder: DriverLock.Holder, signer: NoteSigner? = nil, writer: Writer = .thread
  ) throws(JournalError) -> Journal {
    try open(folder: folder, as: holder, signer: signer, bound: CommitQueue.Bound(), writer: writer)
  }

  /// Who makes the commits.
  package enum Writer: Sendable {
    /// A thread that commits whatever waits as soon as something does.
    case thread
    /// The owner, through ``Journal/step(atMost:acknowledging:)``: a simulation, which decides what shares a commit and when.
    /// Reading then happens on the caller's thread too, so that nothing runs that the owner did not start.
    case byHand
  }

  static func open(
    folder: URL, as holder: DriverLock.Holder, signer: NoteSigner? = nil, bound: CommitQueue.Bound,
    writer kind: Writer = .thread
  ) throws(JournalError) -> Journal {
    let folder = JournalFolder(folder)
    do {
      try FileManager.default.createDirectory(at: folder.url, withIntermediateDirectories: true)
    } catch {
      throw JournalError(.unreachable, "cannot make the state folder \(folder.url.path)", cause: error)
    }
    let lock = try DriverLock.take(folder, as: holder)
    let path = folder.database.path
    let connection = try Connection.writing(folder)
    let tip = try Connection.translating(path) {
      try connection.read { database in
        let tip = try Committer.storedTip(database)
        try HeadFile.check(folder, tip: tip) { try Committer.storedHash(database, at: $0) }
        return tip
      }
    }
    let reader = try JournalReader.open(folder: folder.url, onCallersThread: kind == .byHand)
    // The head is written by a thread of its own, which a journal stepped by hand must not have.
    let head = try (kind == .byHand ? nil : signer).map { signer throws(JournalError) in
      try HeadWriter(folder.head, signer: signer, tip: tip)
    }
    let queue = CommitQueue(bound: bound)
    let writer = CommitThread(queue: queue, path: path, tip: tip, head: head)
    var hand: HandWriter?
    switch kind {
    case .thread: writer.start(connection, lock: lock)
    case .byHand: hand = try HandWriter(connection, queue: queue, writer: writer, path: path)
    }
    return Journal(folder: folder, reader: reader, queue: queue, writer: writer, hand: hand, lock: lock)
  }

  /// Makes `append` durable and returns the sequence numbers of its entries.
  ///
  /// Waits while the queue is full. Cancelling the task does not take back what was handed in.
  ///
  /// - Throws: `conflict` or `duplicate` (this append alone), `invalid`, `busy` (nothing was written), `broken` (the journal
  ///   has stopped), `closed`.
  package func append(_ append: Append) async throws(JournalError) -> [Int64] {
    guard !append.entries.isEmpty || !append.rows.isEmpty else { return [] }
    let bytes = PreparedAppend.bytes(of: append)
    try await queue.admit(bytes)
    let prepared: PreparedAppend
    do {
      prepared = try PreparedAppend(append)
    } catch {
      queue.withdraw(bytes)
      throw error
    }
    let result = await withUnsafeContinuation { queue.enqueue(.append(prepared, $0)) }
    // Freed here, by one of many tasks, and not by the one writer.
    return try withExtendedLifetime(prepared) { () throws(JournalError) in try result.get().sequence }
  }

  /// The end of the chain as last committed.
  package var tip: Tip { writer.counted.tip }

  /// What the writer has done since it started.
  package var statistics: CommitStatistics { writer.counted }

  /// Why nothing is accepted any more; nil while the journal works.
  package var failure: JournalError? { queue.ended }

  /// Writes what was handed in, closes the database and gives up the driver's lock.
  package func close() async {
    // The writer closes last after a clean end, so that it empties the log; first after a failure, so that nobody does.
    if queue.ended?.code != .broken { reader.close() }
    queue.end(.closed)
    hand?.finish()
    await queue.waitForWriter()
    reader.close()
    lock.release()
  }

  /// Commits what waits, where the writer is stepped by hand.
  ///
  /// - Parameters:
  ///   - limit: how many requests at most share the commit; the rest goes on waiting.
  ///   - acknowledging: false commits and tells nobody, as a process that is killed between the two does; the journal can then only be abandoned.
  /// - Returns: how many requests were carried out.
  @discardableResult
  package func step(atMost limit: Int = .max, acknowledging: Bool = true) -> Int {
    hand?.step(atMost: limit, acknowledging: acknowledging) ?? 0
  }

  /// How many requests wait for the writer.
  package var waiting: Int { queue.waiting }

  /// Lets go of everything without writing or answering, as a killed process does; only where the writer is stepped by hand.
  package func abandon() {
    hand?.abandon()
    reader.close()
    lock.release()
  }

  /// Runs `work` on the writer's thread, between two groups.
  func perform(_ work: @escaping @Sendable (Committer) throws -> Void) async throws(JournalError) {
    let result = await withUnsafeContinuation { queue.enqueue(.work(work, $0)) }
    try result.get()
  }
}
