import Crypto
import Foundation
import GRDB
import SlipwayJournal
import SlipwayModel
import Testing

@Suite("Journal: tampering")
struct TamperTests {
  private let key = Curve25519.Signing.PrivateKey()
  private var signer: NoteSigner { NoteSigner(name: "slipway.test/audit", key: key) }
  private var noteKey: NoteKey { NoteKey(name: "slipway.test/audit", key: key.publicKey) }

  /// Writes ten entries, closes the journal, lets `change` loose on the file and verifies.
  private func verify(
    external: (Journal) throws -> [String] = { _ in [] }, after change: (Database) throws -> Void
  ) async throws -> Verification {
    try await withFolder { folder in
      let notes = try await write(10, in: folder, then: external)
      try tamper(folder, change)
      return try JournalVerifier(folder: folder, keys: [noteKey]).verify(external: notes)
    }
  }

  private func write(_ count: Int, in folder: URL, then work: (Journal) throws -> [String] = { _ in [] }) async throws
    -> [String]
  {
    let journal = try Journal.open(folder: folder, as: me, signer: signer)
    for number in 0..<count {
      _ = try await journal.append(
        Append([entry("run-\(number % 3)", id: number % 2 == 0 ? "id-\(number)" : nil, body: "{\"n\":\(number)}")]))
    }
    let notes = try work(journal)
    await journal.close()
    return notes
  }

  private func tamper(_ folder: URL, _ change: (Database) throws -> Void) throws {
    let database = try DatabaseQueue(path: folder.appendingPathComponent("journal.sqlite").path)
    try database.inDatabase { database in
      try database.execute(
        sql: "DROP TRIGGER journal_no_update; DROP TRIGGER journal_no_delete; DROP INDEX journal_entry_id")
      try change(database)
    }
    try database.close()
  }

  @Test("F4: an untouched journal verifies, its head and checkpoints too")
  func intact() async throws {
    let verification = try await verify(external: { [try $0.checkpoint(signedBy: signer)] }, after: { _ in })
    #expect(verification.isIntact, "\(verification.findings)")
    #expect(verification.entries == 10)
    #expect(verification.checkpoints == 3)
    #expect(verification.signaturesChecked)
  }

  @Test("F4: Python's standard library alone reaches the same hash from the documented layout")
  func publicTools() async throws {
    let script = """
      import hashlib, sqlite3, sys
      def field(value):
          if value is None: return b"\\xff" * 4
          data = value.encode() if isinstance(value, str) else value
          return len(data).to_bytes(4, "big") + data
      tip = hashlib.sha256(b"slipway-journal-v1").digest()
      rows = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True).execute("SELECT * FROM journal ORDER BY seq")
      for seq, stream, kind, at, actor, entry_id, body, stored in rows:
          place = seq.to_bytes(8, "big") + at.to_bytes(8, "big", signed=True)
          tip = hashlib.sha256(tip + place + b"".join(map(field, (stream, kind, actor, entry_id, body)))).digest()
          assert tip == stored, seq
      print(tip.hex())
      """
    try await withFolder { folder in
      _ = try await write(10, in: folder)
      let path = folder.appendingPathComponent("journal.sqlite").path
      let output = folder.appendingPathComponent("out")
      let child = try Child("/usr/bin/env", ["python3", "-c", script, path], output: output)
      try await child.waitForEnd()
      let tip = try JournalVerifier(folder: folder).verify().tip
      #expect(child.lines == [tip.hash.map { String(format: "%02x", $0) }.joined()])
    }
  }

  @Test(
    "F4: a changed field is found at its entry",
    arguments: [
      "stream = 'run-9'", "kind = 'step.done'", "at = at + 1", "actor = 'mallory'", "entry_id = 'other'",
      "entry_id = NULL", "body = X'7B7D'", "body = CAST(body || ' ' AS BLOB)", "hash = zeroblob(32)", "hash = X''",
      "stream = substr(stream, 1, 3), kind = substr(stream, 4) || kind",
    ])
  func changed(assignment: String) async throws {
    let verification = try await verify { try $0.execute(sql: "UPDATE journal SET \(assignment) WHERE seq = 5") }
    #expect(verification.findings.map(\.seq).first == 5)
    #expect(verification.findings.first?.problem == .changed)
    #expect(verification.entries == 4)
  }

  @Test("F4: a removed entry is found", arguments: [Int64(1), 2, 5, 9])
  func removed(seq: Int64) async throws {
    let verification = try await verify { try $0.execute(sql: "DELETE FROM journal WHERE seq = ?", arguments: [seq]) }
    #expect(verification.findings.first?.seq == seq)
    #expect(verification.findings.first?.problem == .removed)
  }

  @Test("F4: a removed entry is found where those behind it were renumbered to close the gap")
  func renumbered() async throws {
    let verification = try await verify { database in
      try database.execute(sql: "DELETE FROM journal WHERE seq = 5")
      for seq in 6...10 {
        try database.execute(sql: "UPDATE journal SET seq = ? WHERE seq = ?", arguments: [seq - 1, seq])
      }
    }
    #expect(verification.findings.first?.seq == 5)
  }

