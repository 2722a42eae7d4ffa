import Foundation
import SlipwayModel
import Testing

@testable import SlipwayEvidence

/// A published folder, a pristine copy to restore it from, and both verifiers.
private struct TamperBench {
  let scratch: String
  let path: String
  let key: PublicKey
  private let original: [String: Data]

  init(_ scratch: String) throws {
    self.scratch = scratch
    path = try publishSample(in: scratch)
    key = try knownKey().publicKey
    try Data(key.pem.utf8).write(to: URL(filePath: scratch + "/trusted.pem"))
    original = try Dictionary(
      uniqueKeysWithValues: files(in: path).map { [path] in ($0, try Data(contentsOf: URL(filePath: "\(path)/\($0)"))) }
    )
  }

  var names: [String] { original.keys.sorted() }

  func bytes(_ name: String) throws -> Data { try #require(original[name]) }

  func write(_ bytes: Data, _ name: String) throws { try bytes.write(to: URL(filePath: "\(path)/\(name)")) }

  func restore(_ name: String) throws { try write(try bytes(name), name) }

  func report(trusted: Bool = false) -> EvidenceReport {
    EvidenceVerifier.verify(path, trustedKey: trusted ? key : nil)
  }

  func script(trusted: Bool = false) throws -> (status: Int32, output: String) {
    try runScript(on: path, key: trusted ? scratch + "/trusted.pem" : nil, in: scratch)
  }

  /// Both verifiers must find something, with the trusted key and without.
  func expectFound(_ what: String, _ problem: EvidenceReport.Problem? = nil) throws {
    for trusted in [false, true] {
      let report = report(trusted: trusted)
      #expect(!report.passed, "\(what)")
      if let problem { #expect(report.problems.contains { $0.problem == problem }, "\(what): \(report.lines)") }
    }
    let (status, output) = try script()
    #expect(status == 1 && output.contains("FAIL"), "\(what): \(output)")
  }
}

@Suite("Evidence folder: tampering")
struct TamperTests {
  @Test("B10: a flipped bit anywhere in any file is found by both verifiers")
  func flippedBits() throws {
    try withFolder { scratch in
      let bench = try TamperBench(scratch)
      var random = SeededGenerator(2_611)
      for name in bench.names {
        let good = try bench.bytes(name)
        for round in 0..<40 {
          var bad = good
          let place = Int.random(in: 0..<bad.count, using: &random)
          let bit = UInt8(1) << UInt8.random(in: 0..<8, using: &random)
          bad[place] ^= bit
          try bench.write(bad, name)
          let what = "\(name) byte \(place) ^ \(bit)"
          #expect(!bench.report().passed && !bench.report(trusted: true).passed, "\(what)")
          if round < 2 { try bench.expectFound(what) }
        }
        try bench.restore(name)
      }
      #expect(bench.report(trusted: true).passed)
    }
  }

  /// What nobody signs: spaces, hints, spellings. Each place of these small files is tried, by the script too.
  @Test("an altered byte in what surrounds the signatures is found by the script", arguments: [0, 1, 2, 3])
  func surroundings(part: Int) throws {
    try withFolder { scratch in
      let bench = try TamperBench(scratch)
      let pem = try bench.bytes("public_key.pem")
      for place in stride(from: part, to: pem.count, by: 12) {
        var bad = pem
        bad[place] = bad[place] == 0x20 ? 0x0A : 0x20
        try bench.write(bad, "public_key.pem")
        try bench.expectFound("public_key.pem byte \(place)")
      }
      try bench.restore("public_key.pem")
      let text = String(decoding: try bench.bytes("promotion.dsse.json"), as: UTF8.self)
      let spellings = [
        text.replacing("\",\"", with: "\", \""), text.replacing("keyid", with: "keyId"), text + "\n",
        String(text.dropLast()),
        text.replacing("{\"payload\"", with: "{\"more\":1,\"payload\""), text.replacing("\"}]}", with: "\",\"x\":1}]}"),
        text.replacing("application/", with: "application\\/"), text.replacing("==", with: "="), text + text,
      ].filter { $0 != text }
      for (index, spelling) in spellings.enumerated() where index % 4 == part {
        for name in ["promotion.dsse.json", "promotion.intoto.jsonl"] { try bench.write(Data(spelling.utf8), name) }
        try bench.expectFound("spelling \(index)")
      }
    }
  }

  @Test("a removed file is found by both verifiers")
  func removed() throws {
    try withFolder { scratch in
      let bench = try TamperBench(scratch)
      for name in bench.names {
        try FileManager.default.removeItem(atPath: "\(bench.path)/\(name)")
        try bench.expectFound("removed \(name)", .missing)
        try bench.restore(name)
      }
    }
  }

  @Test(
    "an added file or folder is found by both verifiers",
    arguments: ["more.txt", ".hidden", "reports/more.json", "-rf", "new\nline", "a b", "manifest.json.orig", "empty/"])
  func added(name: String) throws {
    try withFolder { scratch in
      let bench = try TamperBench(scratch)
      if name.hasSuffix("/") {
        try FileManager.default.createDirectory(atPath: "\(bench.path)/\(name)", withIntermediateDirectories: true)
      } else {
        try bench.write(Data("more".utf8), name)
      }
      try bench.expectFound("added \(name)", .extra)
    }
  }

  @Test("a renamed, swapped, emptied or grown file is found by both verifiers")
  func renamed() throws {
    try withFolder { scratch in
      let bench = try TamperBench(scratch)
      try FileManager.default.moveItem(atPath: bench.path + "/rollback.json", toPath: bench.path + "/rollback2.json")
      try bench.expectFound("renamed", .missing)
      try FileManager.default.moveItem(atPath: bench.path + "/rollback2.json", toPath: bench.path + "/rollback.json")
      try bench.write(try bench.bytes("cutover.json"), "inputs.json")
      try bench.write(try bench.bytes("inputs.json"), "cutover.json")
      try bench.expectFound("swapped", .changed)
      try bench.restore("cutover.json")
      for bad in [Data(), try bench.bytes("inputs.json") + Data("\n".utf8)] {
        try bench.write(bad, "inputs.json")
        try bench.expectFound("\(bad.count) bytes", .changed)
      }
    }
  }

  @Test(
    "a link, pipe or folder in the place of a file is found, and nothing waits for it",
    arguments: ["link", "pipe", "folder"])
  func otherKinds(kind: String) throws {
    try withFolder { scratch in
      let bench = try TamperBench(scratch)
      for name in ["inputs.json", "manifest.json", "public_key.pem", "promotion.dsse.json"] {
        let place = "\(bench.path)/\(name)"
        let copy = scratch + "/copy-of-\(name)"
        try FileManager.default.moveItem(atPath: place, toPath: copy)
        switch kind {
        case "link": try FileManager.default.createSymbolicLink(atPath: place, withDestinationPath: copy)
        case "pipe": #expect(mkfifo(place, 0o644) == 0)
        default: try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        }
        try bench.expectFound("\(kind) \(name)", .notAFile)
        try FileManager.default.removeItem(atPath: place)
        try bench.restore(name)
      }
      #expect(bench.report().passed)
    }
  }

  @Test("B10: a folder signed anew with another key is found when a trusted key is given")
  func resigned() throws {
    try withFolder { scratch in
      let bench = try TamperBench(scratch)
      try FileManager.default.removeItem(atPath: bench.path)
      let forged = sampleEvidence(adding: ["final_status.json": Data("{\"status\":\"promoted\"}".utf8)])
      _ = try EvidenceFolder.publish(forged, at: bench.path, signer: SigningKey(), redactor: Redactor())
      let report = bench.report(trusted: true)
      #expect(report.problems.contains { $0.problem == .unknownKey })
      #expect(report.problems.filter { $0.problem == .badSignature }.count == 2)
      #expect(try bench.script(trusted: true).status == 1)
      // Whole, and both say plainly that the key is the folder's own.
      #expect(bench.report().passed && bench.report().lines.last?.contains("compare it") == true)
      let (status, output) = try bench.script()
      #expect(status == 0 && output.contains("compare it"))
    }
  }

  @Test("a statement about other files is found though its signature holds")
  func wrongSubject() throws {
    try withFolder { scratch in
      let bench = try TamperBench(scratch)
      let manifest = try bench.bytes("manifest.json") + Data("\n".utf8)
      let listed = try #require(Manifest(bytes: try bench.bytes("manifest.json"))).files
      let statement = Statement.encode(
        subjects: Statement.subjects(manifest: manifest, files: listed), predicate: Data("{}".utf8))
      let envelope = try Envelope(signing: statement, type: Envelope.statementType, with: [knownKey()])
      for name in ["promotion.dsse.json", "promotion.intoto.jsonl"] { try bench.write(envelope.json, name) }
      try bench.expectFound("other manifest", .wrongSubject)
      let (_, output) = try bench.script()
      #expect(output.contains("ok    envelope signature") && output.contains("FAIL  statement"))
    }
  }

  @Test("a signed manifest without a required file is not accepted")
  func signedButIncomplete() throws {
    try withFolder { scratch in
      let bench = try TamperBench(scratch)
      var contents: [String: Data] = [:]
      for name in bench.names where !EvidenceName.unlisted.contains(name) { contents[name] = try bench.bytes(name) }
      contents["rollback.json"] = nil
      let manifest = Manifest(
        run: "r", createdAt: Timestamp(milliseconds: 0), createdBy: "x", contents: contents)
      let statement = Statement.encode(
        subjects: Statement.subjects(manifest: manifest.bytes, files: manifest.files), predicate: Data("{}".utf8))
      let envelope = try Envelope(signing: statement, type: Envelope.statementType, with: [knownKey()])
      for name in ["promotion.dsse.json", "promotion.intoto.jsonl"] { try bench.write(envelope.json, name) }
      try bench.write(manifest.bytes, "manifest.json")
      try bench.write(try knownKey().signature(for: manifest.bytes), "manifest.json.sig")
      try FileManager.default.removeItem(atPath: bench.path + "/rollback.json")
      try bench.expectFound("incomplete", .missing)
      #expect(try bench.script().output.contains("FAIL  rollback.json: required"))
    }
  }

  @Test("a huge file is told by its size and a growing one costs no memory")
  func huge() throws {
    try withFolder { scratch in
      let bench = try TamperBench(scratch)
      for name in ["inputs.json", "manifest.json", "promotion.dsse.json", "public_key.pem"] {
        #expect(truncate("\(bench.path)/\(name)", 1 << 40) == 0)
      }
      #expect(bench.report().problems.contains { $0.problem == .tooLarge })
      #expect(bench.report().problems.contains { $0.problem == .missing } == false)
    }
  }

  @Test("garbage in the place of the documents never stops the verifier", arguments: 0..<8)
  func fuzzed(seed: UInt64) throws {
    try withFolder { scratch in
      let bench = try TamperBench(scratch)
      var random = SeededGenerator(seed)
      let documents = [
        "manifest.json", "manifest.json.sig", "promotion.dsse.json", "promotion.intoto.jsonl", "public_key.pem",
      ]
      for _ in 0..<60 {
        let name = try #require(documents.randomElement(using: &random))
        var bytes = try bench.bytes(name)
        switch Int.random(in: 0..<5, using: &random) {
        case 0:
          bytes = Data(
            (0..<Int.random(in: 0..<300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
        case 1: bytes = bytes.prefix(Int.random(in: 0..<bytes.count, using: &random))
        case 2:
          bytes = Data(
            String(repeating: ["[", "{\"a\":", "\"", "9"].randomElement(using: &random) ?? "[", count: 50_000).utf8)
        case 3: bytes.insert(contentsOf: bytes.prefix(50), at: Int.random(in: 0..<bytes.count, using: &random))
        default:
          let digits = String(decoding: bytes, as: UTF8.self).replacing(#/[0-9]+/#) { _ in "99999999999999999999999999"
          }
          bytes = Data(digits.utf8) + Data([0xFF])
        }
        try bench.write(bytes, name)
        #expect(!bench.report().passed)
        try bench.restore(name)
      }
    }
  }

  @Test(
    "what is no evidence folder is reported, not crashed upon",
    arguments: ["/nonexistent", "/dev/null", "/etc/passwd", ""])
  func noFolder(path: String) {
    let report = EvidenceVerifier.verify(path)
    #expect(!report.passed && report.lines.last?.hasPrefix("FAILED") == true)
  }

  @Test("control characters in names do not reach the terminal")
  func terminal() throws {
    try withFolder { scratch in
      let bench = try TamperBench(scratch)
      try bench.write(Data(), "evil\u{1B}[2J")
      #expect(bench.report().lines.allSatisfy { !$0.contains("\u{1B}") })
      let (status, output) = try bench.script()
      #expect(status == 1 && !output.contains("\u{1B}"))
    }
  }
}
