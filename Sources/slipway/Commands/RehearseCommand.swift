internal import ArgumentParser
internal import Foundation
internal import SlipwayAnalysis
internal import SlipwayEngine
internal import SlipwayModel

struct RehearseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rehearse",
    abstract: "Judges past promotions by changed rules: which would have been stopped sooner, which wrongly.",
    discussion: """
      What was counted in the watches of past runs is judged by the watch of the pipeline file, or of the one named by --with. The counts of a run end \
      where the run did: of one that was stopped nobody knows what would have come later, and other traffic would have been counted had it gone on.
      """)

  @OptionGroup var options: CommonOptions
  @Option(name: .long, help: "How far back, such as 90d.") var since = "90d"
  @Option(name: .long, help: "The pipeline file with the changed rules; default: the pipeline file.") var with: String?

  private struct View: Encodable {
    var since: Timestamp
    var runs: [Rehearsal.Line]
    var counts: [String: Int]
  }

  func run() async throws {
    guard let span = Span(since), span > .zero else {
      throw CommandError(.usage, "'\(since)' is no time; expected such as 90d or 12h")
    }
    let begin = SystemTime().now() - span
    let file = with ?? options.file
    let pipeline = try PipelineLoading.load(URL(filePath: file).absoluteURL, shown: file)
    let runs = try await Workshop(options).archive().recordedPromotions(since: begin)
    let rehearsal = Rehearsal(runs) { pipeline.promotion(to: $0)?.watch }
    let counts = Dictionary(
      uniqueKeysWithValues: Rehearsal.Finding.allCases.map { ($0.rawValue, rehearsal.counts[$0] ?? 0) })
    if options.isJSON { return try Terminal.json(View(since: begin, runs: rehearsal.lines, counts: counts)) }
    guard !rehearsal.lines.isEmpty else { return print("no promotion was begun since \(begin)") }
    show(rehearsal, file)
  }

  private func show(_ rehearsal: Rehearsal, _ file: String) {
    let paint = Terminal(options).paint
    var table = Table(["run", "release", "to", "then", "now", "finding", "why"])
    for line in rehearsal.lines {
      table.add([
        line.run.text, line.release.text, line.environment.text, line.then, line.now?.rawValue ?? "-",
        colour(line.finding, paint) + change(line), line.reason,
      ])
    }
    table.lines().forEach { print($0) }
    let words = Rehearsal.Finding.allCases.compactMap { finding in
      rehearsal.counts[finding].map { "\($0) \(finding.rawValue)" }
    }
    print("\(rehearsal.lines.count) promotions by the rules of \(file): \(words.joined(separator: ", "))")
    if rehearsal.lines.contains(where: { $0.finding == .missed || $0.stoppedAt != nil }) {
      print(
        "of a run that was stopped nothing was counted after the stop; what is called missed could have been seen later"
      )
    }
  }

  private func change(_ line: Rehearsal.Line) -> String {
    guard let difference = line.difference, line.finding != .same else { return "" }
    return " by \(Span(milliseconds: Int64(difference.magnitude * 1_000)))"
  }

  private func colour(_ finding: Rehearsal.Finding, _ paint: Paint) -> String {
    switch finding {
    case .same, .notReplayed: paint.dim(finding.rawValue)
    case .earlier, .caught: paint.green(finding.rawValue)
    case .later, .asked, .falsePause: paint.yellow(finding.rawValue)
    case .missed, .falseStop: paint.red(finding.rawValue)
    }
  }
}
