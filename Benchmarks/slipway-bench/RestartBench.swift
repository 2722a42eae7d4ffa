internal import ArgumentParser
internal import Foundation
internal import Glibc
internal import SlipwayEngine
internal import SlipwayJournal
internal import SlipwayModel

/// `slipway-bench restart FOLDER`: the real engine killed with promotions in flight, and how soon the next one goes on.
struct RestartBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restart", abstract: "kill -9 with promotions in flight: time to the first resumed effect, repeats.")

  @Argument(help: "A folder on the disk to measure.")
  var folder: String

  @Option(help: "How many promotions are in flight when the engine is killed.")
  var runs = 256

  @Option(help: "How often.")
  var rounds = 3

  @Flag(help: .hidden)
  var child = false

  func run() async throws {
    if child { return try await drive(URL(fileURLWithPath: folder)) }
    print(
      "in flight  first resumed effect s  all done s  effects  repeated where asked  repeated notices  notices in doubt"
    )
    for _ in 0..<rounds {
      try await withFolder(in: URL(fileURLWithPath: folder)) { try await killed(in: $0) }
    }
  }

  /// In a process of its own: begins or goes on with all promotions, and ends when they have ended.
  private func drive(_ state: URL) async throws {
    let world = try BenchWorld(in: state, pause: .milliseconds(20))
    let house = try await BenchHouse(state, world: world, pipeline: .bench(runs))
    // All are begun before the first is driven, so that all are in flight when the kill comes.
    if house.journal.tip.seq == 0 {
      try await house.register()
      for number in 0..<runs { try await house.promote(to: number) }
    }
    let driving = Task { try await house.engine.drive(following: [], forever: true, until: nil) }
    while try await !house.journal.reader.openRuns(limit: 1).isEmpty { try await Task.sleep(for: .milliseconds(20)) }
    driving.cancel()
    _ = await driving.result
    await house.journal.close()
  }

  private func killed(in state: URL) async throws {
    let expected = runs * 4
    let first = try spawn(state)
    try await wait(first) { Self.effects(in: state).count > expected / 2 }
    let killed = ContinuousClock.now
    kill(first.processIdentifier, SIGKILL)
    first.waitUntilExit()
    let done = Self.effects(in: state).count
    let second = try spawn(state)
    try await wait(second) { Self.effects(in: state).count > done }
    let resumed = ContinuousClock.now
    second.waitUntilExit()
    let over = ContinuousClock.now
    guard second.terminationStatus == 0 else { throw BenchError(what: "the second engine failed") }
    let effects = Self.effects(in: state)
    let notices = effects.filter { $0.hasPrefix("notify") }
    let asked = effects.count - notices.count - runs * 3
    let doubtful = try await Self.doubtful(in: state)
    guard asked >= 0, Set(notices).count + doubtful >= runs else {
      throw BenchError(what: "effects were lost: \(effects.count) of \(expected)")
    }
    print(
      String(
        format: "%-11d%-24.3f%-12.2f%-9d%-22d%-18d%d", runs, (resumed - killed).seconds, (over - killed).seconds,
        effects.count, asked, notices.count - Set(notices).count, doubtful))
  }

  private func spawn(_ state: URL) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = ["restart", state.path, "--runs", "\(runs)", "--child"]
    try process.run()
    return process
  }

  private func wait(_ process: Process, until holds: () -> Bool) async throws {
    let start = ContinuousClock.now
    while !holds() {
      guard process.isRunning, ContinuousClock.now - start < .seconds(120) else {
        process.terminate()
        throw BenchError(what: "the engine ended, or did nothing for two minutes")
      }
      try await Task.sleep(for: .milliseconds(1))
    }
  }

  private static func effects(in state: URL) -> [Substring] {
    let text = (try? String(contentsOf: BenchWorld.log(in: state), encoding: .utf8)) ?? ""
    return text.split(separator: "\n")
  }

  /// Steps that the journal itself says may have happened or not, because nothing could be asked.
  private static func doubtful(in state: URL) async throws -> Int {
    let reader = try JournalReader.open(folder: state)
    defer { reader.close() }
    var count = 0
    var last: Int64 = 0
    while true {
      let entries = try await reader.entries(after: last, limit: 10_000)
      guard let end = entries.last else { return count }
      last = end.seq
      for stored in entries where stored.entry.kind == "step.read_back" {
        if case .readBack(_, _, .unclear) = try CanonicalJSON.decode(Event.self, from: stored.entry.body) { count += 1 }
      }
    }
  }
}
