internal import ArgumentParser
internal import Foundation
internal import SlipwayConnectors
internal import SlipwayEngine
internal import SlipwayModel
internal import SlipwayPipelineFile

struct InitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Writes a pipeline file whose comments teach.")

  @OptionGroup var options: CommonOptions
  @Option(name: .long, help: "Start from an example: \(PipelineTemplate.names.joined(separator: ", ")).")
  var example: String?
  @Flag(name: .long, help: "Overwrite a file that is there.") var force = false

  func run() async throws {
    guard let text = PipelineTemplate.text(example: example) else {
      throw CommandError(
        .usage, "there is no example '\(example ?? "")'; there are: \(PipelineTemplate.names.joined(separator: ", "))")
    }
    if FileManager.default.fileExists(atPath: options.fileURL.path), !force {
      throw CommandError(
        .usage, "\(options.file) is there already; nothing was changed. Name another with --file, or use --force")
    }
    try FileManager.default.createDirectory(at: options.root, withIntermediateDirectories: true)
    try Data((text.contains("\nguardrails:") ? text : text + Self.guardrails).utf8).write(
      to: options.fileURL, options: .atomic)
    try writeGuardrails(text)
    let schema = options.root.appending(path: "slipway.schema.json")
    try PipelineSchema.json().write(to: schema, options: .atomic)
    if options.isJSON {
      return try Terminal.json([
        "file": options.file, "schema": "slipway.schema.json", "guardrails": Self.guardrailFile,
      ])
    }
    print(
      "wrote \(options.file) and \(Self.guardrailFile), and slipway.schema.json for your editor\nnext: edit it, then run: slipway check"
    )
  }

  private static let guardrailFile = "guardrails.yaml"
  private static let guardrails = """

    # Rules that stand above this file; 'slipway check' refuses what contradicts them.
    guardrails: \(guardrailFile)

    """

  /// The registry; one that is there already is its owner's.
  private func writeGuardrails(_ text: String) throws {
    let file = options.root.appending(path: Self.guardrailFile)
    guard !FileManager.default.fileExists(atPath: file.path) else { return }
    let pipeline = try? PipelineFile.read(Data(text.utf8), path: options.file).get().pipeline
    let opened = pipeline?.promotions.map(\.exceptions) ?? []
    let words: [(ExceptionWord, Bool)] = [
      (.emergency, opened.contains { $0.emergency != nil }), (.freeze, opened.contains { $0.freeze != nil }),
      (.hotfix, opened.contains { $0.hotfix != nil }),
    ]
    let registry = GuardrailFile.template(exceptions: words.filter(\.1).map(\.0))
    try Data(registry.utf8).write(to: file, options: .atomic)
  }
}

struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Reports every mistake in the pipeline file, with its place.")

  @OptionGroup var options: CommonOptions
  @Flag(name: .long, help: "Print the JSON Schema of the pipeline file instead.") var schema = false

  func run() async throws {
    if schema { return Terminal.write(String(decoding: try PipelineSchema.json(), as: UTF8.self) + "\n") }
    switch PipelineFile.read(contentsOf: options.fileURL.path, shownAs: options.file) {
    case .success(let document):
      let pipeline = document.pipeline
      try Self.refuse(
        AcceptanceFile.book(of: pipeline, folder: options.root.path).problems + calendarProblems(pipeline), options)
      if options.isJSON { return try Terminal.json(Answer(valid: true, problems: [])) }
      let ways = pipeline.promotions.map { "\($0.from.map { "\($0) → " } ?? "")\($0.to)" }.joined(separator: ", ")
      print("\(options.file): good. project \(pipeline.project), promotions: \(ways)")
    case .failure(let problems):
      try Self.refuse(problems.description.split(separator: "\n").map(String.init), options)
    }
  }

  /// What keeps the calendar files from being understood, which would block every promotion they concern.
  private func calendarProblems(_ pipeline: Pipeline) -> [String] {
    CalendarFiles(root: options.root).read(pipeline.calendars).flatMap { calendar -> [String] in
      guard case .failure(let problems) = calendar.content else { return [] }
      return problems.all.map { "\(calendar.spec.file): \($0)" }
    }
  }

  private static func refuse(_ problems: [String], _ options: CommonOptions) throws {
    guard !problems.isEmpty else { return }
    if options.isJSON {
      try Terminal.json(Answer(valid: false, problems: problems))
    } else {
      StandardStream.error.write(Data((problems.joined(separator: "\n") + "\n").utf8))
    }
    throw ExitCode(ExitStatus.badInput.rawValue)
  }

  private struct Answer: Encodable {
    var valid: Bool
    var problems: [String]
  }
}

struct CompletionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "completion", abstract: "Prints a completion script for bash, zsh or fish.")

  @Argument(help: "bash, zsh or fish.") var shell: String

  func run() async throws {
    guard let shell = CompletionShell(rawValue: shell) else {
      throw CommandError(.usage, "there is no completion for '\(self.shell)'; there is for bash, zsh and fish")
    }
    print(Slipway.completionScript(for: shell))
  }
}
