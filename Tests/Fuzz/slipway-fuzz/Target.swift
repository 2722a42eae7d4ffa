internal import Foundation
internal import Glibc

/// A parser, or a family of them, and what must hold of whatever it is given. A broken rule ends the process, which libFuzzer reports with the input.
protocol FuzzTarget: Sendable {
  /// Good inputs to start from; the smaller the better.
  static func seeds() throws -> [Data]

  /// Makes the target once.
  init() throws

  func take(_ data: Data)
}

/// The targets by name.
enum Target: String, CaseIterable {
  case pipeline, reports, events, ledger, inbox, notes, envelope, evidence, journal, values, metrics

  var type: any FuzzTarget.Type {
    switch self {
    case .pipeline: PipelineTarget.self
    case .reports: ReportTarget.self
    case .events: EventTarget.self
    case .ledger: LedgerTarget.self
    case .inbox: InboxTarget.self
    case .notes: NoteTarget.self
    case .envelope: EnvelopeTarget.self
    case .evidence: EvidenceTarget.self
    case .journal: JournalTarget.self
    case .values: ValueTarget.self
    case .metrics: MetricsTarget.self
    }
  }
}

/// Ends the process where `condition` does not hold; libFuzzer keeps the input.
func insist(_ condition: Bool, _ message: @autoclosure () -> String) {
  guard condition else { fatalError("broken rule: \(message())") }
}

/// A folder in memory for targets whose parsers read files; its name is the same for every process of a target, so that nothing piles up.
struct Workplace: Sendable {
  let path: String

  init(_ name: String) throws {
    path = "/dev/shm/slipway-fuzz-\(name)-\(getpid())"
    try? FileManager.default.removeItem(atPath: path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    Workplace.toRemove = path
    atexit { if let path = Workplace.toRemove { try? FileManager.default.removeItem(atPath: path) } }
  }

  // Set once while the only thread makes its only target; read when the process ends.
  nonisolated(unsafe) private static var toRemove: String?

  func write(_ data: Data, to name: String) {
    let descriptor = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    insist(descriptor >= 0, "cannot write to \(path)")
    _ = data.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    close(descriptor)
  }
}
