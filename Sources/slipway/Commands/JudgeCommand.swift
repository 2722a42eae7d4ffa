internal import ArgumentParser
internal import Foundation
internal import SlipwayAnalysis
internal import SlipwayEngine
internal import SlipwayModel
internal import SlipwayPages

struct JudgeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "judge", abstract: "Judges recorded counts, look by look: those of a file, or of a run.",
    discussion: """
      The file is CSV (time,slot,requests,errors and more) or one JSON object a line; docs/recordings.md has the format.
      Exit codes: 0 healthy to the end, 2 paused or no verdict, 3 would roll back, 65 bad input file.
      """)

  @OptionGroup var options: CommonOptions
  @Argument(help: "The recorded counts.") var recording: String?
  @Option(name: .customLong("run"), help: "Instead of a file: a run of the state.") var recordedRun: String?
  @Option(name: .long, help: "Judge by the watch of the promotion to this environment.") var to: String?
  @Option(name: .long, help: "How counts are meant where the file does not say: cumulative or per-interval.")
  var counts: String?
  @Option(name: .long, help: "Draw it into this SVG file.") var picture: String?
  @Option(name: .long, help: "Write the recording into this file, one JSON object a line.") var record: String?
  @Flag(name: .long, help: "Show every look, and look on after the decision.") var all = false

  private struct LookView: Encodable {
    var at: Timestamp
    var weight: Int
    var judgement: WatchJudgement
  }

  private struct DecisionView: Encodable {
    var decision: WatchReplay.Decision
    var decidedAt: Timestamp?
    var reason: String
    var looks: Int
  }

  func run() async throws {
    let (recorded, own, gauges) = try await recorded()
    let spec = try spec(own, recorded)
    if let record { try write(RecordingWriter.lines(recorded), to: record) }
    let replay = WatchReplay(recorded, by: spec, gauges: gauges, goesOn: all)
    try show(replay, recorded)
    if let picture {
      let whole = all ? replay : WatchReplay(recorded, by: spec, gauges: gauges, goesOn: true)
      let title =
        recordedRun.map { "run \($0)" } ?? recording.map { URL(filePath: $0).lastPathComponent } ?? "recording"
      try write(Data(ReplayPicture.make(recorded, whole, spec, title: title).svg.utf8), to: picture)
    }
    throw ExitCode(replay.decision.status.rawValue)
  }

  /// The counts, with the rules and the gauges of the run they are of.
  private func recorded() async throws -> (WatchRecording, WatchSpec?, [GaugeSpec]) {
    switch (recording, recordedRun) {
    case (let file?, nil):
      let meant = counts.flatMap { RecordingCounts(rawValue: $0) }
      if let counts, meant == nil {
        throw CommandError(.usage, "--counts is cumulative or per-interval, not '\(counts)'")
      }
      guard let data = FileManager.default.contents(atPath: URL(filePath: file).path) else {
        throw CommandError(.badInput, "\(file) cannot be read; is there such a file?")
      }
      do {
        return (try RecordingReader.read(data, counts: meant), nil, [])
      } catch {
        throw CommandError(.badInput, "\(file): \(error)")
      }
    case (nil, let run?):
      let archive = try Workshop(options).archive()
      let found = try await archive.recorded(try await archive.find(run))
      guard !found.recording.samples.isEmpty else {
        throw CommandError(.badInput, "nothing was counted in the watches of run \(found.run)")
      }
      return (found.recording, found.plan.watch, found.plan.environment.gauges)
    default: throw CommandError(.usage, "judge takes one file of recorded counts, or --run RUN")
    }
  }

  private func spec(_ own: WatchSpec?, _ recorded: WatchRecording) throws -> WatchSpec {
    guard let to else { return own ?? .standard(for: recorded) }
    let pipeline = try PipelineLoading.load(options.fileURL, shown: options.file)
    guard let promotion = pipeline.promotion(to: EnvironmentName(to)) else {
      let known = pipeline.promotions.map(\.to.text).joined(separator: ", ")
      throw CommandError(.usage, "no promotion in \(options.file) goes to '\(to)'; known: \(known)")
    }
    return promotion.watch
  }

  private func show(_ replay: WatchReplay, _ recorded: WatchRecording) throws {
    let paint = Terminal(options).paint
    let start = recorded.startedAt ?? Timestamp(milliseconds: 0)
    var before: (verdict: WatchVerdict, stretch: Int)?
    for look in replay.looks {
      let judgement = look.judgement
      if options.isJSON {
        try Terminal.json(LookView(at: look.at, weight: look.percent, judgement: judgement), readable: false)
      } else if all || before?.verdict != judgement.verdict || before?.stretch != look.stretch {
        let verdict = judgement.verdict.rawValue
        let column = verdict + String(repeating: " ", count: max(0, 12 - verdict.count))
        print(
          "+\(look.at - start)  \(look.percent) %  \(paint.status(verdict))\(column.dropFirst(verdict.count))\(judgement.reason)"
        )
      }
      before = (judgement.verdict, look.stretch)
    }
    if options.isJSON {
      return try Terminal.json(
        DecisionView(
          decision: replay.decision, decidedAt: replay.decidedAt, reason: replay.reason, looks: replay.looks.count),
        readable: false)
    }
    let after = replay.decidedAt.map { " after \($0 - start)" } ?? ""
    print("\(replay.decision.words)\(after): \(replay.reason)")
  }

  private func write(_ data: Data, to path: String) throws {
    do {
      try data.write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw CommandError(.failed, "\(path) cannot be written: \(error.localizedDescription)")
    }
  }
}

extension WatchSpec {
  /// What a recording is judged by when nobody says: more than a point worse or more than 5 % of errors goes back, and a tail twice as slow.
  fileprivate static func standard(for recording: WatchRecording) -> WatchSpec {
    var rules = [WatchRule(.errorRate, [WatchLimit(.rollBack, .above, 0.05)])]
    if recording.blue != nil {
      rules.append(WatchRule(.errorRateIncrease, [WatchLimit(.rollBack, .above, 0.01)]))
      let hasLatency = recording.samples.allSatisfy { sample in sample.slots.values.allSatisfy { $0.latency != nil } }
      if hasLatency { rules.append(WatchRule(.p99Increase, [WatchLimit(.rollBack, .above, 1)])) }
    }
    return WatchSpec(rules: rules)
  }
}
