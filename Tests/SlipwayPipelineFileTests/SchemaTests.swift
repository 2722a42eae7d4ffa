import Foundation
import SlipwayModel
import Testing

@testable import SlipwayPipelineFile

/// The schema judged by an independent validator (Python's `jsonschema`).
@Suite("Pipeline file: JSON Schema")
struct SchemaTests {
  @Test("the schema is itself valid, and accepts every valid file")
  func valid() async throws {
    let texts =
      [Samples.base, CompleteExample.text, JudgeFileTests.pipeline(JudgeFileTests.kayenta)]
      + [JudgeFileTests.limited, "{keptn: slo.yaml}", "{keptn: {file: slo.yaml}}"].map { JudgeFileTests.pipeline($0) }
      + ([nil] + PipelineTemplate.names).compactMap {
        PipelineTemplate.text(example: $0)
      }
    let verdicts = try judge(texts)
    #expect(verdicts == texts.map { _ in "" })
  }

  @Test("what is wrong in form is refused by the schema too")
  func broken() throws {
    let texts = try Breakage.structural.map { try #require(Samples.broken($0.find, $0.replacement)).text }
    let verdicts = try judge(texts)
    for (breakage, verdict) in zip(Breakage.structural, verdicts) {
      #expect(verdict != "", "the schema accepts \(breakage)")
    }
    #expect(verdicts.count == Breakage.structural.count)
  }

  @Test("every key has a sentence, and no object takes unknown keys")
  func described() throws {
    let schema = try #require(
      try JSONSerialization.jsonObject(with: PipelineSchema.json()) as? [String: Any])
    #expect(schema["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
    let count = walk(schema)
    #expect(count > 120)
  }

  @Test("defaults in the schema are those of the model")
  func defaults() throws {
    let text = String(decoding: try PipelineSchema.json(), as: UTF8.self)
    let schema = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let promotion = try #require(Self.at(schema, "properties", "promotions", "items", "properties"))
    #expect(Self.at(promotion, "rollout", "properties", "steps")?["default"] as? [String] == ["10%", "50%", "100%"])
    #expect(Self.at(promotion, "rollback", "properties", "automatic")?["default"] as? Bool == RollbackSpec().automatic)
    #expect(
      Self.at(promotion, "watch", "properties", "patience")?["default"] as? String == WatchSpec().patience.description)
    #expect(Self.at(promotion, "watch", "properties", "when_undecided")?["default"] as? String == "pause")
  }

  private static func at(_ object: [String: Any], _ path: String...) -> [String: Any]? {
    path.reduce(object) { object, key in object?[key] as? [String: Any] }
  }

  private func walk(_ schema: [String: Any]) -> Int {
    var count = 0
    if schema["type"] as? String == "object" { #expect(schema["additionalProperties"] != nil) }
    for (name, value) in schema["properties"] as? [String: [String: Any]] ?? [:] {
      #expect((value["description"] as? String)?.isEmpty == false, "'\(name)' has no description")
      count += 1 + walk(value)
    }
    for key in ["items", "additionalProperties"] { count += (schema[key] as? [String: Any]).map(walk) ?? 0 }
    for key in ["anyOf", "oneOf"] { for part in schema[key] as? [[String: Any]] ?? [] { count += walk(part) } }
    return count
  }

  /// The validator's first complaint about each text; empty where it has none.
  private func judge(_ texts: [String]) throws -> [String] {
    let folder = FileManager.default.temporaryDirectory.appending(path: "schema-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let instances = try texts.map { try Self.json(YAMLReader(SourceText(Data($0.utf8))).root()) }
    try PipelineSchema.json().write(to: folder.appending(path: "schema.json"))
    try JSONSerialization.data(withJSONObject: instances).write(to: folder.appending(path: "instances.json"))
    let script = """
      import json, jsonschema
      schema = json.load(open("schema.json"))
      jsonschema.Draft202012Validator.check_schema(schema)
      validator = jsonschema.Draft202012Validator(schema)
      said = [next((e.message[:200] or "?" for e in validator.iter_errors(i)), "") for i in json.load(open("instances.json"))]
      json.dump(said, open("said.json", "w"))
      """
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-c", script]
    process.currentDirectoryURL = folder
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    let said = try Data(contentsOf: folder.appending(path: "said.json"))
    return try JSONDecoder().decode([String].self, from: said)
  }

  /// The document as an editor sees it: YAML's core schema.
  private static func json(_ node: YAMLNode) -> Any {
    switch node.content {
    case .sequence(let nodes): return nodes.map { json($0) }
    case .mapping(let entries):
      return Dictionary(entries.map { ($0.key, json($0.value)) }, uniquingKeysWith: { first, _ in first })
    case .scalar(let text, let isPlain):
      switch YAMLScalar(text, isPlain: isPlain) {
      case .null: return NSNull()
      case .boolean(let value): return value
      case .integer(let value): return value
      case .number(let value): return value
      case .text(let value): return value
      }
    }
  }
}
