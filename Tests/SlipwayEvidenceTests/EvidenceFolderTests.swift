import Foundation
import SlipwayModel
import Testing

@testable import SlipwayEvidence

@Suite("Evidence folder: publication")
struct EvidenceFolderTests {
  private func code(_ body: () throws -> Void) -> EvidenceError.Code? {
    do {
      try body()
      return nil
    } catch { return (error as? EvidenceError)?.code }
  }

  @Test("B10, D7: a published folder holds every required file and both verifiers accept it")
  func published() throws {
    try withFolder { folder in
      let path = try publishSample(in: folder)
      let names = files(in: path)
      #expect(Set(names).isSuperset(of: Evidence.requiredFiles + EvidenceName.reserved))
      #expect(Evidence.requiredFiles.count == 14)
      let report = EvidenceVerifier.verify(path, trustedKey: try knownKey().publicKey)
      #expect(report.passed, "\(report.lines)")
      #expect(report.run == "20261121-050147382-ab2c" && report.isKeyTrusted)
      let pristine = try runScript(on: path, in: folder)
      #expect(pristine.status == 0, "\(pristine.output)")
      let own = try run(path + "/verify.sh", [path + "/public_key.pem"], in: folder)
      #expect(
        own.status == 0 && own.output.contains("verified: run 20261121-050147382-ab2c, 18 files"), "\(own.output)")
    }
  }

  @Test("B10: any missing required file is refused by name and nothing is written", arguments: Evidence.requiredFiles)
  func missing(name: String) throws {
    try withFolder { folder in
      let error = #expect(throws: EvidenceError.self) {
        try publishSample(in: folder, sampleEvidence(without: [name]))
      }
      #expect(error?.code == .missingFiles && error?.names == [name] && error?.message.contains(name) == true)
      #expect(files(in: folder).isEmpty)
    }
  }

  @Test("B10: the same evidence gives the same bytes, in any folder")
  func deterministic() throws {
    try withFolder { folder in
      let first = try publishSample(in: folder + "/1")
      let second = try publishSample(in: folder + "/2")
      #expect(files(in: first) == files(in: second))
      for name in files(in: first) {
        #expect(FileManager.default.contentsEqual(atPath: "\(first)/\(name)", andPath: "\(second)/\(name)"))
      }
    }
  }

  @Test("publishing again changes nothing; other content under the same name is a conflict")
  func repeated() throws {
    try withFolder { folder in
      let path = try publishSample(in: folder)
      let again = try EvidenceFolder.publish(
        sampleEvidence(), at: path, signer: try knownKey(), redactor: Redactor())
      #expect(again.wasThere)
      let other = sampleEvidence(adding: ["extra.txt": Data("more".utf8)])
      #expect(code { _ = try publishSample(in: folder, other) } == .conflict)
      #expect(EvidenceVerifier.verify(path).passed)
      try Data("altered".utf8).write(to: URL(filePath: path + "/promotion.log"))
      #expect(code { _ = try publishSample(in: folder) } == .conflict)
    }
  }

  @Test("an empty folder under the name is filled; a file there is a conflict")
  func occupied() throws {
    try withFolder { folder in
      let path = folder + "/evidence/20261121-0501/promote/run"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      #expect(try publishSample(in: folder) == path)
      #expect(EvidenceVerifier.verify(path).passed)
      try FileManager.default.removeItem(atPath: path)
      #expect(FileManager.default.createFile(atPath: path, contents: nil))
      #expect(code { _ = try publishSample(in: folder) } == .conflict)
    }
  }

  @Test("what a crash has left is cleared away, what another publisher works on is left alone")
  func leftovers() throws {
    try withFolder { folder in
      let parent = folder + "/evidence/20261121-0501/promote"
      let stale = parent + "/.run.partial-1-2"
      let busy = parent + "/.run.partial-3-4"
      for leftover in [stale, busy] {
        try FileManager.default.createDirectory(atPath: leftover + "/reports", withIntermediateDirectories: true)
        try Data("half".utf8).write(to: URL(filePath: leftover + "/inputs.json"))
      }
      let lock = open(busy, O_RDONLY | O_DIRECTORY)
      defer { close(lock) }
      #expect(flock(lock, LOCK_EX) == 0)
      #expect(EvidenceVerifier.verify(try publishSample(in: folder)).passed)
      #expect(try FileManager.default.contentsOfDirectory(atPath: parent).sorted() == [".run.partial-3-4", "run"])
    }
  }

  @Test("of many that publish the same at once one does, and all succeed")
  func race() async throws {
    let folder = NSTemporaryDirectory() + "slipway-evidence-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let key = try knownKey()
    let firsts = try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 {
        group.addTask {
          try EvidenceFolder.publish(sampleEvidence(), at: folder + "/run", signer: key, redactor: Redactor()).wasThere
        }
      }
      return try await group.reduce(into: 0) { $0 += $1 ? 0 : 1 }
    }
    #expect(firsts == 1)
    #expect(EvidenceVerifier.verify(folder + "/run").passed)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["run"])
  }

  @Test(
    "names that leave the folder, hide, are reserved or need quoting are refused",
    arguments: [
      "../x", "/etc/passwd", "a/../../x", "a//b", "a/", "", ".", "..", ".hidden", "a/.b", "-rf", "a b", "a\nb", "ä",
      "a\\b", "manifest.json", "verify.sh", "promotion.dsse.json", "manifest.json/x", "inputs.json/x", "a\u{0}b",
      String(repeating: "a", count: 129), "a/b/c/d/e/f/g/h/i",
    ])
  func badNames(name: String) throws {
    try withFolder { folder in
      let evidence = sampleEvidence(adding: [name: Data("x".utf8)])
      let error = #expect(throws: EvidenceError.self) { try publishSample(in: folder, evidence) }
      #expect(error?.code == .badName)
      #expect(files(in: folder).isEmpty)
    }
  }

  @Test("JSON that is none is refused", arguments: ["", "{", "{\"a\":1}}", "nul", "{\"a\":\"\u{1}\"}", "01"])
  func malformed(text: String) throws {
    try withFolder { folder in
      for name in ["inputs.json", "journal.jsonl"] where !(text.isEmpty && name == "journal.jsonl") {
        let evidence = sampleEvidence(adding: [name: Data(text.utf8)])
        #expect(code { _ = try publishSample(in: folder, evidence) } == .malformed)
      }
      let odd = sampleEvidence(adding: ["inputs.json": Data([0x22, 0xFF, 0x22])])
      #expect(code { _ = try publishSample(in: folder, odd) } == .malformed)
      let sample = sampleEvidence()
      let bare = Evidence(
        run: sample.run, createdAt: sample.createdAt, createdBy: sample.createdBy, files: sample.files,
        predicate: Data("[\(text)]".utf8))
      #expect(code { _ = try publishSample(in: folder, bare) } == .malformed)
    }
  }

  @Test("a disk or folder that refuses is a storage error that names the place")
  func storage() throws {
    let error = #expect(throws: EvidenceError.self) {
      try EvidenceFolder.publish(sampleEvidence(), at: "/proc/nowhere/run", signer: knownKey(), redactor: Redactor())
    }
    #expect(error?.code == .storage && error?.message.contains("/proc/nowhere") == true)
  }

  @Test("the statement names the manifest and each file by digest and carries the predicate")
  func statement() throws {
    try withFolder { folder in
      let path = try publishSample(in: folder)
      let envelope = try Envelope(json: Data(contentsOf: URL(filePath: path + "/promotion.dsse.json")))
      let payload = try envelope.verified(by: [knownKey().publicKey])
      let object = try #require(JSONSerialization.jsonObject(with: payload) as? [String: Any])
      #expect(object["_type"] as? String == "https://in-toto.io/Statement/v1")
      #expect(object["predicateType"] as? String == "https://slipway.dev/promotion/v1")
      #expect(object["predicate"] as? [String: String] == ["environment": "production"])
      let subjects = try #require(object["subject"] as? [[String: Any]])
      for subject in subjects {
        let name = try #require(subject["name"] as? String)
        let bytes = try Data(contentsOf: URL(filePath: "\(path)/\(name)"))
        #expect(subject["digest"] as? [String: String] == ["sha256": bytes.sha256Hexadecimal])
      }
      #expect(subjects.first?["name"] as? String == "manifest.json" && subjects.count == 19)
    }
  }
}
