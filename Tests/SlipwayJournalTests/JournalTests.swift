import Foundation
import SlipwayJournal
import SlipwayModel
import Testing

@Suite("Journal: appending and reading")
struct JournalTests {
  @Test("what was appended is read back in order, field by field")
  func roundTrip() async throws {
    try await withJournal { journal in
      let first = Entry(
        stream: "run-1", kind: "step.intended", at: noon, actor: "älice", body: Data([0, 1, 2, 255]), id: "decision/1")
      let seqs = try await journal.append(Append([first, entry("release:1.4.2", "built", body: "")]))
      #expect(seqs == [1, 2])
      #expect(try await journal.append(Append([entry("run-1", "step.done")])) == [3])
      let read = try await journal.reader.entries(after: 0, limit: 10)
      #expect(read.map(\.seq) == [1, 2, 3])
      #expect(read[0].entry == first)
      #expect(read[1].entry == entry("release:1.4.2", "built", body: ""))
      #expect(try await journal.reader.entries(of: "run-1").map(\.seq) == [1, 3])
      #expect(try await journal.reader.entries(of: "run-1", after: 1).map(\.entry.kind) == ["step.done"])
      #expect(try await journal.reader.entries(after: 1, limit: 1).map(\.seq) == [2])
      #expect(try await journal.reader.entry(id: "decision/1")?.seq == 1)
    }
  }

