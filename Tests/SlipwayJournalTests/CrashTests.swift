import Foundation
import SlipwayJournal
import SlipwayModel
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// A process started by a test, its output in a file, killed at the latest when the test lets go of it.
final class Child {
  let process = Process()
  private let output: URL

  init(_ executable: String, _ arguments: [String], output: URL) throws {
    self.output = output
    try Data().write(to: output)
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    try process.run()
  }

  deinit { kill() }

  func kill() {
    if process.isRunning { Glibc.kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }

  /// Complete lines only: the last may be in the middle of being written.
  var lines: [String] {
    let text = (try? String(contentsOf: output, encoding: .utf8)) ?? ""
    return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }

  var acknowledged: [(seq: Int64, id: String)] {
    lines.compactMap { line in
      let words = line.split(separator: " ")
      guard words.count == 3, words[0] == "acked", let seq = Int64(words[1]) else { return nil }
      return (seq, String(words[2]))
    }
  }

  /// Waits until `condition` holds for the lines so far.
  func wait(_ what: String, until condition: ([String]) -> Bool) async throws {
    for _ in 0..<6_000 {
      if condition(lines) { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("\(what) did not happen within a minute; output: \(lines.suffix(3))")
  }

  func waitForEnd() async throws {
    for _ in 0..<6_000 where process.isRunning { try await Task.sleep(for: .milliseconds(10)) }
    #expect(!process.isRunning, "the process did not end within a minute")
  }

  static var probe: String {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("journal-crash-probe").path
  }
}

@Suite("Journal: crashes and faults")
struct CrashTests {
  @Test("F2: a second driver is refused and told who drives, in another process or the same")
  func oneDriver() async throws {
    try await withFolder { folder in
      let state = folder.appendingPathComponent("state")
      let child = try Child(Child.probe, [state.path, "1000000", "1"], output: folder.appendingPathComponent("out"))
      try await child.wait("opening") { $0.contains("open") }
      let error = #expect(throws: JournalError.self) { try Journal.open(folder: state, as: me) }
      #expect(error?.code == .held)
      #expect(error?.message.contains("process \(child.process.processIdentifier) on ") == true)
      child.kill()
      let journal = try Journal.open(folder: state, as: me)
      let own = #expect(throws: JournalError.self) { try Journal.open(folder: state, as: me) }
      #expect(own?.message.contains("process 4711 on testhost since \(noon): slipway run") == true)
      await journal.close()
      try await Journal.open(folder: state, as: me).close()
    }
  }

  @Test("a lock held by a stranger that wrote nothing is respected")
  func strangersLock() async throws {
    try await withFolder { folder in
      let lock = folder.appendingPathComponent("driver.lock").path
      let script =
        "import fcntl,sys,time\nf=open('\(lock)','w')\nfcntl.flock(f,2)\nprint('held',flush=True)\ntime.sleep(600)"
      let child = try Child("/usr/bin/env", ["python3", "-c", script], output: folder.appendingPathComponent("out"))
      try await child.wait("locking") { $0.contains("held") }
      let error = #expect(throws: JournalError.self) { try Journal.open(folder: folder, as: me) }
      #expect(error?.code == .held)
      #expect(error?.message.contains("has not said who it is") == true)
      child.kill()
    }
  }

  @Test("a child process that outlives the driver does not inherit its lock")
  func lockNotInherited() async throws {
    try await withFolder { folder in
      let journal = try Journal.open(folder: folder, as: me)
      // Files marked close-on-exec, as the kernel has it: how a child is started is then of no importance.
      let closeOnExec = 0o2_000_000
      let own = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter { descriptor in
        let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")
        return target?.contains(folder.lastPathComponent) == true
      }
      #expect(own.count >= 3, "lock, database and log are open")
      for descriptor in own {
        let info = try String(contentsOfFile: "/proc/self/fdinfo/\(descriptor)", encoding: .utf8)
        let flags = info.split(separator: "\n").first { $0.hasPrefix("flags:") }?.split(separator: "\t").last
        #expect(Int(flags ?? "0", radix: 8).map { $0 & closeOnExec != 0 } == true, "\(info)")
      }
      await journal.close()
    }
  }

  @Test(
    "F1: after kill -9 in mid-stream all that was acknowledged is there, once, and reading works before any writer",
    arguments: [1, 64])
  func killed(tasks: Int) async throws {
    try await withFolder { folder in
      let state = folder.appendingPathComponent("state")
      var acknowledged: [(seq: Int64, id: String)] = []
      for round in 1...3 {
        let output = folder.appendingPathComponent("out\(round)")
        let child = try Child(Child.probe, [state.path, "\(Int.max)", "\(tasks)"], output: output)
        // Ids repeat from round to round: what an earlier round wrote is acknowledged again, and new ones follow.
        try await child.wait("new acknowledgements") { lines in
          lines.count > acknowledged.count + 200
        }
        child.kill()
        acknowledged += child.acknowledged
        let reader = try JournalReader.open(folder: state)
        try await expect(acknowledged, in: reader)
        reader.close()
        #expect(try JournalVerifier(folder: state).verify().isIntact)
      }
      let journal = try Journal.open(folder: state, as: me)
      try await expect(acknowledged, in: journal.reader)
      let last = journal.tip.seq
      #expect(try await journal.append(Append([entry()])) == [last + 1])
      await journal.close()
    }
  }

  @Test("F1: each acknowledgement of a lone writer is behind a flush of its own")
  func flushes() async throws {
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/strace") else { return }
    try await withFolder { folder in
      let trace = folder.appendingPathComponent("trace").path
      let child = try Child(
        "/usr/bin/strace",
        [
          "-f", "-e", "trace=fdatasync,fsync", "-o", trace, Child.probe, folder.appendingPathComponent("state").path,
          "25",
        ],
        output: folder.appendingPathComponent("out"))
      try await child.wait("closing") { $0.contains("closed") }
      try await child.waitForEnd()
      let calls = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n").filter {
        $0.contains("sync(")
      }
      #expect(calls.count >= 25, "\(calls.count) flushes for 25 acknowledgements")
      #expect(calls.count <= 60, "\(calls.count) flushes for 25 acknowledgements")
    }
  }

  @Test(
    "F1: a flush that fails stops the journal; what was acknowledged is there after opening anew", arguments: [20, 40])
  func failedFlush(at call: Int) async throws {
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/strace") else { return }
    try await withFolder { folder in
      let state = folder.appendingPathComponent("state")
      let child = try Child(
        "/usr/bin/strace",
        [
          "-f", "-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync:error=EIO:when=\(call)", "-o", "/dev/null",
          Child.probe,
          state.path, "1000", "4",
        ], output: folder.appendingPathComponent("out"))
      try await child.wait("stopping") { $0.contains { $0.hasPrefix("error") } }
      try await child.waitForEnd()
      let error = try #require(child.lines.first { $0.hasPrefix("error") })
      #expect(error.hasPrefix("error broken"), "\(error)")
      #expect(error.contains("start Slipway again"))
      #expect(!child.acknowledged.isEmpty)
      let journal = try Journal.open(folder: state, as: me)
      try await expect(child.acknowledged, in: journal.reader)
      _ = try await journal.append(Append([entry()]))
      await journal.close()
      #expect(try JournalVerifier(folder: state).verify().isIntact)
    }
  }

  @Test("F1: a flush that fails while the journal is opened is said, and opening again works")
  func failedFlushAtOpening() async throws {
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/strace") else { return }
    try await withFolder { folder in
      let state = folder.appendingPathComponent("state")
      let child = try Child(
        "/usr/bin/strace",
        [
          "-f", "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=1+", "-o", "/dev/null", Child.probe,
          state.path,
        ],
        output: folder.appendingPathComponent("out"))
      try await child.wait("the refusal") { $0.contains { $0.hasPrefix("error") } }
      try await child.waitForEnd()
      #expect(child.lines.first?.hasPrefix("error broken") == true, "\(child.lines)")
      let journal = try Journal.open(folder: state, as: me)
      #expect(try await journal.append(Append([entry()])) == [1])
      await journal.close()
    }
  }

  @Test("F1: a full disk stops the journal; with room again everything acknowledged is there and it goes on")
  func diskFull() async throws {
    guard getuid() == 0 else { return }
    try await withFolder { folder in
      let disk = folder.appendingPathComponent("disk")
      try FileManager.default.createDirectory(at: disk, withIntermediateDirectories: true)
      guard mount("tmpfs", disk.path, "tmpfs", 0, "size=2m") == 0 else { return }
      defer { umount2(disk.path, Int32(MNT_DETACH)) }
      let filler = disk.appendingPathComponent("filler")
      try Data(count: 512 << 10).write(to: filler)
      let state = disk.appendingPathComponent("state")
      let journal = try Journal.open(folder: state, as: me)
      var acknowledged: [(seq: Int64, id: String)] = []
      let error = await #expect(throws: JournalError.self) {
        for number in 0..<10_000 {
          let id = "id-\(number)"
          let seqs = try await journal.append(Append([entry(id: id, body: String(repeating: "b", count: 2_000))]))
          acknowledged.append((seqs[0], id))
        }
      }
      #expect(error?.code == .broken)
      #expect(error?.message.contains("the disk is full") == true)
      #expect(acknowledged.count > 10)
      let later = await #expect(throws: JournalError.self) { try await journal.append(Append([entry()])) }
      #expect(later?.code == .broken, "nothing more is acknowledged, even where it would fit")
      let second = #expect(throws: JournalError.self) { try Journal.open(folder: state, as: me) }
      #expect(second?.code == .held, "the stopped driver still drives until it closes")
      await journal.close()
      try FileManager.default.removeItem(at: filler)
      let reopened = try Journal.open(folder: state, as: me)
      try await expect(acknowledged, in: reopened.reader)
      #expect(try await reopened.append(Append([entry()])).count == 1)
      await reopened.close()
      #expect(try JournalVerifier(folder: state).verify().isIntact)
    }
  }

  /// Every acknowledged entry is in its place under its id.
  private func expect(_ acknowledged: [(seq: Int64, id: String)], in reader: JournalReader) async throws {
    var stored: [Int64: String] = [:]
    var after: Int64 = 0
    while case let page = try await reader.entries(after: after, limit: 10_000), let last = page.last {
      for found in page { stored[found.seq] = found.entry.id }
      after = last.seq
    }
    #expect(Set(stored.values).count == stored.count, "an id is there twice")
    let lost = acknowledged.filter { stored[$0.seq] != $0.id }
    #expect(
      lost.isEmpty, "\(lost.count) of \(acknowledged.count) acknowledged entries are not there: \(lost.prefix(3))")
  }
}
