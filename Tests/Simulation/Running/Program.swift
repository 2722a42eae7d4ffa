import Foundation
import Glibc
import SlipwayModel

/// The command line of the simulation.
struct Program {
  private var seeds: Range<UInt64> = 0..<100
  private var isTraced = false
  private var soak: Double?
  private var mutant: Mutant?
  private var replays: UInt64?
  private var json = false
  private var shrinks = true
  private let usage = """
    slipway-simulation [--seeds FIRST LAST] [--seed N [--trace]] [--soak SECONDS [--from N]] [--replay-check N] [--mutant NAME] [--no-shrinking]
        [--json]

    """

  init(_ arguments: [String]) {
    var rest = arguments[...]
    func number(_ text: String?) -> UInt64 {
      guard let text, let number = UInt64(text) else { Self.leave(usage) }
      return number
    }
    while let word = rest.popFirst() {
      switch word {
      case "--seeds":
        let first = number(rest.popFirst())
        seeds = first..<max(first, number(rest.popFirst()) + 1)
      case "--seed":
        let seed = number(rest.popFirst())
        seeds = seed..<(seed + 1)
      case "--trace": isTraced = true
      case "--soak": soak = Double(number(rest.popFirst()))
      case "--from": seeds = number(rest.popFirst())..<UInt64.max
      case "--replay-check": replays = number(rest.popFirst())
      case "--json": json = true
      case "--no-shrinking": shrinks = false
      case "--mutant":
        guard let name = rest.popFirst(), let found = Mutant(rawValue: name) else {
          Self.leave("known mutants: \(Mutant.allCases.map(\.rawValue).joined(separator: ", "))\n")
        }
        mutant = found
      default: Self.leave(usage)
      }
    }
  }

  private static func leave(_ text: String) -> Never {
    FileHandle.standardError.write(Data(text.utf8))
    exit(64)
  }

  /// Runs and returns the exit code: 0 when no rule was broken, 1 when one was.
  func run() -> Int32 {
    signal(SIGXFSZ, SIG_IGN)
    var files = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
    files.rlim_cur = files.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
    OneThread.install()
    let base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : NSTemporaryDirectory()
    let home = "\(base)/slipway-simulation-\(getpid())"
    mkdir(home, 0o700)
    chdir(home)
    defer {
      chdir("/")
      try? FileManager.default.removeItem(atPath: home)
    }
    if let replays { return check(replays) }
    return sweep()
  }

  private func play(_ story: Story) -> Simulation {
    let simulation = Simulation(story)
    #if DEBUG
      Mutant.$active.withValue(mutant) { simulation.play() }
    #else
      simulation.play()
    #endif
    return simulation
  }

  private func sweep() -> Int32 {
    let began = ContinuousClock.now
    var tally = carried?.tally ?? Tally()
    let before = carried?.seconds ?? 0
    let first = seeds.lowerBound
    var seed = first
    while soak == nil ? seed < seeds.upperBound : elapsed(began) < (soak ?? 0) {
      let simulation = play(Story(seed: seed))
      tally += simulation.tally
      if soak != nil, tally.seeds % 100 == 0 {
        for line in tally.lines(seconds: elapsed(began)).prefix(2) { print(line) }
      }
      if isTraced { for line in simulation.trace { print(line) } }
      if let breach = simulation.oracle.breaches.first {
        tell(breach, seed)
        if !json { for line in tally.lines(seconds: before + elapsed(began)) { print(line) } }
        return 1
      }
      seed += 1
      if let soak, seed - first >= Self.seedsOfOneProcess {
        goOn(tally, from: seed, after: before + elapsed(began), left: soak - elapsed(began))
      }
    }
    if json, let data = try? JSONEncoder().encode(tally) {
      print(String(decoding: data, as: UTF8.self))
      return 0
    }
    for line in tally.lines(seconds: before + elapsed(began)) { print(line) }
    return 0
  }

  // MARK: Soaking

  /// A killed engine's tasks are never heard of again, so each costs some memory and a descriptor until the process is another one.
  private static let seedsOfOneProcess: UInt64 = 300
  private static let carrying = "SLIPWAY_SIMULATION_TALLY"

  private struct Carried: Codable {
    var tally: Tally
    var seconds: Double
  }

  private var carried: Carried? {
    getenv(Self.carrying).flatMap { try? JSONDecoder().decode(Carried.self, from: Data(String(cString: $0).utf8)) }
  }

  /// Becomes a fresh process that goes on with the next seed.
  private func goOn(_ tally: Tally, from seed: UInt64, after seconds: Double, left: Double) {
    guard left >= 1, let data = try? JSONEncoder().encode(Carried(tally: tally, seconds: seconds)) else { return }
    setenv(Self.carrying, String(decoding: data, as: UTF8.self), 1)
    fflush(nil)
    chdir("/")
    let words = ["slipway-simulation", "--soak", "\(Int(left))", "--from", "\(seed)"]
    var arguments = words.map { strdup($0) } + [nil]
    execv("/proc/self/exe", &arguments)
  }

  private func elapsed(_ began: ContinuousClock.Instant) -> Double {
    let span = (ContinuousClock.now - began).components
    return Double(span.seconds) + Double(span.attoseconds) / 1e18
  }

  /// Says what was broken, and the smallest story that breaks it.
  private func tell(_ breach: Breach, _ seed: UInt64) {
    print("seed \(seed) breaks '\(breach.rule)': \(breach.text)")
    guard shrinks else { return }
    var shrinking = Shrinking(breach.rule)
    let story = Story(seed: seed)
    let small = shrinking.shrink(story) { candidate in
      play(candidate).oracle.breaches.contains { $0.rule == breach.rule }
    }
    print("shrunk from \(story.elements.count) to \(small.elements.count) elements in \(shrinking.attempts) runs:")
    for element in small.elements { print("  \(element)") }
    print("what happens then:")
    for line in play(small).trace.suffix(60) { print("  \(line)") }
    var again = "slipway-simulation --seed \(seed) --trace"
    if let mutant { again += " --mutant \(mutant.rawValue)" }
    print("again: \(again)")
  }

  /// Plays each seed twice and compares every line and the last hash of the journal.
  private func check(_ count: UInt64) -> Int32 {
    for seed in seeds.lowerBound..<(seeds.lowerBound + count) {
      let first = play(Story(seed: seed))
      let second = play(Story(seed: seed))
      if first.trace != second.trace || first.lastHash != second.lastHash {
        let index = zip(first.trace, second.trace).prefix { $0 == $1 }.count
        print("seed \(seed) does not replay; line \(index) differs:")
        for trace in [first.trace, second.trace] where trace.indices.contains(index) { print("  \(trace[index])") }
        return 1
      }
      print("seed \(seed): \(first.trace.count) lines, \(first.lastHash)")
    }
    return 0
  }
}
