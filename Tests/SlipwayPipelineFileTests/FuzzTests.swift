import Foundation
import SlipwayModel
import SlipwayPipelineFile
import Testing

/// Whatever stands in the file: a pipeline, or at least one mistake with a place inside or just behind the text.
@Suite("Pipeline file: any bytes")
struct FuzzTests {
  static let general = PipelineTemplate.text(example: nil) ?? ""

  @Test("the teaching file cut at any byte", arguments: 0..<8)
  func truncated(_ part: Int) {
    let bytes = Data(Self.general.utf8)
    for count in stride(from: part, to: bytes.count, by: 8) { judge(bytes.prefix(count)) }
  }

  @Test("random bytes changed", arguments: 0..<8)
  func flipped(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<100 {
      var bytes = Data(CompleteExample.text.utf8)
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[place] = Array("{}[]:,-#&*!|>'\"%@`\n\t ".utf8).randomElement(using: &random) ?? 0
        default: bytes.remove(at: place)
        }
      }
      judge(bytes)
    }
  }

  @Test("lines swapped, doubled and moved in or out", arguments: 0..<8)
  func shuffled(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<60 {
      var lines = Self.general.split(separator: "\n").map(String.init)
      for _ in 0..<Int.random(in: 1...5, using: &random) {
        let (first, second) = (
          lines.indices.randomElement(using: &random) ?? 0, lines.indices.randomElement(using: &random) ?? 0
        )
        switch Int.random(in: 0..<4, using: &random) {
        case 0: lines.swapAt(first, second)
        case 1: lines.insert(lines[first], at: second)
        case 2: lines[first] = "  " + lines[first]
        default: lines[first] = String(lines[first].dropFirst(2))
        }
      }
      judge(Data(lines.joined(separator: "\n").utf8))
    }
  }

  @Test("random trees of the grammar's own words", arguments: 0..<8)
  func nested(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<100 { judge(Data(tree(depth: Int.random(in: 1...9, using: &random), &random).utf8)) }
  }

  private static let words = [
    "project", "environments", "promotions", "deploy", "processes", "commands", "run", "ports", "a", "b", "to", "from",
    "gates", "verified", "soak", "1h", "10%", "true", "7001", "-1", "1e9", "null", "&x y", "*x", "rollout", "steps",
    "watch",
    "rules", "error_rate", "roll_back_above", "approval", "by", "sre", "roles", "zone", "open", "''", "\"${env:\"", "~",
  ]

  private func tree(depth: Int, _ random: inout SeededGenerator) -> String {
    let word = Self.words.randomElement(using: &random) ?? "a"
    guard depth > 0 else { return word }
    let parts = (0..<Int.random(in: 0...4, using: &random)).map { _ in tree(depth: depth - 1, &random) }
    if Bool.random(using: &random) { return "[" + parts.joined(separator: ", ") + "]" }
    return "{" + parts.map { "\(Self.words.randomElement(using: &random) ?? "a"): \($0)" }.joined(separator: ", ") + "}"
  }

  private func judge(_ bytes: Data) {
    guard case .failure(let problems) = PipelineFile.read(bytes, path: "f") else { return }
    let lines = bytes.count { $0 == 10 } + 1
    #expect(!problems.problems.isEmpty)
    for problem in problems.problems {
      #expect((1...lines).contains(problem.line) && problem.column >= 1, "\(problem)")
      #expect(!problem.sentence.contains("\n"))
    }
  }
}
