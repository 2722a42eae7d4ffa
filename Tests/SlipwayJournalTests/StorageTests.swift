import Foundation
import GRDB
import SlipwayModel
import Testing

@testable import SlipwayJournal

@Suite("Journal: storage")
struct StorageTests {
  @Test("F1: the open connection is WAL and synchronous FULL, read back")
  func durable() async throws {
    try await withJournal { journal in
      try await journal.perform { committer throws in
        #expect(try Int.fetchOne(committer.database, sql: "PRAGMA synchronous") == 2)
        #expect(try String.fetchOne(committer.database, sql: "PRAGMA journal_mode") == "wal")
        #expect(try Int.fetchOne(committer.database, sql: "PRAGMA foreign_keys") == 1)
        #expect(try Int.fetchOne(committer.database, sql: "PRAGMA application_id") == 0x536C_6970)
        #expect(try Int.fetchOne(committer.database, sql: "PRAGMA user_version") == Schema.version)
      }
    }
  }

  @Test(
    "F4: entries can be neither updated nor deleted",
    arguments: ["UPDATE journal SET kind = 'x'", "DELETE FROM journal"])
  func appendOnly(sql: String) async throws {
    try await withJournal { journal in
      _ = try await journal.append(Append([entry()]))
      let other = try DatabaseQueue(path: journal.folder.database.path)
      let error = #expect(throws: DatabaseError.self) { try other.inDatabase { try $0.execute(sql: sql) } }
      #expect(error?.message == "the journal is append-only")
    }
  }

  @Test("F7: a journal of a newer schema is refused by writer and reader and left as it is")
  func newer() async throws {
    try await withFolder { folder in
      try await Journal.open(folder: folder, as: me).close()
      let database = try DatabaseQueue(path: folder.appendingPathComponent("journal.sqlite").path)
      try await database.write { try $0.execute(sql: "PRAGMA user_version = 99") }
      try database.close()
      let error = #expect(throws: JournalError.self) { try Journal.open(folder: folder, as: me) }
      #expect(error?.code == .newer)
      #expect(error?.message.contains("schema 99") == true)
      #expect(throws: JournalError.self) { try JournalReader.open(folder: folder) }
    }
  }

  @Test("F7: another program's database is refused")
  func foreign() async throws {
    try await withFolder { folder in
      let database = try DatabaseQueue(path: folder.appendingPathComponent("journal.sqlite").path)
      try await database.write { try $0.execute(sql: "CREATE TABLE t(x)") }
      try database.close()
      let error = #expect(throws: JournalError.self) { try Journal.open(folder: folder, as: me) }
      #expect(error?.code == .corrupt)
    }
  }

  @Test("F7: a file that is no database, cut short or overwritten in the middle is called damaged", arguments: 0..<4)
  func damaged(kind: Int) async throws {
    try await withFolder { folder in
      let url = folder.appendingPathComponent("journal.sqlite")
      if kind == 0 {
        try Data(
          "this is a text, and long enough to have a header of its own: \(String(repeating: "x", count: 4_096))".utf8
        )
        .write(to: url)
      } else {
        let journal = try Journal.open(folder: folder, as: me)
        for _ in 0..<200 { _ = try await journal.append(Append([entry(body: String(repeating: "b", count: 500))])) }
        await journal.close()
        var data = try Data(contentsOf: url)
        #expect(data.count > 40_960)
        switch kind {
        case 1: data = data.prefix(data.count / 2)
        case 2: data.replaceSubrange(4_096..<data.count, with: Data(repeating: 0xA5, count: data.count - 4_096))
        default: data = data.prefix(50)
        }
        try data.write(to: url)
      }
      let error = #expect(throws: JournalError.self) {
        let journal = try Journal.open(folder: folder, as: me)
        withExtendedLifetime(journal) {}
        let verification = try JournalVerifier(folder: folder).verify()
        #expect(!verification.isIntact)
      }
      #expect(error?.code == .corrupt, "\(String(describing: error))")
    }
  }

  @Test("an empty file becomes a journal")
  func emptyFile() async throws {
    try await withFolder { folder in
      try Data().write(to: folder.appendingPathComponent("journal.sqlite"))
      let journal = try Journal.open(folder: folder, as: me)
      #expect(try await journal.append(Append([entry()])) == [1])
      await journal.close()
    }
  }

  @Test("a reader finds no journal where nothing has run")
  func missing() async throws {
    try await withFolder { folder in
      let error = #expect(throws: JournalError.self) { try JournalReader.open(folder: folder) }
      #expect(error?.code == .missing)
    }
  }

  @Test("a reader in another connection sees what was acknowledged at once and changes no file")
  func readerBesideWriter() async throws {
    try await withJournal { journal in
      _ = try await journal.append(Append([entry()]))
      let before = try Data(contentsOf: journal.folder.database)
      let reader = try JournalReader.open(folder: journal.folder.url)
      for seq in Int64(2)...20 {
        _ = try await journal.append(Append([entry()]))
        #expect(try await reader.tip().seq == seq)
      }
      reader.close()
      #expect(try Data(contentsOf: journal.folder.database) == before)
    }
  }

  @Test("a reader's connection cannot write")
  func readerIsReadOnly() async throws {
    try await withJournal { journal in
      let error = await #expect(throws: JournalError.self) {
        try await journal.reader.read { try $0.execute(sql: "DELETE FROM runs") }
      }
      #expect((error?.cause as? DatabaseError)?.resultCode == .SQLITE_READONLY)
    }
  }

  @Test("another program's write lock makes appends wait, then answers busy and loses nothing")
  func busy() async throws {
    try await withJournal { journal in
      var configuration = Configuration()
      configuration.allowsUnsafeTransactions = true
      let other = try DatabaseQueue(path: journal.folder.database.path, configuration: configuration)
      try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
      let error = await #expect(throws: JournalError.self) { try await journal.append(Append([entry()])) }
      #expect(error?.code == .busy)
      try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
      #expect(try await journal.append(Append([entry()])) == [1])
    }
  }

  @Test("the bounded queue lets everyone through in the end")
  func backpressure() async throws {
    try await withFolder { folder in
      let journal = try Journal.open(folder: folder, as: me, bound: CommitQueue.Bound(appends: 3, bytes: 100))
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<200 { group.addTask { _ = try await journal.append(Append([entry()])) } }
        try await group.waitForAll()
      }
      #expect(journal.tip.seq == 200)
      #expect(journal.statistics.commits >= 60, "never more than three in a transaction")
      await journal.close()
    }
  }

  @Test("the log is copied into the database as it grows, and does not grow without end")
  func checkpoints() async throws {
    try await withJournal { journal in
      let body = String(repeating: "b", count: 60_000)
      for _ in 0..<1_500 { _ = try await journal.append(Append([entry(body: body)])) }
      let log = try Data(
        contentsOf: URL(fileURLWithPath: journal.folder.database.path + "-wal"), options: .mappedIfSafe)
      #expect(log.count < 64 << 20)
      #expect(try Data(contentsOf: journal.folder.database, options: .mappedIfSafe).count > 64 << 20)
    }
  }
}
