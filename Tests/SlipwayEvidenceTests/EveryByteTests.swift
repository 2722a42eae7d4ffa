import Foundation
import SlipwayModel
import Testing

@testable import SlipwayEvidence

/// No byte of published evidence can be changed unnoticed. Every byte in `make soak`, every so-many-th in the ordinary run.
@Suite("Evidence folder: every byte")
struct EveryByteTests {
  private static let isSoak = ProcessInfo.processInfo.environment["SLIPWAY_SOAK"] != nil

  @Test(
    "B10, F7: each byte of each file, changed in any way, is found, with the trusted key and without", arguments: 0..<4)
  func folder(part: Int) throws {
    try withFolder { scratch in
      let path = try publishSample(in: scratch)
      let key = try knownKey().publicKey
      var random = SeededGenerator(UInt64(part))
      var tried = 0
      for name in files(in: path) {
        let url = URL(filePath: "\(path)/\(name)")
        let good = try Data(contentsOf: url)
        // The files that carry the signatures and the key are tried closely always, the bulk in steps.
        let step = Self.isSoak || EvidenceName.unlisted.contains(name) && good.count < 200 ? 1 : max(1, good.count / 60)
        for place in stride(from: part % step, to: good.count, by: step * (step == 1 ? 1 : 4)) {
          var bad = good
          bad[place] = Self.other(than: good[place], &random)
          try bad.write(to: url)
          tried += 1
          #expect(!EvidenceVerifier.verify(path, trustedKey: key).passed, "\(name) byte \(place): \(bad[place])")
          if place % 8 == 0 { #expect(!EvidenceVerifier.verify(path).passed, "\(name) byte \(place): \(bad[place])") }
        }
        try good.write(to: url)
      }
      #expect(EvidenceVerifier.verify(path, trustedKey: key).passed)
      #expect(tried > 100)
    }
  }

  /// A neighbour by one bit, white space for white space, another case, or anything.
  private static func other(than byte: UInt8, _ random: inout SeededGenerator) -> UInt8 {
    switch Int.random(in: 0..<4, using: &random) {
    case 0 where [32, 10, 13, 9].contains(byte): byte == 32 ? 9 : 32
    case 1 where (65...90).contains(byte) || (97...122).contains(byte): byte ^ 32
    case 2: byte ^ UInt8.random(in: 1...255, using: &random)
    default: byte ^ (1 << UInt8.random(in: 0...7, using: &random))
    }
  }

  @Test(
    "F7: an envelope is read as it was written, and a changed byte never gives other content under the signature",
    arguments: 0..<8)
  func envelope(seed: UInt64) throws {
    var random = SeededGenerator(seed)
    let keys = [try knownKey(), SigningKey()]
    let payload = Data(
      (0..<Int.random(in: 0..<80, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
    let envelope = try Envelope(signing: payload, type: "text/pl\u{E4}in \"\\", with: keys)
    let json = envelope.json
    #expect(try Envelope(json: json) == envelope)
    for place in json.indices {
      for _ in 0..<3 {
        var bad = json
        bad[place] = Self.other(than: json[place], &random)
        guard let read = try? Envelope(json: bad), let content = try? read.verified(by: [keys[0].publicKey]) else {
          continue
        }
        // What nobody signs may differ: the hint of the key, the other signature, spare bits of base64. The content may not.
        #expect(content == payload && read.payloadType == envelope.payloadType, "byte \(place)")
      }
    }
  }

  @Test(
    "F7: an envelope of hostile size or form is refused",
    arguments: [
      String(repeating: "[", count: 100_000), String(repeating: "{\"payload\":", count: 50_000),
      "{\"payload\":\"\",\"payloadType\":\"\",\"signatures\":["
        + String(repeating: "{\"sig\":\"\"},", count: 64) + "{\"sig\":\"\"}]}",
      "{\"payload\":\"a\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AA==\"}]}",
      "{\"payload\":\"AA==AA==\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AA==\"}]}",
      "{\"payload\":\"\\ud800\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AA==\"}]}",
      "{\"payload\":null,\"payloadType\":\"t\",\"signatures\":[]}", "\u{FEFF}", "\u{0}", "",
    ])
  func hostile(text: String) {
    #expect(throws: EvidenceError.self) { try Envelope(json: Data(text.utf8)) }
  }

  @Test("F7: a manifest is read as it was written and in no other spelling", arguments: 0..<4)
  func manifest(seed: UInt64) throws {
    var random = SeededGenerator(seed)
    let contents = Dictionary(
      uniqueKeysWithValues: (0..<5).map {
        ("file-\($0).json", Data(repeating: 7, count: Int.random(in: 0..<99, using: &random)))
      })
    let manifest = Manifest(
      run: "r\u{301}\"\u{1}", createdAt: Timestamp(milliseconds: 1_795_237_307_382), createdBy: "s\\",
      contents: contents)
    #expect(Manifest(bytes: manifest.bytes) == manifest)
    for place in manifest.bytes.indices {
      var bad = manifest.bytes
      bad[place] = Self.other(than: bad[place], &random)
      // Another manifest may come out, never this one again.
      if let read = Manifest(bytes: bad) { #expect(read != manifest && read.bytes == bad, "byte \(place)") }
    }
  }

  @Test("F7: a key is read as it was written, and spelled otherwise never stands for another")
  func key() throws {
    let key = try knownKey().publicKey
    let pem = Data(key.pem.utf8)
    #expect(try PublicKey(pem: key.pem) == key)
    for place in pem.indices {
      for bit in 0..<8 {
        var bad = pem
        bad[place] ^= 1 << UInt8(bit)
        _ = try? PublicKey(pem: String(decoding: bad, as: UTF8.self))
      }
    }
    for text in ["", "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY----------BEGIN PUBLIC KEY-----", "\u{0}"] {
      #expect(throws: EvidenceError.self) { try PublicKey(pem: text) }
    }
  }

  @Test("F7: verifying costs no more than about four times for four times the files")
  func growth() throws {
    func cost(_ count: Int) throws -> Duration {
      try withFolder { scratch in
        let extra = Dictionary(uniqueKeysWithValues: (0..<count).map { ("extra/\($0).txt", Data("\($0)".utf8)) })
        let path = try publishSample(in: scratch, sampleEvidence(adding: extra))
        let before = Self.threadTime()
        #expect(EvidenceVerifier.verify(path).passed)
        return Self.threadTime() - before
      }
    }
    let (small, large) = (try cost(150), try cost(600))
    #expect(large < max(small * 9, .seconds(2)), "\(small), \(large)")
  }

  private static func threadTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}
