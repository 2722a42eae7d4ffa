internal import GRDB

/// The writer of a journal whose owner decides when it commits and what shares a commit.
///
/// It does what ``CommitThread`` does, with the same code; only the loop is missing.
// Sendable because `committer` is used inside `connection.writeWithoutTransaction` alone, which lets one caller in at a time.
final class HandWriter: @unchecked Sendable {
  private let connection: DatabaseQueue
  private let queue: CommitQueue
  private let writer: CommitThread
  private var committer: Committer?

  init(_ connection: DatabaseQueue, queue: CommitQueue, writer: CommitThread, path: String) throws(JournalError) {
    self.connection = connection
    self.queue = queue
    self.writer = writer
    committer = try Connection.translating(path) { try connection.writeWithoutTransaction { try Committer($0) } }
  }

  func step(atMost limit: Int, acknowledging: Bool) -> Int {
    let requests = queue.take(atMost: limit)
    guard !requests.isEmpty else { return 0 }
    connection.writeWithoutTransaction { _ in
      guard let committer else { return }
      if acknowledging {
        writer.carryOut(requests, with: committer)
      } else {
        writer.commitUnheard(requests, with: committer)
      }
    }
    return requests.count
  }

  /// Writes what waits and closes.
  func finish() {
    while step(atMost: .max, acknowledging: true) > 0 {}
    abandon()
    queue.writerEnded()
  }

  /// Closes without writing.
  func abandon() {
    connection.writeWithoutTransaction { _ in committer = nil }
    try? connection.close()
  }
}
