import Foundation
import SlipwayModel
import Testing

@testable import SlipwayEvidence

/// A generator with a seed, so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// Runs `body` with a folder of its own that is removed afterwards.
func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = NSTemporaryDirectory() + "slipway-evidence-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

/// The key of RFC 8032, test 1.
func knownKey() throws -> SigningKey {
  try #require(SigningKey(seed: data(hex: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")))
}

func data(hex: String) -> Data {
  var bytes = Data()
  var rest = hex[...]
  while let byte = UInt8(rest.prefix(2), radix: 16) {
    bytes.append(byte)
    rest = rest.dropFirst(2)
  }
  return bytes
}

/// Evidence that is complete, small and always the same.
func sampleEvidence(adding extra: [String: Data] = [:], without absent: Set<String> = []) -> Evidence {
  var files: [String: Data] = [:]
  for name in Evidence.requiredFiles where !absent.contains(name) {
    files[name] = Data((name.hasSuffix(".json") ? "{\"file\": \"\(name)\", \"value\": 1}\n" : "text of \(name)\n").utf8)
  }
  files["journal.jsonl"] = Data("{\"seq\":1}\n{\"seq\":2}\n".utf8)
  files["reports/unit/junit.xml"] = Data("<testsuite name=\"unit\" tests=\"3\"/>\n".utf8)
  files.merge(extra) { $1 }
  return Evidence(
    run: "20261121-050147382-ab2c", createdAt: Timestamp(milliseconds: 1_795_237_307_382),
    createdBy: "slipway 0.1.0", files: files, predicate: Data("{\"environment\":\"production\"}".utf8))
}

/// Publishes the sample under `folder` and returns its path.
func publishSample(in folder: String, _ evidence: Evidence = sampleEvidence()) throws -> String {
  let path = folder + "/evidence/20261121-0501/promote/run"
  _ = try EvidenceFolder.publish(evidence, at: path, signer: try knownKey(), redactor: Redactor())
  return path
}

/// A pristine copy of the script, as a careful reader has it, against a folder; its exit status and output.
func runScript(on folder: String, key: String? = nil, in scratch: String) throws -> (status: Int32, output: String) {
  let script = scratch + "/verify-pristine.sh"
  if !FileManager.default.fileExists(atPath: script) {
    try Data(VerifyScript.text.utf8).write(to: URL(filePath: script))
  }
  return try run("/bin/sh", [script, key ?? "", folder], in: scratch)
}

/// Runs a program to its end; standard output and error together.
func run(_ program: String, _ arguments: [String], in folder: String) throws -> (status: Int32, output: String) {
  let process = Process()
  process.executableURL = URL(filePath: program)
  process.arguments = arguments
  process.currentDirectoryURL = URL(filePath: folder)
  process.environment = ["PATH": "/usr/bin:/bin", "TMPDIR": folder]
  let output = folder + "/output-\(UUID().uuidString)"
  #expect(FileManager.default.createFile(atPath: output, contents: nil))
  let handle = try #require(FileHandle(forWritingAtPath: output))
  process.standardOutput = handle
  process.standardError = handle
  process.standardInput = FileHandle.nullDevice
  try process.run()
  process.waitUntilExit()
  try handle.close()
  defer { try? FileManager.default.removeItem(atPath: output) }
  let bytes = try Data(contentsOf: URL(filePath: output))
  return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
}

/// The relative paths of all files below `folder`, sorted.
func files(in folder: String) -> [String] { FolderListing(of: folder).names(of: .file) }
