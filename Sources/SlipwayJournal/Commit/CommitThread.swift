internal import Foundation
internal import GRDB
internal import SlipwayModel
internal import Synchronization

/// What the writer has done since it started.
package struct CommitStatistics: Sendable, Equatable {
  /// Transactions, each with one flush.
  package var commits = 0
  /// Appends acknowledged or refused.
  package var appends = 0
  /// The end of the chain as last committed.
  package var tip: Tip
}

/// The thread that owns the writing connection from opening to closing.
///
/// A thread of its own, because each commit blocks for a flush and the shared pool must never wait for a disk.
final class CommitThread: Sendable {
  private let queue: CommitQueue
  private let path: String
  private let head: HeadWriter?
  private let statistics: Mutex<CommitStatistics>

  init(queue: CommitQueue, path: String, tip: Tip, head: HeadWriter?) {
    self.queue = queue
    self.path = path
    self.head = head
    statistics = Mutex(CommitStatistics(tip: tip))
  }

  var counted: CommitStatistics { statistics.withLock { $0 } }

  /// Starts; from now on `connection` belongs to the thread, which closes it when the queue has ended, `lock` being held at
  /// least as long.
  func start(_ connection: DatabaseQueue, lock: DriverLock) {
    let thread = Thread {
      // One closure for the whole life: statements stay compiled and the connection is nobody else's for an instant.
      do {
        try connection.writeWithoutTransaction { try self.serve($0) }
      } catch {
        self.stop(error, while: "starting the writer")
      }
      self.head?.finish()
      try? connection.close()
      withExtendedLifetime(lock) { self.queue.writerEnded() }
    }
    thread.name = "slipway-journal"
    thread.start()
  }

  private func serve(_ database: Database) throws {
    let committer = try Committer(database)
    while let requests = queue.drain() { carryOut(requests, with: committer) }
  }

  /// Commits the appends of `requests` in one group, or in several where other work lies between them.
  func carryOut(_ requests: [CommitRequest], with committer: Committer) {
    var group = Group()
    for request in requests {
      switch request {
      case .append(let append, let acknowledgement):
        group.add(append, acknowledgement)
      case .work(let work, let acknowledgement):
        commit(&group, with: committer)
        perform(work, acknowledgement, with: committer)
      }
    }
    commit(&group, with: committer)
    if queue.ended?.code != .broken {
      do { try committer.checkpointIfDue() } catch { stop(error, while: "copying the log into the database failed") }
    }
  }

  /// Commits the appends of `requests` and answers nobody, as a process does that is killed right after its commit.
  func commitUnheard(_ requests: [CommitRequest], with committer: Committer) {
    var appends = requests.compactMap { request in
      if case .append(let append, _) = request { append } else { nil }
    }
    _ = try? committer.write(&appends)
  }

  private struct Group {
    var appends: [PreparedAppend] = []
    var acknowledgements: [Acknowledgement] = []
    var bytes = 0

    mutating func add(_ append: PreparedAppend, _ acknowledgement: Acknowledgement) {
      appends.append(append)
      acknowledgements.append(acknowledgement)
      bytes += append.bytes
    }
  }

  private func commit(_ group: inout Group, with committer: Committer) {
    guard !group.appends.isEmpty else { return }
    committer.isLazy = Mutant.acknowledgeBeforeFlush.isActive
    queue.release(appends: group.appends.count, bytes: group.bytes)
    defer { group = Group() }
    if let ended = queue.ended, ended.code == .broken {
      return Self.refuse(group.acknowledgements, ended)
    }
    do {
      let results = try committer.write(&group.appends)
      let tip = committer.tip
      statistics.withLock {
        $0.commits += 1
        $0.appends += results.count
        $0.tip = tip
      }
      for (acknowledgement, result) in zip(group.acknowledgements, results) {
        acknowledgement.resume(returning: result)
      }
      head?.show(tip)
    } catch  where error.isBusy {
      let busy = JournalError(
        .busy,
        "\(path) is locked by another program and nothing was written; end it (sqlite3? a backup?) and try again",
        cause: error)
      Self.refuse(group.acknowledgements, busy)
    } catch {
      Self.refuse(group.acknowledgements, stop(error, while: error.isFull ? "the disk is full" : "writing failed"))
    }
  }

  private func perform(
    _ work: (Committer) throws -> Void, _ acknowledgement: UnsafeContinuation<Result<Void, JournalError>, Never>,
    with committer: Committer
  ) {
    if let ended = queue.ended, ended.code == .broken { return acknowledgement.resume(returning: .failure(ended)) }
    do {
      try work(committer)
      acknowledgement.resume(returning: .success(()))
    } catch let error as JournalError {
      acknowledgement.resume(returning: .failure(error))
    } catch {
      acknowledgement.resume(returning: .failure(stop(error, while: "writing failed")))
    }
  }

  private static func refuse(_ acknowledgements: [Acknowledgement], _ error: JournalError) {
    for acknowledgement in acknowledgements { acknowledgement.resume(returning: .failure(error)) }
  }

  @discardableResult
  private func stop(_ error: any Error, while doing: String) -> JournalError {
    let broken = (error as? JournalError) ?? .broken(doing, in: path, cause: error)
    queue.end(broken)
    return broken
  }
}
