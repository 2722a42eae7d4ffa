internal import Foundation
internal import SlipwayEngine
internal import SlipwayJournal
internal import SlipwayModel

/// Follows one run to its end, on a terminal as a live picture, elsewhere line by line.
struct Following: Sendable {
  private let workshop: Workshop
  private let run: RunID
  private let deadline: Timestamp?

  init(_ workshop: Workshop, run: RunID, deadline: Timestamp?) {
    self.workshop = workshop
    self.run = run
    self.deadline = deadline
  }

  /// Reads `--timeout`.
  static func deadline(_ text: String?) throws -> Timestamp? {
    guard let text else { return nil }
    guard let span = Span(text) else {
      throw CommandError(.usage, "'\(text)' is no length of time; expected such as 30s, 10m or 1h30m")
    }
    return SystemTime().now() + span
  }

  /// Follows until the run is over or the deadline has passed.
  ///
  /// With `driving`, drives the run where nobody else does, and takes over when the driver ends.
  func toTheEnd(driving: Bool) async throws -> ExitStatus {
    try await withThrowingTaskGroup(of: ExitStatus?.self) { group in
      group.addTask { try await show() }
      if driving {
        group.addTask {
          try await drive()
          return nil
        }
      }
      defer { group.cancelAll() }
      while let status = try await group.next() {
        if let status { return status }
      }
      return .failed
    }
  }

  /// Holds the driver's seat whenever it is free, until the run is over.
  private func drive() async throws {
    while !Task.isCancelled {
      if let (engine, journal) = try await workshop.driverOrNil() {
        do {
          let run = run
          let deadline = deadline
          try await Interruption.stops {
            try await engine.drive(
              following: [run], forever: false, until: deadline, lookingAfterHeldEvery: .seconds(20))
          }
        } catch {
          await journal.close()
          throw error
        }
        await journal.close()
        if let reason = await engine.stuck[run] { throw CommandError(.failed, "run \(run) was stopped: \(reason)") }
      }
      if try await isOver() { return }
      try await Task.sleep(for: .milliseconds(200))
    }
  }

  private func isOver() async throws -> Bool {
    try await workshop.reader().run(run)?.finishedAt != nil
  }

  private func show() async throws -> ExitStatus {
    let archive = try workshop.archive()
    let terminal = Terminal(workshop.options)
    var screen = LiveScreen(terminal)
    let printer = EventPrinter(workshop.options, follows: run)
    var follower = try await RunFollower(run, in: archive)
    var entries = try await archive.entries(of: run.text)
    var said = 0
    while true {
      let promotion = follower.promotion
      for stored in entries where !terminal.isInteractive { printer.show(stored, promotion) }
      // The machine's own decisions, such as a pause by rule, are no entries of their own.
      for remark in promotion.remarks.dropFirst(said) where remark.by == "slipway" && !terminal.isInteractive {
        printer.emit(run, remark.at, "run.decided", remark.text)
      }
      said = promotion.remarks.count
      let now = SystemTime().now()
      if terminal.isInteractive { screen.draw(RunView(promotion, at: now, terminal).lines()) }
      if let outcome = promotion.outcome, promotion.isFinished {
        if !terminal.isInteractive, !workshop.options.isJSON {
          RunView(promotion, at: now, terminal).ending().forEach { print($0) }
        }
        if workshop.options.isJSON { try Terminal.json(RunStatus(promotion, at: now), readable: false) }
        return promotion.plan.operation == .rollback && outcome == .success ? .done : ExitStatus(outcome)
      }
      if let deadline, now >= deadline { return .waiting }
      try await Task.sleep(for: .milliseconds(terminal.isInteractive ? 200 : 100))
      entries = try await follower.update()
    }
  }
}

/// Ends a long command in order when it is interrupted or asked to stop.
enum Interruption {
  /// Runs `body` until it ends, or SIGINT or SIGTERM comes; then `body` is cancelled and its end awaited.
  static func stops(_ body: @escaping @Sendable () async throws -> Void) async throws {
    let task = Task { try await body() }
    let sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { task.cancel() }
      source.resume()
      return source
    }
    defer { sources.forEach { $0.cancel() } }
    try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }
}

/// Redraws a block of lines in place.
struct LiveScreen {
  private let terminal: Terminal
  private var height = 0

  init(_ terminal: Terminal) { self.terminal = terminal }

  mutating func draw(_ lines: [String]) {
    var text = height > 0 ? "\u{1B}[\(height)A" : ""
    for line in lines { text += "\u{1B}[2K" + line + "\n" }
    // What the last picture had more of is wiped.
    if lines.count < height {
      for _ in lines.count..<height { text += "\u{1B}[2K\n" }
      text += "\u{1B}[\(height - lines.count)A"
    }
    height = lines.count
    Terminal.write(text)
  }
}
