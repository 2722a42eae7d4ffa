internal import Foundation
internal import SlipwayEvidence
internal import SlipwayJournal
internal import SlipwayModel

/// What the evidence of the phases after a deployment says: a pure function of their journal entries.
struct AftercareFiles {
  let state: AftercareState
  let entries: [StoredEntry]

  var ending: Timestamp { state.endedAt ?? entries.last?.entry.at ?? state.order.since }

  func all() throws -> [String: Data] {
    [
      "run_id.txt": Data("\(state.order.run)\n".utf8),
      "aftercare.json": try CanonicalJSON.encodeForUsers(AftercareStatus(state), readable: true) + Data("\n".utf8),
      "aftercare.md": Data(text.utf8),
      "looks.jsonl": try looks(),
    ]
  }

  /// What the signed statement says.
  var predicate: some Encodable {
    Predicate(
      run: state.order.run, project: state.order.project, environment: state.order.environment,
      release: state.order.release, servesSince: state.order.since, ending: state.ending?.word ?? "",
      phases: Dictionary(
        uniqueKeysWithValues: AftercarePhase.allCases.map { ($0.rawValue, state.result(of: $0).rawValue) }),
      findings: state.findings.count, endedAt: ending)
  }

  private struct Predicate: Encodable {
    var run: RunID
    var project: String
    var environment: EnvironmentName
    var release: ReleaseID
    var servesSince: Timestamp
    var ending: String
    var phases: [String: String]
    var findings: Int
    var endedAt: Timestamp
  }

  /// Each fact as the journal has it.
  private func looks() throws -> Data {
    var lines = Data()
    for stored in entries {
      let line = Line(
        sequence: stored.seq, at: stored.entry.at, kind: stored.entry.kind,
        body: String(decoding: stored.entry.body, as: UTF8.self))
      lines += try CanonicalJSON.encodeForUsers(line) + Data("\n".utf8)
    }
    return lines
  }

  private struct Line: Encodable {
    var sequence: Int64
    var at: Timestamp
    var kind: String
    var body: String
  }

  private var text: String {
    var lines = ["# After the deployment: \(state.order.release) in \(state.order.environment)", ""]
    lines += AftercareStatus(state).lines.map { "- \($0)" }
    return lines.joined(separator: "\n") + "\n"
  }
}

extension EvidenceAuthor {
  /// Publishes the evidence of the phases after a deployment; a repeat with the same entries changes nothing.
  ///
  /// - Throws: ``EvidenceError``.
  func write(
    _ state: AftercareState, entries: [StoredEntry], into folder: URL
  ) throws -> (folder: String, manifest: Digest) {
    let contents = AftercareFiles(state: state, entries: entries)
    try FileManager.default.createDirectory(
      at: folder.deletingLastPathComponent(), withIntermediateDirectories: true)
    return try publish(
      Evidence(
        run: state.order.run, createdAt: contents.ending, createdBy: "slipway", files: try contents.all(),
        predicate: try CanonicalJSON.encodeForUsers(contents.predicate), kind: .aftercare), at: folder)
  }
}

extension StateFolder {
  /// `evidence/<YYYYMMDD-HHMM>/after/<run id>`, beside the folder of the run itself, which is sealed.
  func aftercare(of promotion: Promotion) -> URL {
    let minute = String(promotion.requestedAt.compactUTC.prefix(13))
    return evidence.appending(path: "\(minute)/after/\(promotion.run)", directoryHint: .isDirectory)
  }
}