  @Test("streams are found by prefix, with their heads")
  func prefixes() async throws {
    try await withJournal { journal in
      for stream in ["release:1.4.2", "release:1.5.0", "releases", "freeze:x", "release:1.4.2"] {
        _ = try await journal.append(Append([entry(stream)]))
      }
      #expect(try await journal.reader.entries(withStreamPrefix: "release:").map(\.seq) == [1, 2, 5])
      #expect(
        try await journal.reader.heads(withStreamPrefix: "release:") == ["release:1.4.2": 5, "release:1.5.0": 2])
      #expect(try await journal.reader.heads().count == 4)
      #expect(try await journal.reader.head(of: "freeze:x") == 4)
      #expect(try await journal.reader.head(of: "unknown") == 0)
    }
  }

  @Test("an append that has not seen the stream's last entry is refused alone")
  func conflict() async throws {
    try await withJournal { journal in
      #expect(try await journal.append(Append([entry()], ifStreamAt: 0)) == [1])
      async let neighbour = journal.append(Append([entry("run-2")]))
      let error = await #expect(throws: JournalError.self) {
        try await journal.append(Append([entry()], run: run("run-1", status: "stale"), ifStreamAt: 0))
      }
      #expect(error?.code == .conflict)
      #expect(error?.message.contains("run-1 is at entry 1, not 0") == true)
      let written = try await neighbour
      #expect(written == [2])
      #expect(try await journal.reader.run("run-1") == nil)
      #expect(try await journal.append(Append([entry()], ifStreamAt: 1)) == [3])
      #expect(journal.failure == nil)
    }
  }

  @Test("what a stream was seen at is checked against the file too, by a writer that has never written to it")
  func conflictAfterReopening() async throws {
    try await withFolder { folder in
      let first = try Journal.open(folder: folder, as: me)
      #expect(try await first.append(Append([entry(), entry("run-2"), entry()])) == [1, 2, 3])
      await first.close()
      let second = try Journal.open(folder: folder, as: me)
      for stale in [Int64(0), 1, 2] {
        let error = await #expect(throws: JournalError.self) {
          try await second.append(Append([entry()], ifStreamAt: stale))
        }
        #expect(error?.code == .conflict)
      }
      #expect(try await second.append(Append([entry()], ifStreamAt: 3)) == [4])
      #expect(try await second.append(Append([entry("run-2")], ifStreamAt: 2)) == [5])
      #expect(try await second.append(Append([entry("run-3")], ifStreamAt: 0)) == [6])
      await second.close()
    }
  }

  @Test("of many that decide on the same state, exactly one is written")
  func race() async throws {
    try await withJournal { journal in
      let written = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<64 {
          group.addTask { (try? await journal.append(Append([entry()], ifStreamAt: 0))) != nil }
        }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(written == 1)
      #expect(journal.tip.seq == 1)
    }
  }

  @Test("an entry handed in again is acknowledged with its first place and written once, its rows too")
  func repeats() async throws {
    try await withJournal { journal in
      let decision = Append([entry(id: "a"), entry()], run: run("run-1", status: "approved"))
      #expect(try await journal.append(decision) == [1, 2])
      _ = try await journal.append(Append([entry()], run: run("run-1", status: "finished")))
      #expect(try await journal.append(decision) == [1, 2])
      #expect(try await journal.append(Append([entry(id: "a", body: "{}")], ifStreamAt: 0)) == [1])
      #expect(journal.tip.seq == 3)
      #expect(try await journal.reader.run("run-1")?.status == "finished")
    }
  }

  @Test("an id that is there already refuses the new entries handed in with it")
  func mixedRepeat() async throws {
    try await withJournal { journal in
      _ = try await journal.append(Append([entry(id: "a")]))
      let mixed = await #expect(throws: JournalError.self) {
        try await journal.append(Append([entry(id: "a"), entry(id: "b")]))
      }
      #expect(mixed?.code == .duplicate)
      let twice = await #expect(throws: JournalError.self) {
        try await journal.append(Append([entry(id: "c"), entry(id: "c")]))
      }
      #expect(twice?.code == .invalid)
      #expect(journal.tip.seq == 1)
    }
  }

  @Test("concurrent hand-ins of one decision give one entry")
  func concurrentRepeats() async throws {
    try await withJournal { journal in
      let seqs = try await withThrowingTaskGroup(of: [Int64].self) { group in
        for _ in 0..<32 { group.addTask { try await journal.append(Append([entry(id: "once")])) } }
        return try await group.reduce(into: Set<Int64>()) { $0.formUnion($1) }
      }
      #expect(seqs == [1])
    }
  }

  @Test(
    "F7: what cannot be stored is refused with its measure and loses nothing",
    arguments: [
      Entry(stream: "", kind: "k", at: noon, actor: "a", body: Data()),
      Entry(stream: "s", kind: "k\0k", at: noon, actor: "a", body: Data()),
      Entry(stream: "s", kind: "k", at: noon, actor: String(repeating: "a", count: 5_000), body: Data()),
      Entry(stream: "s", kind: "k", at: noon, actor: "a", body: Data(), id: ""),
      Entry(stream: "s", kind: "k", at: noon, actor: "a", body: Data(count: (16 << 20) + 1)),
    ])
  func invalid(entry bad: Entry) async throws {
    try await withJournal { journal async throws in
      let error = await #expect(throws: JournalError.self) { try await journal.append(Append([entry(), bad])) }
      #expect(error?.code == .invalid)
      #expect(try await journal.append(Append([entry()])) == [1])
    }
  }

  @Test("256 tasks share transactions, and each gets its own places")
  func groupCommit() async throws {
    try await withJournal { journal in
      let all = try await withThrowingTaskGroup(of: [Int64].self) { group in
        for task in 0..<256 {
          group.addTask {
            var seqs: [Int64] = []
            for _ in 0..<8 { seqs += try await journal.append(Append([entry("run-\(task)"), entry("run-\(task)")])) }
            #expect(seqs == seqs.sorted())
            return seqs
          }
        }
        return try await group.reduce(into: []) { $0 += $1 }
      }
      #expect(all.sorted() == Array(1...4_096))
      let statistics = journal.statistics
      #expect(statistics.appends == 2_048)
      #expect(statistics.commits < 1_024, "\(statistics.commits) transactions for 2,048 appends")
      #expect(try JournalVerifier(folder: journal.folder.url).verify().isIntact)
    }
  }

  @Test("a reopened journal goes on where it ended")
  func reopen() async throws {
    try await withFolder { folder in
      for round in Int64(1)...3 {
        let journal = try Journal.open(folder: folder, as: me)
        #expect(try await journal.append(Append([entry()])) == [round])
        await journal.close()
      }
      #expect(try JournalVerifier(folder: folder).verify().entries == 3)
    }
  }

  @Test("a closed journal refuses appends and has written all it accepted")
  func closing() async throws {
    try await withFolder { folder in
      let journal = try Journal.open(folder: folder, as: me)
      let accepted = await withTaskGroup(of: Int.self) { group in
        for _ in 0..<100 { group.addTask { (try? await journal.append(Append([entry()])).count) ?? 0 } }
        group.addTask {
          await journal.close()
          return 0
        }
        return await group.reduce(0, +)
      }
      let error = await #expect(throws: JournalError.self) { try await journal.append(Append([entry()])) }
      #expect(error?.code == .closed)
      let reader = try JournalReader.open(folder: folder)
      #expect(try await reader.tip().seq == Int64(accepted))
    }
  }

  @Test("a cancelled task's append is written whole or refused, never in part")
  func cancellation() async throws {
    try await withJournal { journal in
      let task = Task { try await journal.append(Append([entry(), entry()])) }
      task.cancel()
      let seqs = try await task.value
      #expect(journal.tip.seq == Int64(seqs.count))
    }
  }
}
