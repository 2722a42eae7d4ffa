internal import Foundation
internal import SlipwayConnectors
internal import SlipwayDemo
internal import SlipwayEngine
internal import SlipwayJournal
internal import SlipwayModel

/// The demo as a user would type it: every line that begins with `$` is a command that really runs, in a process of its own.
struct DemoScript: Sendable {
  private let demo: DemoFolder
  private let program: String
  private let rate: Int
  private let tidy: Bool
  private let paint: Paint
  private let isInteractive: Bool

  init(_ demo: DemoFolder, program: String, rate: Int, tidy: Bool, noColor: Bool) {
    self.tidy = tidy
    self.demo = demo
    self.program = program
    self.rate = rate
    isInteractive = isatty(STDOUT_FILENO) == 1
    paint = Paint(noColor: noColor, isTerminal: isInteractive)
  }

  func play() async throws {
    let began = ContinuousClock.now
    say("Three versions of a small shop lie in \(demo.url.path). 1.0.0 goes live first.")
    try await slipway("check")
    try await register("1.0.0")
    try await slipway("promote 1.0.0 --to staging --wait --as carol")
    say("As soon as the front door answers, customers send \(rate) orders a second to \(demo.frontDoor)/order.")
    let load = DemoLoad(url: demo.frontDoor + "/order", rate: rate)
    let customers = Task { await load.run() }
    defer { customers.cancel() }
    try await promote("1.0.0", expecting: .done)

    say("1.1.0 is a good release: staging, gates, a person's word, then 10 %, 50 %, 100 % under watch.")
    try await register("1.1.0")
    try await slipway("promote 1.1.0 --to staging --wait --as carol")
    let good = try await promote("1.1.0", expecting: .done)

    say("1.2.0 fails one order in four. Its smoke tests are green; only customers would notice.")
    try await register("1.2.0")
    try await slipway("promote 1.2.0 --to staging --wait --as carol")
    let bad = try await promote("1.2.0", expecting: .rolledBack)
    try await Task.sleep(for: .seconds(2))
    customers.cancel()
    await customers.value

    say("The proof of both, checked without state or network; and the journal itself.")
    for run in [good, bad] { try await slipway("evidence verify --quiet \(try await evidence(of: run))") }
    try await slipway("audit verify")
    try await summary(load.seen, good: good, bad: bad, took: ContinuousClock.now - began)
  }

  private func register(_ version: String) async throws {
    try await slipway(
      "release add \(version) --artifact releases/shop-\(version).json --commit \(Self.commit(version))")
    try await slipway("report add \(version) --kind junit reports/junit.xml")
    try await slipway("report add \(version) --kind lcov reports/coverage.lcov")
  }

  private static func commit(_ version: String) -> String { String(Digest(of: Data(version.utf8)).hex.prefix(12)) }

  /// Carol asks, the gates are passed, ann approves, and the run is followed to its end.
  @discardableResult
  private func promote(_ version: String, expecting status: ExitStatus) async throws -> RunID {
    let asked = try await slipway("promote \(version) --to production --as carol", shows: false)
    guard let run = asked.split(separator: "\n").first.map({ RunID(String($0)) }) else {
      throw CommandError(.failed, "promote printed no run id: \(asked)")
    }
    try await slipway("approve \(run) --as ann --comment 'staging looks good'")
    try await slipway("run", shows: false, background: "watch \(run)", expecting: status, run: run)
    return run
  }

  /// Runs a command line of slipway in the demo's folder.
  ///
  /// With `background`, drives the run with `slipway run --forever` in the background while `watch` follows it in the foreground.
  @discardableResult
  private func slipway(
    _ line: String, shows: Bool = true, background watch: String? = nil, expecting: ExitStatus = .done,
    run: RunID? = nil
  ) async throws -> String {
    guard let watch else {
      emit(paint.bold("$ slipway \(line)"))
      let (code, output) = try await ChildProcess.run(program, line, in: demo.url, captures: !isInteractive || !shows)
      if !output.isEmpty { Terminal.write(output) }
      guard code == expecting.rawValue else {
        throw CommandError(.failed, "'slipway \(line)' ended with code \(code), \(expecting.rawValue) expected")
      }
      return output
    }
    emit(paint.bold("$ slipway run --forever &"))
    let driver = try ChildProcess.start(program, "run --forever", in: demo.url, log: "driver.log")
    defer { driver.terminate() }
    emit(paint.bold("$ slipway \(watch)"))
    let (code, output) = try await ChildProcess.run(program, watch, in: demo.url, captures: !isInteractive)
    if !output.isEmpty { Terminal.write(output) }
    driver.terminate()
    await driver.ended()
    guard code == expecting.rawValue else {
      throw CommandError(
        .failed, "run \(run?.text ?? "") ended with code \(code), \(expecting.rawValue) expected; see slipway log")
    }
    return output
  }

