internal import Crypto
internal import Foundation
internal import GRDB
@testable internal import SlipwayJournal
internal import SlipwayModel

/// The key of everything that these targets sign.
private enum Notary {
  static let name = "slipway.test/audit"
  static var key: Curve25519.Signing.PrivateKey {
    guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: Data(repeating: 9, count: 32)) else {
      fatalError("32 bytes are a key")
    }
    return key
  }
  static var signer: NoteSigner { NoteSigner(name: name, key: key) }
  static var verifier: NoteKey { NoteKey(name: name, key: key.publicKey) }
}

/// Signed notes, checkpoints and keys: one spelling each, and no text under a signature that was not made for it.
struct NoteTarget: FuzzTarget {
  private let known: SignedNote
  private let verifier = Notary.verifier

  init() throws { known = try Self.note() }

  private static func note() throws -> SignedNote {
    let checkpoint = Checkpoint(origin: Notary.name, tip: Tip(seq: 7, hash: Data(repeating: 3, count: 32)))
    return try SignedNote.sign(checkpoint.text, by: Notary.signer)
  }

  static func seeds() throws -> [Data] {
    let written = try note().written
    return [written, written + "\n" + written + "\n", Notary.verifier.description].map { Data($0.utf8) }
  }

  func take(_ data: Data) {
    let text = String(decoding: data, as: UTF8.self)
    for part in CheckpointFile.split(text) + [text] {
      guard let note = SignedNote(part) else { continue }
      insist(note.written == part, "a note in another spelling")
      if let checkpoint = Checkpoint(text: note.text) {
        insist(Checkpoint(text: checkpoint.text) == checkpoint, "another checkpoint")
      }
      if note.isSigned(by: [verifier]) { insist(note.text == known.text, "a text that nobody signed") }
    }
    if let key = NoteKey(text) { insist(NoteKey(key.description)?.description == key.description, "another key") }
  }
}

/// Bytes changed in the files of a journal: reported, or every entry is read as it was.
///
/// The input is a list of changes, four bytes each: three of the place in database, head and checkpoints one behind the other, one to change it by.
struct JournalTarget: FuzzTarget {
  private let folder: URL
  private let files: [(url: URL, bytes: Data)]
  private let entries: [[String]]

  init() throws {
    let folder = URL(filePath: try Workplace("journal").path)
    self.folder = folder
    try Self.write(in: folder)
    files = try ["journal.sqlite", "journal.head", "checkpoints"].map {
      (folder.appending(path: $0), try Data(contentsOf: folder.appending(path: $0)))
    }
    entries = try Self.rows(folder)
    insist(entries.count == 6, "\(entries.count) entries were written")
  }

  /// With a commit made by hand, so that no thread lives beside libFuzzer's.
  private static func write(in folder: URL) throws {
    let connection = try Connection.writing(JournalFolder(folder))
    try connection.write { database in
      var end = ChainEnd(Tip(seq: 0, hash: Chain.genesis))
      for seq in Int64(1)...6 {
        let entry = Entry(
          stream: "run-\(seq % 2)", kind: "step.intended", at: Timestamp(milliseconds: 1_800_000_000_000 + seq),
          actor: "driver",
          body: Data("{\"n\":\(seq)}".utf8), id: seq == 2 ? "id" : nil)
        Chain.content(of: entry).withUnsafeBytes { end.advance(over: $0) }
        try database.execute(
          sql: "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
          arguments: [
            seq, entry.stream, entry.kind, entry.at.milliseconds, entry.actor, entry.id, entry.body, end.tip.hash,
          ])
        guard seq % 3 == 0 else { continue }
        let note = try SignedNote.sign(
          Checkpoint(origin: Notary.name, tip: end.tip).text, by: Notary.signer)
        let checkpoints = folder.appending(path: "checkpoints")
        let before = (try? Data(contentsOf: checkpoints)) ?? Data()
        try (before + Data((note.written + "\n").utf8)).write(to: checkpoints)
        let head = Data(note.written.utf8)
        try (head + Data(repeating: 0, count: HeadFile.length - head.count)).write(
          to: folder.appending(path: "journal.head"))
      }
    }
    try connection.close()
  }

  private static func rows(_ folder: URL) throws -> [[String]] {
    let pool = try Connection.reading(JournalFolder(folder), connections: 1)
    defer { try? pool.close() }
    return try pool.read { database in
      try Row.fetchAll(database, sql: "SELECT * FROM journal ORDER BY seq LIMIT 100").map { row in
        row.databaseValues.map { "\($0)" }
      }
    }
  }

  static func seeds() -> [Data] {
    let places: [Int] = [0, 100, 4_096, 8_192, 8_200, 12_288]
    return places.map { place in
      let bytes: [UInt8] = [UInt8(place >> 16), UInt8(place >> 8 & 255), UInt8(place & 255), 1]
      return Data(bytes)
    }
  }

  func take(_ data: Data) {
    var changed = files
    let total = files.reduce(0) { $0 + $1.bytes.count }
    let list = Array(data)
    for start in stride(from: 0, to: min(list.count, 64) - 3, by: 4) {
      var place = list[start..<start + 3].reduce(0) { $0 << 8 | Int($1) } % total
      var file = 0
      while place >= changed[file].bytes.count {
        place -= changed[file].bytes.count
        file += 1
      }
      changed[file].bytes[place] ^= list[start + 3]
    }
    for (old, new) in zip(files, changed) where old.bytes != new.bytes { try? new.bytes.write(to: new.url) }
    defer {
      for (old, new) in zip(files, changed) where old.bytes != new.bytes { try? old.bytes.write(to: old.url) }
      for end in ["-wal", "-shm"] { unlink(files[0].url.path + end) }
    }
    guard let found = try? JournalVerifier(folder: folder, keys: [Notary.verifier]).verify(), found.isIntact else {
      return
    }
    for index in 1...2 { insist(files[index].bytes == changed[index].bytes, "a changed note was accepted") }
    insist(found.entries == Int64(entries.count), "intact with \(found.entries) entries")
    if let rows = try? Self.rows(folder) { insist(rows == entries, "intact, but other entries are read") }
  }
}
