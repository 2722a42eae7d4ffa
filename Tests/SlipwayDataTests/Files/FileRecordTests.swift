import Foundation
import SlipwayData
import SlipwayModel
import Testing

@Suite("A line of files.jsonl")
struct FileRecordTests {
  private static func record(_ random: inout SeededRandom) -> FileRecord {
    let alphabet = ["a", "Z", "9", " ", "\"", "\\", "\n", "\u{1}", "ü", "漢", "🙂", "-", ".", "\u{7F}"]
    let parts = (0..<Int.random(in: 1...4, using: &random)).map { _ in
      "n"
        + (0..<Int.random(in: 0...6, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "" }.joined()
    }
    var record = FileRecord(
      path: parts.joined(separator: "/"), modified: Int64.random(in: -9_999_999_999...9_999_999_999, using: &random),
      mode: UInt32.random(in: 0...0o7777, using: &random), user: UInt32.random(in: 0 ... .max, using: &random),
      group: UInt32.random(in: 0 ... .max, using: &random))
    if Bool.random(using: &random) {
      record.content = FileRecord.Content(
        size: Int64.random(in: 0 ... .max, using: &random), sha256: Digest(of: Data(parts[0].utf8)))
      if Bool.random(using: &random) { record.content?.sha1 = String(repeating: "0a", count: 20) }
      if Bool.random(using: &random) {
        record.content?.origin = FileRecord.Origin(
          inode: UInt64.random(in: 0...UInt64(Int64.max), using: &random),
          changed: Int64.random(in: 0 ... .max, using: &random))
      }
    }
    return record
  }

  @Test("every record is read back as it was written, and a line is JSON", arguments: 0..<200 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let record = Self.record(&random)
    #expect(FileRecord(line: Array(record.line.utf8)) == record)
    let json = try #require(try JSONSerialization.jsonObject(with: Data(record.line.utf8)) as? [String: Any])
    #expect(json["path"] as? String == record.path)
  }

  @Test(
    "F7: a changed line never crashes the reader, and is refused or says what it says",
    arguments: 0..<200 as Range<UInt64>)
  func mutations(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    for _ in 0..<200 {
      var bytes = Array(Self.record(&random).line.utf8)
      for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes.remove(at: index)
        case 2: bytes.insert(UInt8.random(in: 0 ... .max, using: &random), at: index)
        default: bytes.removeLast(bytes.count - index)
        }
      }
      // What is still read is one exact spelling of one record.
      if let read = FileRecord(line: bytes) { #expect(Array(read.line.utf8) == bytes) }
    }
  }

  @Test(
    "a path that leads out of the folder is refused",
    arguments: [
      "../x", "/etc/passwd", "a/../../x", "a//b", "./a", "a/.", "", "a/", "a\u{0}b", String(repeating: "x", count: 256),
    ])
  func escaping(path: String) {
    let record = FileRecord(path: path, modified: 0, mode: 0o644, user: 0, group: 0)
    #expect(FileRecord(line: Array(record.line.utf8)) == nil)
  }
}
