import Foundation
import SlipwayModel
import Testing

@testable import SlipwayEvidence

@Suite("Evidence of the phases after a deployment")
struct AftercareEvidenceTests {
  private static func evidence(_ names: [String], _ kind: Evidence.Kind = .aftercare) -> Evidence {
    Evidence(
      run: "20261121-1", createdAt: Timestamp(milliseconds: 1_800_000_000_000), createdBy: "slipway",
      files: Dictionary(uniqueKeysWithValues: names.map { ($0, Data(($0.hasSuffix(".json") ? "{}\n" : "x\n").utf8)) }),
      predicate: Data("{\"phases\":{}}".utf8), kind: kind)
  }

  private static func with(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "slipway-after-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path + "/evidence")
  }

  @Test("E14: a folder of its own is signed under its own type, checked by the verifier and by the script alone")
  func verified() throws {
    try Self.with { path in
      let key = SigningKey()
      var evidence = Self.evidence(["aftercare.json", "run_id.txt"])
      evidence = Evidence(
        run: evidence.run, createdAt: evidence.createdAt, createdBy: evidence.createdBy,
        files: evidence.files.merging(["looks.jsonl": Data("{}\n".utf8)]) { $1 }, predicate: evidence.predicate,
        kind: .aftercare)
      _ = try EvidenceFolder.publish(evidence, at: path, signer: key, redactor: Redactor())
      let report = EvidenceVerifier.verify(path, trustedKey: key.publicKey)
      #expect(report.passed, "\(report.lines)")
      #expect(try script(path) == 0)
      let envelope = try Envelope(json: Data(contentsOf: URL(filePath: path + "/promotion.dsse.json")))
      #expect(String(decoding: envelope.payload, as: UTF8.self).contains("https://slipway.dev/aftercare/v1"))
      try Data("{\"x\":1}\n".utf8).write(to: URL(filePath: path + "/aftercare.json"))
      #expect(!EvidenceVerifier.verify(path, trustedKey: key.publicKey).passed)
      #expect(try script(path) == 1)
    }
  }

  @Test("what a folder lacks is asked by what it is evidence of")
  func lacking() throws {
    try Self.with { path in
      #expect(throws: EvidenceError.self) {
        try EvidenceFolder.publish(
          Self.evidence(["aftercare.json"]), at: path, signer: SigningKey(), redactor: Redactor())
      }
      #expect(throws: EvidenceError.self, "looks are no evidence of a run") {
        try EvidenceFolder.publish(
          Self.evidence(["aftercare.json", "run_id.txt"], .promotion), at: path, signer: SigningKey(),
          redactor: Redactor())
      }
    }
  }

  private func script(_ path: String) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = [path + "/verify.sh"]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }
}
