import Crypto
import Foundation
import SlipwayModel
import Testing

@testable import SlipwayJournal

@Suite("Journal: signed notes")
struct NoteTests {
  private let seed = Data(hex: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
  private let written = """
    example.com/promotion-log
    8
    XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=

    — example.com/promotion-log PhTPPJWpuR2m7j/0KzTUKRz4tvsjrG5x0GtdVAMw1jm0lAH6mIsG7hahp49bmGOUGssfxQbpV4PugkHorlsCDUvFiAg=

    """
  private let vkey = "example.com/promotion-log+3e14cf3c+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"

  @Test("a checkpoint signed elsewhere with the same key is the same, byte for byte")
  func vector() throws {
    let key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
    let signer = NoteSigner(name: "example.com/promotion-log", key: key)
    let note = try #require(SignedNote(written))
    let checkpoint = try #require(Checkpoint(text: note.text))
    #expect(checkpoint.origin == "example.com/promotion-log")
    #expect(checkpoint.tip.seq == 8)
    #expect(checkpoint.text == note.text)
    #expect(note.written == written)
    let noteKey = NoteKey(name: signer.name, key: key.publicKey)
    #expect(noteKey.description == vkey)
    #expect(note.isSigned(by: [noteKey]))
    #expect(NoteKey(vkey)?.keyHash == noteKey.keyHash)
    // BoringSSL signs deterministically, as RFC 8032 says.
    #expect(try SignedNote.sign(checkpoint.text, by: signer).written == written)
  }

  @Test("C2SP's own example key is read")
  func foreignKey() {
    #expect(NoteKey("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k") != nil)
    #expect(NoteKey("example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k") == nil)
    #expect(NoteKey("nonsense") == nil)
  }

  @Test("an unknown signature beside a good one does no harm, a known key's bad one rejects the note")
  func severalSignatures() throws {
    let key = try #require(NoteKey(vkey))
    let stranger = "— witness.example/w1 63YswgAAAABlU/EAaT8TVBX24takUBH4AHopfj506R2R1f7qkiek7cPt\n"
    #expect(try #require(SignedNote(written + stranger)).isSigned(by: [key]))
    let spoiled = written.replacingOccurrences(of: "FiAg=", with: "FiAk=")
    #expect(try #require(SignedNote(spoiled)).isSigned(by: [key]) == false)
    let bad = try #require(spoiled.split(separator: "\n").last)
    #expect(try #require(SignedNote(written + bad + "\n")).isSigned(by: [key]) == false)
  }

  @Test(
    "what is no note is not read as one",
    arguments: ["", "\n\n", "a\nb\n", "a\n\nb\n", "a\n\n— n !!\n", "a\n\n— n AAAA"])
  func malformed(text: String) {
    #expect(SignedNote(text) == nil)
  }

  @Test("checkpoints come apart as they were put together")
  func split() {
    #expect(CheckpointFile.split(written + "\n" + written + "\n") == [written, written])
    #expect(CheckpointFile.split("").isEmpty)
  }

  @Test("an entry's hash is that of the documented layout")
  func layout() async throws {
    try await withJournal { journal in
      _ = try await journal.append(
        Append([Entry(stream: "s", kind: "ki", at: Timestamp(milliseconds: 258), actor: "a", body: Data("{}".utf8))]))
      _ = try await journal.append(
        Append([Entry(stream: "s", kind: "ki", at: Timestamp(milliseconds: -1), actor: "a", body: Data(), id: "x")]))
      let entries = try await journal.reader.entries(after: 0, limit: 2)
      var bytes = Data(SHA256.hash(data: Data("slipway-journal-v1".utf8)))
      bytes += [
        0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 1, 0x73, 0, 0, 0, 2, 0x6B, 0x69, 0, 0, 0, 1, 0x61,
      ]
      bytes += [255, 255, 255, 255, 0, 0, 0, 2, 0x7B, 0x7D]
      #expect(entries[0].hash == Data(SHA256.hash(data: bytes)))
      bytes = entries[0].hash + [0, 0, 0, 0, 0, 0, 0, 2, 255, 255, 255, 255, 255, 255, 255, 255]
      bytes += [0, 0, 0, 1, 0x73, 0, 0, 0, 2, 0x6B, 0x69, 0, 0, 0, 1, 0x61, 0, 0, 0, 1, 0x78, 0, 0, 0, 0]
      #expect(entries[1].hash == Data(SHA256.hash(data: bytes)))
    }
  }
}

extension Data {
  fileprivate init(hex: String) {
    let digits = Array(hex)
    self.init(stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) })
  }
}
