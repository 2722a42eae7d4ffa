import Foundation
import SlipwayModel
import Testing

@testable import SlipwayEvidence

@Suite("Signing: keys")
struct SigningKeyTests {
  @Test("the key of RFC 8032 has the known public half and ids")
  func vectors() throws {
    let key = try knownKey()
    #expect(key.publicKey.bytes == data(hex: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"))
    #expect(key.publicKey.keyID == "06e3fd8fda29bb60ab59557de61edb0aecdb231134be30e75b455f8e1b792fa9")
    #expect(
      Data(key.publicKey.pem.utf8).sha256Hexadecimal
        == "7f2d9ed0b71b8e5a6c5cf30e647d6e20b5bca6dac8071f11abe3fef8014db610")
    #expect(
      try key.signature(for: Data())
        == data(
          hex: "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            + "d25bf5f0595bbe24655141438e7a100b"))
    #expect(try PublicKey(pem: key.publicKey.pem) == key.publicKey)
  }

  @Test("F4: a checkpoint signed with the key is the C2SP vector, byte for byte")
  func checkpointVector() throws {
    let key = try knownKey()
    let name = "example.com/promotion-log"
    #expect(
      key.publicKey.noteVerifier(name: name)
        == "example.com/promotion-log+3e14cf3c+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea")
    let body = "example.com/promotion-log\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
    let line = try key.publicKey.noteKeyHash(name: name) + key.signature(for: Data(body.utf8))
    #expect(
      line.base64EncodedString()
        == "PhTPPJWpuR2m7j/0KzTUKRz4tvsjrG5x0GtdVAMw1jm0lAH6mIsG7hahp49bmGOUGssfxQbpV4PugkHorlsCDUvFiAg=")
  }

  @Test("no description of a key shows its private half")
  func neverPrinted() throws {
    let key = try knownKey()
    var dumped = ""
    dump(key, to: &dumped)
    let texts = ["\(key)", String(reflecting: key), dumped]
    let secret = key.pem.split(separator: "\n")[1]
    for text in texts { #expect(!text.contains(secret) && !text.contains("9d61b19d")) }
  }

  @Test("a missing key file is made with mode 0600, and the same key is read again")
  func created() throws {
    try withFolder { folder in
      let path = folder + "/keys/signing.pem"
      let first = try SigningKey.openOrCreate(at: path)
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect(attributes[.posixPermissions] as? Int == 0o600)
      #expect(try SigningKey.openOrCreate(at: path).publicKey == first.publicKey)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/keys") == ["signing.pem"])
      let (status, output) = try run("/usr/bin/openssl", ["pkey", "-in", path, "-pubout"], in: folder)
      #expect(status == 0 && output == first.publicKey.pem)
    }
  }

  @Test("of many that make the key at once all get the same")
  func race() async throws {
    let folder = NSTemporaryDirectory() + "slipway-evidence-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let keys = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<16 { group.addTask { try SigningKey.openOrCreate(at: folder + "/key.pem").publicKey.keyID } }
      return try await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    #expect(keys.count == 1)
  }

  @Test("a key file that others can use is refused", arguments: [0o640, 0o604, 0o620, 0o601, 0o666])
  func permissions(mode: Int) throws {
    try withFolder { folder in
      let path = folder + "/key.pem"
      _ = try SigningKey.openOrCreate(at: path)
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
      #expect { try SigningKey.openOrCreate(at: path) } throws: { ($0 as? EvidenceError)?.code == .unsafeKey }
    }
  }

  @Test(
    "what is no Ed25519 key is refused without being quoted",
    arguments: ["", "hunter2", "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n", "\u{0}\u{FF}"])
  func garbage(text: String) throws {
    try withFolder { folder in
      let path = folder + "/key.pem"
      #expect(
        FileManager.default.createFile(atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600]))
      let error = #expect(throws: EvidenceError.self) { try SigningKey.openOrCreate(at: path) }
      #expect(error?.code == .badKey && error?.message.contains("hunter2") == false)
      #expect(throws: EvidenceError.self) { try SigningKey.load(at: folder) }
    }
  }

  @Test("a key made by OpenSSL signs what OpenSSL verifies")
  func openSSL() throws {
    try withFolder { folder in
      let path = folder + "/key.pem"
      #expect(try run("/usr/bin/openssl", ["genpkey", "-algorithm", "ed25519", "-out", path], in: folder).status == 0)
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
      let key = try SigningKey.load(at: path)
      try Data("hello".utf8).write(to: URL(filePath: folder + "/text"))
      try key.signature(for: Data("hello".utf8)).write(to: URL(filePath: folder + "/sig"))
      try Data(key.publicKey.pem.utf8).write(to: URL(filePath: folder + "/pub"))
      let check = ["pkeyutl", "-verify", "-pubin", "-inkey", "pub", "-rawin", "-in", "text", "-sigfile", "sig"]
      #expect(try run("/usr/bin/openssl", check, in: folder).status == 0)
    }
  }
}