  @Test(
    "F4: two entries that changed places are found, neighbours or not", arguments: [(4, 5), (3, 8), (1, 2), (9, 10)])
  func reordered(pair: (Int, Int)) async throws {
    let verification = try await verify { database in
      for (from, to) in [(pair.0, 100), (pair.1, pair.0), (100, pair.1)] {
        try database.execute(sql: "UPDATE journal SET seq = ? WHERE seq = ?", arguments: [to, from])
      }
    }
    #expect(verification.findings.first?.seq == Int64(pair.0))
    if pair.1 == pair.0 + 1 { #expect(verification.findings.first?.problem == .reordered) }
  }

  @Test("F4: an inserted entry is found, those behind it renumbered")
  func inserted() async throws {
    let verification = try await verify { database in
      for seq in (5...10).reversed() {
        try database.execute(sql: "UPDATE journal SET seq = ? WHERE seq = ?", arguments: [seq + 1, seq])
      }
      try database.execute(
        sql: "INSERT INTO journal SELECT 5, stream, kind, at, actor, NULL, body, hash FROM journal WHERE seq = 4")
    }
    #expect(verification.findings.first?.seq == 5)
  }

  @Test("F4: an entry added behind the last is found")
  func added() async throws {
    let verification = try await verify { database in
      try database.execute(
        sql: "INSERT INTO journal SELECT 11, stream, kind, at, actor, NULL, body, hash FROM journal WHERE seq = 4")
    }
    #expect(verification.findings.first?.seq == 11)
  }

  @Test("F4: a cut-off tail is found through the head", arguments: [Int64(0), 1, 7, 9])
  func cutTail(kept: Int64) async throws {
    let verification = try await verify { try $0.execute(sql: "DELETE FROM journal WHERE seq > ?", arguments: [kept]) }
    #expect(verification.findings.map(\.problem) == [.cut])
    #expect(verification.findings.first?.seq == kept + 1)
  }

  @Test("F4: a cut-off tail is found through a checkpoint when the head went with it", arguments: [true, false])
  func cutTailWithoutHead(keepsFile: Bool) async throws {
    try await withFolder { folder in
      let notes = try await write(10, in: folder) { [try $0.checkpoint(signedBy: signer)] }
      try tamper(folder) { try $0.execute(sql: "DELETE FROM journal WHERE seq > 6") }
      let journal = JournalFolder(folder)
      try FileManager.default.removeItem(at: journal.head)
      if !keepsFile { try FileManager.default.removeItem(at: journal.checkpoints) }
      let found = try JournalVerifier(folder: folder, keys: [noteKey]).verify(external: keepsFile ? [] : notes)
      #expect(found.findings.map(\.problem) == [.cut])
      #expect(found.findings.first?.seq == 7)
    }
  }

  @Test("F4: a chain computed anew from a changed entry on is found by what was signed before")
  func rewritten() async throws {
    try await withFolder { folder in
      let note = try await write(10, in: folder) { [try $0.checkpoint(signedBy: signer)] }
      // Another history of the same length, complete and consistent in itself, in place of the first.
      for file in ["journal.sqlite", "journal.head", "checkpoints"] {
        try FileManager.default.removeItem(at: folder.appendingPathComponent(file))
      }
      let journal = try Journal.open(folder: folder, as: me)
      for number in 0..<12 { _ = try await journal.append(Append([entry(body: "{\"forged\":\(number)}")])) }
      await journal.close()
      #expect(try JournalVerifier(folder: folder).verify().isIntact)
      let found = try JournalVerifier(folder: folder, keys: [noteKey]).verify(external: note)
      #expect(found.findings.map(\.problem) == [.rewritten])
      #expect(found.findings.first?.seq == 10)
    }
  }

  @Test("F4: a head or checkpoint that was forged or spoiled is found")
  func forgedNotes() async throws {
    try await withFolder { folder in
      let note = try await write(3, in: folder) { [try $0.checkpoint(signedBy: signer)] }
      let stranger = NoteSigner(name: "slipway.test/audit", key: Curve25519.Signing.PrivateKey())
      let verifier = JournalVerifier(folder: folder, keys: [noteKey])
      let journal = try Journal.open(folder: folder, as: me, signer: signer)
      let forged = try journal.checkpoint(signedBy: stranger)
      await journal.close()
      #expect(try verifier.verify().findings.map(\.problem) == [.unsigned])
      try FileManager.default.removeItem(at: folder.appendingPathComponent("checkpoints"))
      #expect(try verifier.verify().isIntact)
      for bad in [forged, "", note[0].replacingOccurrences(of: "\n3\n", with: "\n2\n"), String(note[0].dropLast(4))] {
        #expect(try verifier.verify(external: [bad]).findings.map(\.problem) == [.unsigned], "\(bad)")
      }
      try Data("nonsense".utf8).write(to: folder.appendingPathComponent("journal.head"))
      #expect(try verifier.verify().findings.map(\.problem) == [.unsigned])
    }
  }

  @Test("a head that lags behind is fine, and the journal goes on from it")
  func laggingHead() async throws {
    try await withFolder { folder in
      _ = try await write(3, in: folder)
      let head = folder.appendingPathComponent("journal.head")
      let old = try Data(contentsOf: head)
      _ = try await write(3, in: folder)
      #expect(try Data(contentsOf: head) != old)
      try old.write(to: head)
      #expect(try JournalVerifier(folder: folder, keys: [noteKey]).verify().isIntact)
      _ = try await write(1, in: folder)
    }
  }

  @Test("F4: opening refuses a journal that ends before its head, so that writing on cannot cover the trace")
  func refusedOpening() async throws {
    try await withFolder { folder in
      _ = try await write(10, in: folder)
      try tamper(folder) { try $0.execute(sql: "DELETE FROM journal WHERE seq > 6") }
      let error = #expect(throws: JournalError.self) { try Journal.open(folder: folder, as: me, signer: signer) }
      #expect(error?.code == .tampered)
      try FileManager.default.removeItem(at: folder.appendingPathComponent("journal.head"))
      try await Journal.open(folder: folder, as: me, signer: signer).close()
    }
  }

  @Test("F4: one flipped bit in any field of any entry is always found", arguments: [UInt64(1), 2, 3, 4])
  func fuzz(seed: UInt64) async throws {
    var random = SplitMix(state: seed)
    try await withFolder { folder in
      _ = try await write(20, in: folder)
      try tamper(folder) { _ in }
      let path = folder.appendingPathComponent("journal.sqlite").path
      for _ in 0..<60 {
        let database = try DatabaseQueue(path: path)
        let seq = Int64.random(in: 1...20, using: &random)
        let column =
          ["stream", "kind", "at", "actor", "entry_id", "body", "hash"].randomElement(using: &random) ?? "body"
        let undo = try flip(column, of: seq, in: database, using: &random)
        let found = try JournalVerifier(folder: folder, keys: [noteKey]).verify()
        #expect(found.findings.first?.seq == seq, "\(column) of \(seq), seed \(seed)")
        try undo()
        #expect(try JournalVerifier(folder: folder, keys: [noteKey]).verify().isIntact)
        try database.close()
      }
    }
  }

  @Test("F4: every column of every entry is covered: one bit in any of them is found at its place")
  func everyColumn() async throws {
    var random = SplitMix(state: 7)
    try await withFolder { folder in
      _ = try await write(6, in: folder)
      try tamper(folder) { _ in }
      let database = try DatabaseQueue(path: folder.appendingPathComponent("journal.sqlite").path)
      let columns = try database.inDatabase {
        try String.fetchAll($0, sql: "SELECT name FROM pragma_table_info('journal')")
      }
      #expect(columns.count == 8)
      for seq in Int64(1)...6 {
        for column in columns where column != "seq" {
          let undo = try flip(column, of: seq, in: database, using: &random)
          #expect(try JournalVerifier(folder: folder).verify().findings.first?.seq == seq, "\(column) of \(seq)")
          try undo()
        }
        let move = "UPDATE journal SET seq = ? WHERE seq = ?"
        try database.inDatabase { try $0.execute(sql: move, arguments: [seq + 64, seq]) }
        #expect(try JournalVerifier(folder: folder).verify().findings.first?.seq == seq)
        try database.inDatabase { try $0.execute(sql: move, arguments: [seq, seq + 64]) }
      }
      #expect(try JournalVerifier(folder: folder, keys: [noteKey]).verify().isIntact)
      try database.close()
    }
  }

  private func flip(
    _ column: String, of seq: Int64, in database: DatabaseQueue, using random: inout SplitMix
  ) throws -> () throws -> Void {
    let bit = UInt8(1) << UInt8.random(in: 0...6, using: &random)
    let place = Int.random(in: 0...255, using: &random)
    return try database.inDatabase { connection in
      let before = try DatabaseValue.fetchOne(
        connection, sql: "SELECT \(column) FROM journal WHERE seq = ?", arguments: [seq])
      let old = before ?? .null
      let type = try String.fetchOne(
        connection, sql: "SELECT typeof(\(column)) FROM journal WHERE seq = ?", arguments: [seq])
      let sql = "UPDATE journal SET \(column) = ? WHERE seq = ?"
      if type == "integer" {
        let number = Int64.fromDatabaseValue(old) ?? 0
        try connection.execute(sql: sql, arguments: [number ^ Int64(bit), seq])
      } else if type == "null" {
        try connection.execute(sql: sql, arguments: ["x", seq])
      } else {
        var bytes = Data.fromDatabaseValue(old) ?? Data(String.fromDatabaseValue(old)?.utf8 ?? "".utf8)
        // Below the sign bit, so that text stays text; NUL inside text would end what SQL compares, not what is hashed.
        bytes[place % bytes.count] ^= bit
        if type == "text" {
          try connection.execute(
            sql: "UPDATE journal SET \(column) = CAST(? AS TEXT) WHERE seq = ?", arguments: [bytes, seq])
        } else {
          try connection.execute(sql: sql, arguments: [bytes, seq])
        }
      }
      return { try database.inDatabase { try $0.execute(sql: sql, arguments: [old, seq]) } }
    }
  }
}

/// The same numbers for the same seed, on every machine.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
