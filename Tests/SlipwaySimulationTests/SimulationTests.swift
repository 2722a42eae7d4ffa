import Foundation
import SlipwayModel
import Testing

/// What the simulation prints with `--json`, as far as it is asked about here.
private struct Tally: Codable {
  var seeds = 0
  var promotions = 0
  var outcomes: [String: Int] = [:]
  var crashes = 0
  var troubles: [String: Int] = [:]
}

@Suite("Simulation: the whole engine on a simulated world")
struct SimulationTests {
  @Test("F1, F2: six hundred seeds break no rule, reach every outcome, and every kind of fault strikes")
  func seeds() async throws {
    let last = (ProcessInfo.processInfo.environment["SLIPWAY_SEEDS"].flatMap(Int.init) ?? 600) - 1
    async let even = Simulated.run(["--json", "--seeds", "0", "\(last / 2)"])
    async let odd = Simulated.run(["--json", "--seeds", "\(last / 2 + 1)", "\(last)"])
    var sum = Tally()
    for run in try await [even, odd] {
      #expect(run.status == 0, "\(run.output.suffix(12_000))")
      guard run.status == 0 else { return }
      let tally = try JSONDecoder().decode(Tally.self, from: Data(run.output.utf8))
      sum.seeds += tally.seeds
      sum.promotions += tally.promotions
      sum.crashes += tally.crashes
      sum.outcomes.merge(tally.outcomes) { $0 + $1 }
      sum.troubles.merge(tally.troubles) { $0 + $1 }
    }
    print(
      "simulation: \(sum.seeds) seeds, \(sum.promotions) promotions, \(sum.crashes) crashes, outcomes \(sum.outcomes)")
    #expect(sum.seeds == last + 1)
    for outcome in Outcome.allCases { #expect(sum.outcomes[outcome.rawValue] ?? 0 > 0, "no run ended as \(outcome)") }
    for fault in Self.faults { #expect(sum.troubles[fault] ?? 0 > 0, "'\(fault)' never struck") }
  }

  /// A fault that never strikes tests nothing.
  private static let faults = [
    "deploy: error", "deploy: lost acknowledgement", "deploy: half", "deploy: late", "deploy: hangs",
    "deploy: twice", "deploy: empty promise", "apply: error", "apply: lost acknowledgement", "apply: half",
    "apply: late", "apply: hangs", "apply: twice", "apply: empty promise", "apply: slow",
    "destroy: lost acknowledgement", "destroy: late", "contents: stale", "readSplit: stale", "readSplit: error",
    "counters: no data", "counters: counters anew", "counters: hangs", "counters: stale",
    "carryOut: lost acknowledgement", "carryOut: half", "hasHappened: stale", "tell: hangs", "gate: error",
    "verify: hangs", "probe: late", "clock: forward", "clock: back", "disk: full", "engine: crash",
    "engine: power cut", "engine: crash in the middle of a call", "split: somebody else", "people: the same twice",
  ]

  @Test("a seed replays the same run to the byte, in one process and in two")
  func replay() async throws {
    async let one = Simulated.run(["--seeds", "40", "44", "--replay-check", "5"])
    async let two = Simulated.run(["--seeds", "40", "44", "--replay-check", "5"])
    let (first, second) = try await (one, two)
    #expect(first.status == 0, "\(first.output)")
    #expect(first.output == second.output)
    #expect(first.output.split(separator: "\n").count == 5)
  }

  @Test("a failing seed is shrunk to the few elements that matter")
  func shrinking() async throws {
    let run = try await Simulated.run(["--mutant", Mutant.writeWhenGivenUp.rawValue, "--seeds", "0", "200"])
    #expect(run.status == 1)
    let line = try #require(run.output.split(separator: "\n").first { $0.hasPrefix("shrunk from") })
    let numbers = line.split(separator: " ").compactMap { Int($0) }
    #expect(numbers.count >= 2 && numbers[1] <= 6 && numbers[1] < numbers[0], "\(line)")
    #expect(run.output.contains("again: slipway-simulation --seed"))
  }

  @Test("a fault in a rule of the engine is found", arguments: Mutant.allCases.filter { $0.room == .engine })
  func mutants(_ mutant: Mutant) async throws {
    let run = try await Simulated.run(["--mutant", mutant.rawValue, "--no-shrinking", "--seeds", "0", "400"])
    #expect(run.status == 1, "no seed found '\(mutant.rawValue)'")
    let said = run.output.split(separator: "\n").first { $0.hasPrefix("seed ") }
    print("mutant \(mutant.rawValue): \(said ?? "")")
  }
}

/// The simulation as a process of its own.
enum Simulated {
  static func run(_ arguments: [String]) async throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = try program
    process.arguments = arguments
    // A file never makes the other side wait for a reader.
    let file = FileManager.default.temporaryDirectory.appending(path: "slipway-simulation-\(UUID().uuidString)")
    _ = FileManager.default.createFile(atPath: file.path, contents: nil)
    defer { try? FileManager.default.removeItem(at: file) }
    let handle = try FileHandle(forWritingTo: file)
    process.standardOutput = handle
    process.standardError = handle
    let (ends, end) = AsyncStream.makeStream(of: Void.self)
    process.terminationHandler = { _ in end.finish() }
    try process.run()
    await withTaskCancellationHandler {
      for await _ in ends {}
    } onCancel: {
      process.terminate()
    }
    process.waitUntilExit()
    try handle.close()
    return (process.terminationStatus, String(decoding: try Data(contentsOf: file), as: UTF8.self))
  }

  private static var program: URL {
    get throws {
      let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      let beside = URL(fileURLWithPath: own).deletingLastPathComponent().appending(path: "slipway-simulation")
      if FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
      let arguments = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? own
      return URL(fileURLWithPath: arguments).deletingLastPathComponent().appending(path: "slipway-simulation")
    }
  }
}
