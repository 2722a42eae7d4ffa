internal import SlipwayModel

/// A row as the writer takes it: the one that changes all the time is laid out beforehand.
enum PreparedRow: Sendable {
  case run(EncodedRun)
  case other(ProjectionWrite)

  init(_ row: ProjectionWrite) {
    switch row {
    case .run(let run, let metadata): self = .run(EncodedRun(run, metadata: metadata))
    case .task, .project, .environment: self = .other(row)
    }
  }
}

/// A run's row laid out by the task that hands it in: one piece of memory, bound where it lies.
struct EncodedRun: Sendable {
  private(set) var bytes: [UInt8] = []
  private(set) var run = 0..<0
  private(set) var status = 0..<0
  private(set) var evidenceFolder: Range<Int>?
  private(set) var metadata: Range<Int>?
  private(set) var project = 0..<0
  private(set) var environment = 0..<0
  private(set) var release = 0..<0
  private(set) var operation = 0..<0
  private(set) var createdBy = 0..<0
  let startedAt: Int64
  let finishedAt: Int64?
  let wakeAt: Int64?

  init(_ row: RunRow, metadata: String?) {
    startedAt = row.startedAt.milliseconds
    finishedAt = row.finishedAt?.milliseconds
    wakeAt = row.wakeAt?.milliseconds
    bytes.reserveCapacity(256)
    run = append(row.run.text)
    status = append(row.status)
    project = append(row.project)
    environment = append(row.environment.text)
    release = append(row.release.text)
    operation = append(row.operation)
    createdBy = append(row.createdBy)
    evidenceFolder = row.evidenceFolder.map { append($0) }
    self.metadata = metadata.map { append($0) }
  }

  func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  private mutating func append(_ text: String) -> Range<Int> {
    let start = bytes.count
    bytes.append(contentsOf: text.utf8)
    return start..<bytes.count
  }
}
