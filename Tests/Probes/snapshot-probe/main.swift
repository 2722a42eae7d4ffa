// snapshot-probe make STORE ID FILES | restore STORE ID TARGET | delete STORE ID | copy SOURCE TARGET, each printing `done` at its end, or `error CODE MESSAGE`.
internal import Foundation
internal import SlipwayConnectors
internal import SlipwayData
internal import SlipwayModel

func say(_ line: String) {
  let bytes = Array((line + "\n").utf8)
  _ = write(1, bytes, bytes.count)
}

let words = Array(CommandLine.arguments.dropFirst())

func make(_ store: SnapshotStore, _ id: SnapshotID, _ files: String) async throws {
  let draft = try store.begin(id, of: "production")
  try FileManager.default.createDirectory(atPath: draft.databaseFolder, withIntermediateDirectories: false)
  try Data("table of contents".utf8).write(to: URL(filePath: draft.databaseFolder + "/toc.dat"))
  do {
    try await draft.pinFiles(from: files, names: .sha1)
    try await draft.addFiles(from: files, names: .sha1)
    let facts = DatabaseFacts(
      name: "shop", serverVersion: "15.20", encoding: "UTF8", collation: "C", bytes: 1, tables: [], constraints: [],
      extensions: [])
    let contents = SnapshotContents(
      environment: "production", takenAt: Timestamp(milliseconds: 1_780_000_000_000), database: facts)
    _ = try await store.publish(draft, contents)
  } catch {
    await draft.discard()
    throw error
  }
}

do {
  switch words.first {
  case "make" where words.count == 4:
    try await make(SnapshotStore(folder: words[1]), SnapshotID(words[2]), words[3])
  case "restore" where words.count == 4:
    let store = SnapshotStore(folder: words[1])
    guard let snapshot = try store.snapshot(SnapshotID(words[2])) else { exit(3) }
    try await store.restoreFiles(of: snapshot, into: words[3])
  case "delete" where words.count == 3:
    try await SnapshotStore(folder: words[1]).delete(SnapshotID(words[2]))
  case "copy" where words.count == 3:
    try await FileTree.copy(from: words[1], to: words[2], names: .sha1)
  default:
    say("usage: snapshot-probe make|restore|delete|copy …")
    exit(64)
  }
  say("done")
} catch let error as ConnectorError {
  say("error \(error.code.rawValue) \(error)")
  exit(1)
}