  private func archive() throws -> RunArchive {
    RunArchive(try JournalReader.open(folder: demo.url.appending(path: ".slipway")))
  }

  private func evidence(of run: RunID) async throws -> String {
    guard let folder = try await archive().promotion(run).evidenceFolder else {
      throw CommandError(.failed, "run \(run) has no evidence")
    }
    let prefix = demo.url.path + "/"
    return folder.hasPrefix(prefix) ? String(folder.dropFirst(prefix.count)) : folder
  }

  private func summary(
    _ seen: DemoLoad.Tally, good: RunID, bad: RunID, took: Duration
  ) async throws {
    let archive = try archive()
    let promoted = try await archive.promotion(good)
    let rolledBack = try await archive.promotion(bad)
    func length(_ promotion: Promotion) -> String {
      "\((promotion.finishedAt ?? promotion.requestedAt) - promotion.requestedAt)"
    }
    let hurtByBad = seen.versions["1.2.0"]?.failed ?? 0
    let hurtGood = seen.hurt - hurtByBad - seen.lost
    emit("\n" + paint.bold("What happened"))
    emit(
      "  1.1.0 promoted     \(good)  in \(length(promoted)), \(promoted.approvals.map(\.person.text).joined()) approved"
    )
    emit("  1.2.0 rolled back  \(bad)  in \(length(rolledBack)): \(rolledBack.cause?.reason ?? "")")
    emit("  from the decision to green at 0 %: \(rolledBack.breachToZero.map { "\($0)" } ?? "not measured")")
    emit(
      "  orders sent \(seen.requests), hurt by 1.2.0 \(hurtByBad), hurt by a good version \(hurtGood), without any answer \(seen.lost)"
    )
    emit("  in all \(took.components.seconds) s")
    if hurtGood + seen.lost > 0 {
      throw CommandError(
        .failed,
        "\(hurtGood + seen.lost) orders of a good version were lost, which must not be: \(seen.firstLoss ?? "answered with an error")"
      )
    }
    if tidy { return emit("\n  everything is stopped again; \(demo.url.path) stays with journal and evidence") }
    emit(
      """

      \(paint.bold("Go on playing")) in \(demo.url.path):
        cd \(demo.url.path) && ./bin/slipway list && ./bin/slipway status && ./bin/slipway log \(bad)
        ./bin/slipway evidence show \(bad)
        ./bin/slipway rollback production --incident INC-1 --wait --as ann     # back to 1.0.0
      1.1.0 goes on serving at \(demo.frontDoor). Stop everything with: ./bin/slipway demo --stop --dir .
      """)
  }

  private func say(_ text: String) { emit("\n" + paint.blue(text)) }

  /// At once, so that it stands before what a child prints.
  private func emit(_ text: String) { Terminal.write(text + "\n") }
}

/// A child process of the demo.
final class ChildProcess: Sendable {
  private let process: Process

  private init(_ process: Process) { self.process = process }

  /// Splits at blanks; single quotes keep words together.
  private static func words(_ line: String) -> [String] {
    line.split(separator: "'", omittingEmptySubsequences: false).enumerated().flatMap { index, part in
      index % 2 == 1 ? [String(part)] : part.split(separator: " ").map(String.init)
    }
  }

  private static func prepared(_ program: String, _ line: String, in folder: URL) -> Process {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = words(line)
    process.currentDirectoryURL = folder
    return process
  }

  /// Runs a command to its end.
  static func run(_ program: String, _ line: String, in folder: URL, captures: Bool) async throws -> (Int32, String) {
    let process = prepared(program, line, in: folder)
    let pipe = Pipe()
    if captures { process.standardOutput = pipe }
    let child = ChildProcess(process)
    let ending = AsyncStream<Void>.makeStream()
    process.terminationHandler = { _ in ending.continuation.finish() }
    try process.run()
    return await withTaskCancellationHandler {
      var output = Data()
      if captures { output = (try? pipe.fileHandleForReading.readToEnd()) ?? Data() }
      for await _ in ending.stream {}
      return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    } onCancel: {
      child.terminate()
    }
  }

  /// Starts a command whose output goes to a file.
  static func start(_ program: String, _ line: String, in folder: URL, log: String) throws -> ChildProcess {
    let process = prepared(program, line, in: folder)
    let file = folder.appending(path: log)
    if !FileManager.default.fileExists(atPath: file.path) {
      _ = FileManager.default.createFile(atPath: file.path, contents: nil)
    }
    let handle = try FileHandle(forWritingTo: file)
    try handle.seekToEnd()
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
    return ChildProcess(process)
  }

  func terminate() { if process.isRunning { process.terminate() } }

  func ended() async {
    while process.isRunning { try? await Task.sleep(for: .milliseconds(20)) }
  }
}
