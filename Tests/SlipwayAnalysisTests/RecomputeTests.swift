import Foundation
import SlipwayAnalysis
import SlipwayModel
import Testing

/// The script in docs/judging.md, which shares no line with the judge, on what a journal keeps.
@Suite("Sequential judge: computed again from the journal")
struct RecomputeTests {
  private struct Line: Encodable {
    var kind: String
    var body: String
  }

  private func script() throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    let page = try String(contentsOf: root.appending(path: "docs/judging.md"), encoding: .utf8)
    let after = try #require(page.components(separatedBy: "```python\n").dropFirst().first)
    return try #require(after.components(separatedBy: "```").first)
  }

  @Test("D4, C5: thirty lines of Python compute the same evidence from the journal")
  func same() throws {
    var random = Seeded(21)
    let spec = SequentialSpec(warmUp: .seconds(60), dispersion: 2)
    var stream = SequentialStream([.above(.errorRateIncrease, 0.01), .above(.errorRate, 0.05)], spec)
    for index in 0..<100 { stream.add(random.bin(30, index < 50 ? 0.01 : 0.03, 270, 0.004)) }
    let judgements = stream.judgements()
    var lines = Data()
    for (sample, judgement) in zip(stream.samples, judgements) {
      let event = Event.measured(step: 3, sample: sample, judgement: judgement)
      let body = String(decoding: try CanonicalJSON.encode(event), as: UTF8.self)
      lines += try CanonicalJSON.encode(Line(kind: event.kind, body: body)) + Data("\n".utf8)
    }
    let told = try run(lines, ["b", "a", "30", "60", "0.01", "0.05", "2"])
    #expect(told.count == 100)
    for (words, judgement) in zip(told, judgements.dropFirst()) {
      let state = try #require(judgement.state)
      let worse = Evidence(.increaseAtMost(0.01), state: state.evidence["errors worse 0.01"]).value
      let above = Evidence(.rateAtMost(0.05), state: state.evidence["errors above 0.05 at once"]).value
      #expect(abs(try #require(Double(words[2])) - worse) < 1e-8)
      #expect(abs(try #require(Double(words[4])) - above) < 1e-8)
      #expect(words.last == judgement.verdict.rawValue)
      #expect(judgement.report?.tests.first { $0.id == "T1" }?.evidence == worse)
    }
  }

  /// What the script prints, a line at a time, in words.
  private func run(_ journal: Data, _ arguments: [String]) throws -> [[String]] {
    let folder = FileManager.default.temporaryDirectory.appending(path: "recompute-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(try script().utf8).write(to: folder.appending(path: "recompute.py"))
    try journal.write(to: folder.appending(path: "journal.jsonl"))
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "recompute.py", "journal.jsonl"] + arguments
    process.currentDirectoryURL = folder
    let output = folder.appending(path: "said.txt")
    try Data().write(to: output)
    let handle = try FileHandle(forWritingTo: output)
    process.standardOutput = handle
    try process.run()
    process.waitUntilExit()
    try handle.close()
    #expect(process.terminationStatus == 0)
    let text = try String(contentsOf: output, encoding: .utf8)
    return text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
  }
}
