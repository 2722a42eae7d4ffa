import Crypto
import Foundation
import GRDB
import SlipwayModel
import Testing

@testable import SlipwayJournal

/// No byte of a journal's files can be changed so that other entries are read and called intact. Every byte in `make soak`, every so-many-th in
/// the ordinary run.
@Suite("Journal: every byte")
struct EveryByteTests {
  private static let isSoak = ProcessInfo.processInfo.environment["SLIPWAY_SOAK"] != nil
  private let key = Curve25519.Signing.PrivateKey()
  private var signer: NoteSigner { NoteSigner(name: "slipway.test/audit", key: key) }
  private var verifier: NoteKey { NoteKey(name: "slipway.test/audit", key: key.publicKey) }

  /// A journal of some entries with head and two checkpoints, closed.
  private func write(in folder: URL) async throws {
    let journal = try Journal.open(folder: folder, as: me, signer: signer)
    for number in 0..<12 {
      _ = try await journal.append(
        Append([entry("run-\(number % 3)", id: number % 2 == 0 ? "id-\(number)" : nil, body: "{\"n\":\(number)}")]))
      if number % 8 == 3 { _ = try journal.checkpoint(signedBy: signer) }
    }
    await journal.close()
  }

  /// What `slipway audit verify` says of the folder; nil where it refuses to read it, which is a report too.
  private func verify(_ folder: URL) -> Verification? {
    let verifier = JournalVerifier(folder: folder, keys: [verifier])
    guard var verification = try? verifier.verify(), let damage = try? verifier.checkStructure() else { return nil }
    verification.findings += damage
    return verification
  }

  /// The entries along every way that anything reads them.
  private func entries(_ folder: URL) async throws -> [[StoredEntry]] {
    let reader = try JournalReader.open(folder: folder)
    defer { reader.close() }
    var ways = [try await reader.entries(after: 0, limit: 1_000)]
    for stream in 0..<3 { ways.append(try await reader.entries(of: "run-\(stream)")) }
    ways.append(try await reader.entries(withStreamPrefix: "run-"))
    for number in 0..<12 { ways.append(try await reader.entry(id: "id-\(number)").map { [$0] } ?? []) }
    return ways
  }

  @Test(
    "F4, F7: a changed byte of the signed head or of the checkpoints is always found",
    arguments: ["journal.head", "checkpoints"])
  func notes(name: String) async throws {
    try await withFolder { folder in
      try await write(in: folder)
      let url = folder.appendingPathComponent(name)
      let good = try Data(contentsOf: url)
      #expect(verify(folder)?.isIntact == true)
      var random = SplitMix(state: 9)
      for place in good.indices {
        for value in [good[place] ^ 1, good[place] ^ 4, 0, 10, 13, 32, UInt8.random(in: 0...255, using: &random)]
        where value != good[place] {
          var bad = good
          bad[place] = value
          try bad.write(to: url)
          #expect(verify(folder)?.isIntact != true, "\(name) byte \(place): \(good[place]) became \(value)")
        }
      }
      try good.write(to: url)
      #expect(verify(folder)?.isIntact == true)
    }
  }

  @Test("F4, F7: a changed byte of the database is found, or every entry is read as it was", arguments: 0..<4)
  func database(part: Int) async throws {
    try await withFolder { folder in
      try await write(in: folder)
      let url = folder.appendingPathComponent("journal.sqlite")
      let (good, written) = (try Data(contentsOf: url), try await entries(folder))
      var random = SplitMix(state: UInt64(part))
      var (found, harmless) = (0, 0)
      for place in stride(from: part, to: good.count, by: Self.isSoak ? 4 : 4 * max(1, good.count / 900)) {
        var bad = good
        bad[place] ^= UInt8.random(in: 1...255, using: &random)
        try bad.write(to: url)
        defer { for end in ["-wal", "-shm"] { unlink(url.path + end) } }
        guard let verification = verify(folder), verification.isIntact else {
          found += 1
          continue
        }
        harmless += 1
        let read = try await entries(folder)
        #expect(read == written, "byte \(place)")
      }
      // Harmless: free space inside pages, counters of the header, names and texts of the schema that nothing reads.
      #expect(found > 0 && harmless > 0, "found \(found), harmless \(harmless)")
    }
  }

