internal import ArgumentParser
internal import Foundation
internal import SlipwayConnectors
internal import SlipwayEngine
internal import SlipwayEvidence
internal import SlipwayModel
internal import SlipwayPages

struct RequestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "request", abstract: "Shows the document that people decide from, as they were asked with it.",
    discussion: """
      It is made from the journal alone, so it is the same whenever and wherever it is asked for. --now shows it as it would be at this moment, with
      what people have said since. --publish puts it where the pipeline file says under 'requests'.
      """)

  @OptionGroup var options: CommonOptions
  @Argument(help: "The run; default: the newest.") var run = "latest"
  @Option(name: .long, help: "text, html or json.") var format: Format?
  @Option(name: .long, help: "Write it to this file instead of standard output.") var out: String?
  @Flag(name: .long, help: "Put it where the pipeline file says.") var publish = false
  @Flag(name: .long, help: "As it would be now, not as people were asked.") var now = false

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, html, json
  }

  func run() async throws {
    let workshop = try Workshop(options)
    let archive = try workshop.archive()
    let request = try await found(archive, try await archive.find(run))
    let redactor = SecretRedaction.redactor(for: try? workshop.pipeline(), root: options.root)
    let document = try RequestDocument(request, redactor)
    if publish { return try await put(document, workshop) }
    let form = format ?? (options.isJSON ? .json : .text)
    let data =
      switch form {
      case .json: document.json
      case .html: document.html
      case .text: redactor.redact(text: Data((RequestText(request).lines.joined(separator: "\n") + "\n").utf8))
      }
    guard let out else {
      if let reason = StandardStream.output.write(data) {
        throw CommandError(.failed, "cannot write to standard output: \(reason)")
      }
      return
    }
    do {
      try data.write(to: URL(filePath: out), options: .atomic)
    } catch {
      throw CommandError(.failed, "cannot write \(out): \(error.localizedDescription)")
    }
  }

  private func found(_ archive: RunArchive, _ run: RunID) async throws -> ApprovalRequest {
    let moment = SystemTime().now()
    // Before anybody was asked there is nothing to show but how it would be now.
    let asked = now ? nil : try await archive.requestAsAsked(of: run)
    let present = asked == nil ? try await archive.request(of: run, at: moment) : nil
    guard let request = asked ?? present else {
      throw CommandError(.usage, "run \(run) asks nobody: its plan has no approval")
    }
    return request
  }

  private struct Published: Encodable {
    var place: String
    var link: String?
    var problem: String?
  }

  private func put(_ document: RequestDocument, _ workshop: Workshop) async throws {
    // The file is read first, so that a mistake in it is named instead of finding no place in it.
    guard try workshop.pipeline().requests != nil else {
      throw CommandError(
        .configuration,
        "\(options.file) names no place for requests; add 'requests: {folder: …}' or 'requests: {s3: …}'")
    }
    var results: [Published] = []
    for shelf in try LiveCatalog(options, state: workshop.state).shelves() ?? [] {
      do throws(ConnectorError) {
        results.append(Published(place: shelf.place, link: try await shelf.put(document)))
      } catch {
        results.append(Published(place: shelf.place, problem: error.message))
      }
    }
    if options.isJSON { try Terminal.json(results) }
    for result in results {
      if let link = result.link, !options.isJSON { print("published: \(link)") }
      if let problem = result.problem { StandardStream.error.write("slipway: \(problem)\n") }
    }
    if results.contains(where: { $0.problem != nil }) { throw ExitCode(ExitStatus.unreachable.rawValue) }
  }
}
