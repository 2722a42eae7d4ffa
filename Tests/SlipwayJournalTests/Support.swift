import Foundation
import SlipwayJournal
import SlipwayModel
import Testing

let noon = Timestamp(milliseconds: 1_780_000_000_000)
let me = DriverLock.Holder(pid: 4711, host: "testhost", startedAt: noon, command: "slipway run")

/// Makes a folder for one test and removes it whatever happens.
func withFolder<Value>(_ work: (URL) async throws -> Value) async throws -> Value {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("slipway-journal-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try await work(folder)
}

/// Opens a journal in a folder of its own and closes it whatever happens.
func withJournal(signer: NoteSigner? = nil, _ work: (Journal) async throws -> Void) async throws {
  try await withFolder { folder in
    let journal = try Journal.open(folder: folder, as: me, signer: signer)
    do {
      try await work(journal)
      await journal.close()
    } catch {
      await journal.close()
      throw error
    }
  }
}

func entry(
  _ stream: String = "run-1", _ kind: String = "step.intended", id: String? = nil,
  body: String = "{\"step\":\"shift-10\"}"
) -> Entry {
  Entry(stream: stream, kind: kind, at: noon, actor: "driver", body: Data(body.utf8), id: id)
}

func run(_ id: String, status: String = "running", wakeAt: Timestamp? = nil, finishedAt: Timestamp? = nil) -> RunRow {
  RunRow(
    run: RunID(id), project: "web", environment: "production", release: "1.4.2", operation: "promote", status: status,
    createdBy: "alice", startedAt: noon, finishedAt: finishedAt, wakeAt: wakeAt)
}