@Suite("Signing: DSSE envelope")
struct EnvelopeTests {
  static let payload = Data(
    ("{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"name\":\"manifest.json\",\"digest\":{\"sha256\":"
      + "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}}],\"predicateType\":"
      + "\"https://example.com/promotion/v1\",\"predicate\":{\"environment\":\"production\"}}").utf8)
  static let signature = "MHU8CLi230XPchha0CR6URw5JhtvIKxA2GzmgsC1jko5Nq7JM7thDfZkHgimhez6VGzgYYNvnFN0TY+DivOABA=="

  @Test("the specification's example is encoded byte for byte")
  func preAuthentication() {
    let encoded = Envelope.preAuthenticated(type: "http://example.com/HelloWorld", payload: Data("hello world".utf8))
    #expect(encoded == Data("DSSEv1 29 http://example.com/HelloWorld 11 hello world".utf8))
  }

  @Test("the vector that securesystemslib accepts comes out of the same key and payload")
  func vector() throws {
    let key = try knownKey()
    #expect(Self.payload.count == 259)
    let encoded = Envelope.preAuthenticated(type: Envelope.statementType, payload: Self.payload)
    #expect(encoded.sha256Hexadecimal == "2ab16691830eb48b99dc2e26da10ddaeaa99244d920290e951040555cf9d39bc")
    let envelope = try Envelope(signing: Self.payload, type: Envelope.statementType, with: [key])
    #expect(envelope.signatures.map { $0.bytes.base64EncodedString() } == [Self.signature])
    #expect(envelope.signatures.map(\.keyID) == [key.publicKey.keyID])
    #expect(try Envelope(json: envelope.json) == envelope)
    #expect(try envelope.verified(by: [key.publicKey]) == Self.payload)
  }

  @Test("URL-safe base64, no padding, no key hint and unknown fields are accepted")
  func lenient() throws {
    func urlSafe(_ text: String) -> String {
      text.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
    let payload = urlSafe(Self.payload.base64EncodedString())
    let text = """
      {"payloadType":"application/vnd.in-toto+json","more":[1,{}],"payload":"\(payload)",
       "signatures":[{"sig":"\(urlSafe(Self.signature))","cert":null}]}
      """
    let envelope = try Envelope(json: Data(text.utf8))
    #expect(try envelope.verified(by: [knownKey().publicKey]) == Self.payload)
  }

  @Test("a threshold counts different keys, whatever the hints say and however often one has signed")
  func threshold() throws {
    let (first, second, stranger) = (SigningKey(), SigningKey(), SigningKey())
    let twice = try Envelope(signing: Self.payload, type: "t", with: [first, first])
    let known = [first.publicKey, second.publicKey, first.publicKey]
    #expect(throws: EvidenceError.self) { try twice.verified(by: known, threshold: 2) }
    let both = try Envelope(signing: Self.payload, type: "t", with: [first, stranger, second])
    #expect(try both.verified(by: known, threshold: 2) == Self.payload)
    #expect(throws: EvidenceError.self) { try both.verified(by: known, threshold: 3) }
    let lying = Envelope(
      payloadType: "t", payload: Self.payload,
      signatures: both.signatures.map { .init(keyID: "someone else", bytes: $0.bytes) })
    #expect(try lying.verified(by: known, threshold: 2) == Self.payload)
  }

  @Test("another type, payload, signature or key is refused")
  func tampered() throws {
    let key = try knownKey()
    let good = try Envelope(signing: Self.payload, type: "t", with: [key])
    let bent = Data(good.signatures[0].bytes.dropLast() + [good.signatures[0].bytes[63] ^ 1])
    let bad = [
      Envelope(payloadType: "u", payload: good.payload, signatures: good.signatures),
      Envelope(payloadType: "t", payload: good.payload + [0], signatures: good.signatures),
      Envelope(payloadType: "t", payload: good.payload, signatures: [.init(keyID: key.publicKey.keyID, bytes: bent)]),
      Envelope(payloadType: "t", payload: good.payload, signatures: []),
    ]
    for envelope in bad { #expect(throws: EvidenceError.self) { try envelope.verified(by: [key.publicKey]) } }
    #expect(throws: EvidenceError.self) { try good.verified(by: [SigningKey().publicKey]) }
    #expect(throws: EvidenceError.self) { try good.verified(by: []) }
  }

  @Test(
    "what is no envelope is malformed",
    arguments: [
      "", "{}", "[]", "null", "{\"payload\":\"?\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"\"}]}",
      "{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[]}",
      "{\"payload\":\"\",\"payloadType\":7,\"signatures\":[{\"sig\":\"AA\"}]}", "{\"payload\":",
      String(repeating: "[", count: 100_000),
    ])
  func malformed(text: String) {
    let error = #expect(throws: EvidenceError.self) { try Envelope(json: Data(text.utf8)) }
    #expect(error?.code == .malformed)
  }
}
