internal import ArgumentParser
internal import Foundation
internal import SlipwayEngine
internal import SlipwayJournal
internal import SlipwayModel

/// `slipway-bench waiting FOLDER`: many promotions that wait for people, the real engine started on them, and one that is due.
struct WaitingBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "waiting", abstract: "Starts an engine on many waiting promotions and wakes one: time and memory.")

  @Argument(help: "A folder on the disk to measure.")
  var folder: String

  @Option(help: "How many promotions wait.")
  var runs = 100_000

  @Flag(help: .hidden)
  var prepare = false

  private static let pipeline = Pipeline.bench(
    1, approval: ApprovalSpec(rules: [ApprovalRule(role: "manager")], expires: .hours(1)))

  func run() async throws {
    let state = URL(fileURLWithPath: folder).appendingPathComponent("slipway-bench-waiting")
    if prepare { return try await fill(state) }
    try? FileManager.default.removeItem(at: state)
    defer { try? FileManager.default.removeItem(at: state) }
    try prepareElsewhere()
    let due = try await wake(of: state)
    let world = try BenchWorld(in: state)
    let before = try Self.resident()
    let start = ContinuousClock.now
    // By this clock the one promotion is due a second from now.
    let time = ShiftedTime(ahead: due - SystemTime().now() - .seconds(1))
    let house = try await BenchHouse(state, world: world, pipeline: Self.pipeline, time: time)
    let next = try await house.journal.reader.nextWake()
    let started = ContinuousClock.now
    let driving = Task { try await house.engine.drive(following: [], forever: true, until: nil) }
    while time.now() < due { try await Task.sleep(for: .milliseconds(1)) }
    let rang = ContinuousClock.now - .milliseconds((time.now() - due).milliseconds)
    for _ in 0..<10_000 where house.ends.expired == nil { try await Task.sleep(for: .milliseconds(1)) }
    let after = try Self.resident()
    driving.cancel()
    _ = await driving.result
    await house.journal.close()
    guard let seen = house.ends.expired, next == due else { throw BenchError(what: "the due promotion was not woken") }
    func milliseconds(_ duration: Duration) -> String { String(format: "%.1f ms", duration.seconds * 1_000) }
    print(
      "\(runs) waiting: engine started in \(milliseconds(started - start)), the due one woken durably "
        + "\(milliseconds(seen - rang)) after its time; resident \(before) kB before, \(after) kB after; journal of "
        + "\(try Self.megabytes(state)) MB")
  }

  private func wake(of state: URL) async throws -> Timestamp {
    let reader = try JournalReader.open(folder: state)
    defer { reader.close() }
    guard let wake = try await reader.nextWake() else { throw BenchError(what: "nothing waits") }
    return wake
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

  /// Begins one promotion through the engine and copies what it wrote under other ids, due a day later.
  private func fill(_ state: URL) async throws {
    let world = try BenchWorld(in: state)
    let house = try await BenchHouse(state, world: world, pipeline: Self.pipeline)
    try await house.register()
    guard let first = try await house.promote(to: 0) else { throw BenchError(what: "no run was begun") }
    try await house.engine.drive(following: [], forever: false, until: nil)
    let entries = try await RunArchive(house.journal.reader).entries(of: first.text).map(\.entry)
    guard let row = try await house.journal.reader.run(first) else { throw BenchError(what: "the run has no row") }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for lane in 0..<256 {
        group.addTask { [runs] in
          for number in stride(from: lane + 1, to: runs, by: 256) {
            _ = try await house.journal.append(Self.copy(of: entries, row, as: RunID("\(first)-\(number)")))
          }
        }
      }
      try await group.waitForAll()
    }
    await house.journal.close()
  }

  private static func copy(of entries: [Entry], _ row: RunRow, as run: RunID) -> Append {
    var row = row
    let old = "\"\(row.run)\""
    row.run = run
    row.wakeAt = row.wakeAt.map { $0 + .hours(24) }
    let copies = entries.map { entry in
      let body = String(decoding: entry.body, as: UTF8.self).replacingOccurrences(of: old, with: "\"\(run)\"")
      return Entry(stream: run.text, kind: entry.kind, at: entry.at, actor: entry.actor, body: Data(body.utf8))
    }
    return Append(copies, run: row)
  }

  private static func resident() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
    return line.split(separator: " ").compactMap { Int($0) }.first ?? 0
  }

  private static func megabytes(_ state: URL) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: JournalFolder(state).database.path)
    return ((attributes[.size] as? Int) ?? 0) >> 20
  }
}

/// The machine's clock, so far ahead.
private struct ShiftedTime: TimeSource {
  let ahead: Span

  func now() -> Timestamp { SystemTime().now() + ahead }
  func sleep(for span: Span) async throws { try await SystemTime().sleep(for: span) }
}
