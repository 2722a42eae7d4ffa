internal import Foundation
@testable internal import SlipwayEvidence
internal import SlipwayModel

/// Signed documents by themselves: nothing but what was signed comes out under the signature.
struct EnvelopeTarget: FuzzTarget {
  private let key: PublicKey
  private let envelope: Envelope

  init() throws {
    let signer = Sealed.key
    key = signer.publicKey
    envelope = try Self.envelope(signer)
  }

  private static func envelope(_ signer: SigningKey) throws -> Envelope {
    try Envelope(signing: Data("{\"_type\":\"t\"}".utf8), type: Envelope.statementType, with: [signer])
  }

  static func seeds() throws -> [Data] {
    let manifest = Manifest(
      run: "r", createdAt: Timestamp(milliseconds: 0), createdBy: "s",
      contents: ["a.json": Data("{}".utf8), "b/c": Data()])
    return [try envelope(Sealed.key).json, manifest.bytes, Data(Sealed.key.publicKey.pem.utf8)]
  }

  func take(_ data: Data) {
    if let read = try? Envelope(json: data) {
      insist((try? Envelope(json: read.json)) == read, "another envelope after JSON")
      if let payload = try? read.verified(by: [key]) {
        insist(payload == envelope.payload && read.payloadType == envelope.payloadType, "content that nobody signed")
      }
    }
    if let manifest = Manifest(bytes: data) { insist(manifest.bytes == data, "a manifest in another spelling") }
    if let key = try? PublicKey(pem: String(decoding: data, as: UTF8.self)) {
      insist((try? PublicKey(pem: key.pem)) == key, "another key after PEM")
    }
    if let header = Statement.header(of: data) { _ = header.subject.count }
    _ = data.withUnsafeBytes { raw in
      raw.withMemoryRebound(to: UInt8.self) { bytes in
        var walk = JSONWalk(bytes)
        return walk.walk { _, _, _, _ in }
      }
    }
  }
}

/// One key and one folder of evidence, always the same.
enum Sealed {
  static var key: SigningKey {
    guard let key = SigningKey(seed: Data(repeating: 7, count: 32)) else { fatalError("32 bytes are a seed") }
    return key
  }

  static func publish(at path: String) throws {
    var files: [String: Data] = ["reports/junit.xml": Data("<testsuite/>\n".utf8)]
    for name in Evidence.requiredFiles { files[name] = Data((name.hasSuffix(".json") ? "{}\n" : "x\n").utf8) }
    let evidence = Evidence(
      run: "r", createdAt: Timestamp(milliseconds: 0), createdBy: "s", files: files, predicate: Data("{\"a\":1}".utf8))
    _ = try EvidenceFolder.publish(evidence, at: path, signer: key, redactor: Redactor())
  }
}

/// A folder of evidence in which the input stands in the place of one file, chosen by its first byte: accepted only where nothing was changed.
struct EvidenceTarget: FuzzTarget {
  private let path: String
  private let names: [String]
  private let good: [String: Data]

  init() throws {
    path = try Workplace("evidence").path + "/e"
    try Sealed.publish(at: path)
    names = Self.names(in: path)
    good = try Self.contents(of: names, in: path)
    insist(EvidenceVerifier.verify(path, trustedKey: Sealed.key.publicKey).passed, "the untouched folder fails")
  }

  private static func names(in path: String) -> [String] { FolderListing(of: path).names(of: .file) }

  private static func contents(of names: [String], in path: String) throws -> [String: Data] {
    try Dictionary(uniqueKeysWithValues: names.map { ($0, try Data(contentsOf: URL(filePath: "\(path)/\($0)"))) })
  }

  static func seeds() throws -> [Data] {
    let path = try Workplace("evidence-seeds").path + "/e"
    try Sealed.publish(at: path)
    return try names(in: path).enumerated().map { number, name in
      Data([UInt8(number)]) + (try Data(contentsOf: URL(filePath: "\(path)/\(name)")))
    }
  }

  func take(_ data: Data) {
    guard let first = data.first else { return }
    let name = names[Int(first) % names.count]
    let bytes = Data(data.dropFirst())
    let url = URL(filePath: "\(path)/\(name)")
    guard (try? bytes.write(to: url)) != nil else { return }
    defer { try? good[name]?.write(to: url) }
    let isSame = bytes == good[name]
    let key = Sealed.key.publicKey
    let report = EvidenceVerifier.verify(path, trustedKey: key)
    insist(report.passed == isSame, "\(name): \(isSame ? "untouched, but refused" : "changed, but accepted")")
    // Without a key to trust, a whole folder of another maker would pass, but not one file of it.
    insist(isSame || !EvidenceVerifier.verify(path).passed, "\(name): changed, but accepted by its own key")
    insist(report.lines.allSatisfy { !$0.contains("\u{1B}") }, "a control character in the report")
  }
}
