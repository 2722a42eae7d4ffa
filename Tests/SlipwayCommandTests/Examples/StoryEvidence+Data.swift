import Crypto
import Foundation
import SlipwayModel
import Testing

/// What evidence says about data, held against the data themselves.
extension StoryEvidence {
  func expectInputs(release: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let inputs = try object("inputs.json")
    #expect((inputs["release"] as? [String: Any])?["id"] as? String == release, sourceLocation: sourceLocation)
    #expect(inputs["from"] as? String == "staging", sourceLocation: sourceLocation)
    #expect(inputs["to"] as? String == "production", sourceLocation: sourceLocation)
  }

  /// The backup of what served is named, is there, and is what it was.
  func expectBackup(in example: ExampleFolder, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    try await expectSnapshot(run, named: "blue_backup.json", in: example, sourceLocation: sourceLocation)
  }

  /// A snapshot that a file speaks of: its id, the digest of its manifest, and every byte of it.
  func expectSnapshot(
    _ id: String, named name: String, in example: ExampleFolder, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let file = try object(name)
    #expect(file["applies"] as? Bool == true, sourceLocation: sourceLocation)
    #expect(file["snapshot"] as? String == id, "\(shown(name))", sourceLocation: sourceLocation)
    let manifest = try Data(contentsOf: example.folder.appending(path: "work/snapshots/\(id)/manifest.json"))
    let digest = "sha256:" + SHA256.hash(data: manifest).map { String(format: "%02x", $0) }.joined()
    #expect(file["checksum"] as? String == digest, "\(shown(name))", sourceLocation: sourceLocation)
    let verified = try await Program.run(["snapshot", "verify", id], in: example.folder)
    #expect(verified.code == 0, "\(verified)", sourceLocation: sourceLocation)
    let rows = try values(of: "rows", in: name).compactMap { $0 as? Int }
    #expect(rows.contains { $0 > 0 }, "figures of the copy: \(shown(name))", sourceLocation: sourceLocation)
  }

  /// Steps of traffic on the way forward that succeeded, in order.
  func shifts() throws -> [String] {
    let steps = try object("cutover.json")["shifts"] as? [[String: Any]] ?? []
    return steps.filter { $0["status"] as? String == "succeeded" }.compactMap { $0["id"] as? String }
      .filter { $0.hasPrefix("shift-") }
  }

  /// The ids of all steps in the order of the plan.
  func order() throws -> [String] {
    let steps = try object("final_status.json")["steps"] as? [[String: Any]] ?? []
    return steps.compactMap { $0["id"] as? String }
  }

  func stepsBack() throws -> [String] {
    let rollback = try object("rollback.json")
    #expect(rollback["happened"] as? Bool == true)
    return (rollback["steps"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String }
  }

  /// The time of the cutover lies between begin and end of the run.
  func expectCutover(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let final = try object("final_status.json")
    func time(_ value: Any?) throws -> Timestamp {
      let text = try #require(value as? String, sourceLocation: sourceLocation)
      return try #require(Timestamp(rfc3339: text), "\(text)", sourceLocation: sourceLocation)
    }
    let cutover = try time(object("cutover.json")["cutover_at"])
    #expect(try time(final["started_at"]) < cutover, sourceLocation: sourceLocation)
    #expect(try cutover < time(final["finished_at"]), sourceLocation: sourceLocation)
  }

  /// What was left behind is said in figures, and lies where evidence says.
  func expectLoss(
    of table: String, in example: ExampleFolder, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let loss = try object("rollback.json")["loss"] as? [String: Any]
    let tables = loss?["tables"] as? [[String: Any]] ?? []
    let inserted = tables.filter { $0["table"] as? String == table }.compactMap { $0["inserted"] as? Int }.max() ?? 0
    #expect(inserted > 0, "rows written to \(table): \(shown("rollback.json"))", sourceLocation: sourceLocation)
    let aside = (try object("rollback.json")["aside"] as? [[String: Any]] ?? []).compactMap {
      $0["database"] as? String
    }
    let database = try #require(aside.first, "\(shown("rollback.json"))", sourceLocation: sourceLocation)
    let found = try await example.sql("SELECT count(*) FROM pg_database WHERE datname = '\(database)'", in: "postgres")
    #expect(found == "1", "\(database)", sourceLocation: sourceLocation)
  }
}