  @Test("F4: a thousand checkpoints are compared in about four times the time of a quarter")
  func manyCheckpoints() async throws {
    try await withFolder { folder in
      try await write(in: folder)
      let url = folder.appendingPathComponent("checkpoints")
      let one = try Data(contentsOf: url)
      func cost(_ count: Int) throws -> Duration {
        try (0..<count).reduce(into: Data()) { all, _ in all += one }.write(to: url)
        let before = Self.threadTime()
        let verification = try JournalVerifier(folder: folder).verify()
        #expect(verification.checkpoints == 2 * count + 1)
        return Self.threadTime() - before
      }
      let (small, large) = (try cost(250), try cost(1_000))
      #expect(large < max(small * 9, .seconds(2)), "\(small), \(large)")
    }
  }

  private static func threadTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }

  @Test(
    "F4, F7: what stands in the place of head or checkpoints is reported and never waited for",
    arguments: ["journal.head", "checkpoints"])
  func otherKinds(name: String) async throws {
    try await withFolder { folder in
      try await write(in: folder)
      let path = folder.appendingPathComponent(name).path
      for kind in ["pipe", "folder", "huge", "empty", "zeros"] {
        try? FileManager.default.removeItem(atPath: path)
        switch kind {
        case "pipe": #expect(mkfifo(path, 0o600) == 0)
        case "folder": try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        default:
          #expect(FileManager.default.createFile(atPath: path, contents: Data()))
          if kind != "empty" { #expect(truncate(path, kind == "huge" ? 1 << 40 : 512) == 0) }
        }
        let verification = try #require(verify(folder))
        // Nothing was sealed yet where the file of checkpoints is empty.
        let isFine = kind == "empty" && name == "checkpoints"
        #expect(verification.findings.map(\.problem) == (isFine ? [] : [.unsigned]), "\(kind)")
      }
    }
  }
}

@Suite("Journal: notes under fire")
struct NoteFuzzTests {
  private let signer = NoteSigner(name: "slipway.test/audit", key: Curve25519.Signing.PrivateKey())

  @Test("F4, F7: a note is read as it was written and in no other spelling", arguments: 0..<4)
  func spelling(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let hash = Data((0..<32).map { _ in UInt8.random(in: 0...255, using: &random) })
    let seq = ([0, 1, 99, Int64.max] as [Int64]).randomElement(using: &random) ?? 0
    let checkpoint = Checkpoint(origin: signer.name, tip: Tip(seq: seq, hash: hash))
    let note = try SignedNote.sign(checkpoint.text, by: signer)
    let written = Array(note.written.utf8)
    #expect(SignedNote(note.written) == note)
    #expect(Checkpoint(text: note.text) == checkpoint)
    for place in written.indices {
      for _ in 0..<4 {
        var bad = written
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bad[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case 1: bad.insert([10, 13, 32, 61, 0xEF].randomElement(using: &random) ?? 10, at: place)
        case 2: bad.remove(at: place)
        default: bad[place] = UInt8.random(in: 0...255, using: &random)
        }
        let text = String(decoding: bad, as: UTF8.self)
        guard bad != written, let read = SignedNote(text) else { continue }
        #expect(read.written == text && read != note, "byte \(place)")
      }
    }
  }

  @Test(
    "F4, F7: numbers that a checkpoint cannot hold are refused",
    arguments: ["-1", "+1", "01", "9223372036854775808", "1e3", "", " 1", "1\r", "NaN", "٣"])
  func numbers(size: String) {
    let hash = Data(repeating: 0, count: 32).base64EncodedString()
    #expect(Checkpoint(text: "o\n\(size)\n\(hash)\n") == nil)
  }

  @Test(
    "F4, F7: a note of hostile size costs no more than about its length",
    arguments: ["\n", "\n\n", "\u{2014} a AAAAAAA=\n", "a", "\r\n"])
  func growth(unit: String) {
    func cost(_ size: Int) -> Duration {
      let text = String(repeating: unit, count: size / unit.utf8.count)
      var before = timespec()
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before)
      for note in CheckpointFile.split(text) + ["a\n\n" + text, text] { _ = SignedNote(note) }
      var after = timespec()
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after)
      return .seconds(after.tv_sec - before.tv_sec) + .nanoseconds(after.tv_nsec - before.tv_nsec)
    }
    let (small, large) = (cost(100_000), cost(400_000))
    #expect(large < max(small * 9, .seconds(2)), "\(small), \(large)")
  }
}
