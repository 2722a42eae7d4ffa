internal import ArgumentParser
internal import Foundation
internal import SlipwayJournal
internal import SlipwayModel

/// `slipway-bench waiting FOLDER`: many waiting runs, opened, and one of them woken.
struct WaitingBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "waiting", abstract: "Opens a journal of many waiting promotions and wakes one: time and memory.")

  @Argument(help: "A folder on the disk to measure.")
  var folder: String

  @Option(help: "How many runs wait.")
  var runs = 100_000

  @Flag(help: .hidden)
  var prepare = false

  func run() async throws {
    let state = URL(fileURLWithPath: folder).appendingPathComponent("slipway-bench-waiting")
    if prepare { return try await fill(state) }
    try? FileManager.default.removeItem(at: state)
    defer { try? FileManager.default.removeItem(at: state) }
    try prepareElsewhere()
    let before = try Self.resident()
    let clock = ContinuousClock()
    let start = clock.now
    let journal = try Journal.open(folder: state, as: JournalLoop.holder())
    let opened = clock.now
    let due = try await journal.reader.due(at: JournalLoop.noon)
    guard due.count == 1, var woken = due.first else { throw BenchError(what: "\(due.count) runs due, 1 expected") }
    let found = clock.now
    woken.wakeAt = JournalLoop.noon + .hours(1)
    let entry = Entry(
      stream: woken.run.text, kind: "run.woken", at: JournalLoop.noon, actor: "driver", body: Data("{}".utf8))
    _ = try await journal.append(Append([entry], run: woken))
    let written = clock.now
    let after = try Self.resident()
    await journal.close()
    func milliseconds(_ duration: Duration) -> String { String(format: "%.2f ms", duration.seconds * 1_000) }
    print(
      "\(runs) waiting: open \(milliseconds(opened - start)), find the due one \(milliseconds(found - opened)), "
        + "wake it durably \(milliseconds(written - found)); resident \(before) kB before, \(after) kB after")
  }

  /// In a process of its own, whose memory is not ours.
  private func prepareElsewhere() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = ["waiting", folder, "--runs", "\(runs)", "--prepare"]
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw BenchError(what: "the waiting runs could not be written") }
  }

  private func fill(_ state: URL) async throws {
    let journal = try Journal.open(folder: state, as: JournalLoop.holder())
    try await withThrowingTaskGroup(of: Void.self) { group in
      for lane in 0..<256 {
        group.addTask { [runs] in
          for number in stride(from: lane, to: runs, by: 256) {
            let wake = JournalLoop.noon + .minutes(Int64(number))
            let row = RunRow(
              run: RunID("run-\(number)"), project: "web", environment: "production", release: "1.4.2",
              operation: "promote", status: "waiting", createdBy: "alice", startedAt: JournalLoop.noon, wakeAt: wake)
            let entry = Entry(
              stream: row.run.text, kind: "run.waiting", at: JournalLoop.noon, actor: "driver", body: Data("{}".utf8))
            _ = try await journal.append(Append([entry], run: row))
          }
        }
      }
      try await group.waitForAll()
    }
    await journal.close()
  }

  private static func resident() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
    return line.split(separator: " ").compactMap { Int($0) }.first ?? 0
  }
}
