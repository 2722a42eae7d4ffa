internal import ArgumentParser
internal import Foundation
internal import SlipwayEngine
internal import SlipwayModel

/// How a command prints.
enum OutputForm: String, ExpressibleByArgument, CaseIterable {
  case text, json
}

/// What every command understands.
struct CommonOptions: ParsableArguments {
  @Option(name: .long, help: "The pipeline file.")
  var file = "slipway.yaml"

  @Option(name: .long, help: "The state folder; default: .slipway beside the pipeline file, or SLIPWAY_STATE.")
  var state: String?

  @Option(name: .long, help: "text or json; json prints one document, streams one per line.")
  var output: OutputForm = .text

  @Flag(name: .long, help: "No colours.")
  var noColor = false

  @Option(
    name: .customLong("as"),
    help: "Act under this name; proves nothing, and counts only where the pipeline file accepts claimed names.")
  var actAs: String?

  var isJSON: Bool { output == .json }

  var fileURL: URL { URL(filePath: file).absoluteURL }

  /// The folder that relative paths of the pipeline file start from.
  var root: URL { fileURL.deletingLastPathComponent() }

  var stateFolder: StateFolder {
    get throws {
      let named = state ?? ProcessInfo.processInfo.environment["SLIPWAY_STATE"]
      if let named, named.hasPrefix("postgresql://") || named.hasPrefix("postgres://") {
        throw CommandError(.configuration, "state on PostgreSQL is not built yet; name a folder")
      }
      let url = named.map { URL(filePath: $0, directoryHint: .isDirectory) } ?? root.appending(path: ".slipway")
      return StateFolder(url.absoluteURL.standardizedFileURL)
    }
  }

  /// Who acts: the operating-system user, or the name given with `--as`.
  var person: Person { Person(actAs ?? Self.localUser) }

  /// What proves the person, where nothing more is handed in: the user of the operating system, or nothing at all.
  var credential: Credential { actAs == nil || actAs == Self.localUser ? .local : .claimed }

  static var localUser: String {
    let name = NSUserName()
    return name.isEmpty ? "uid-\(getuid())" : name
  }
}

/// The exit codes of the interface, chosen here and nowhere else.
enum ExitStatus: Int32 {
  case done = 0
  case failed = 1
  case blocked = 2
  case rolledBack = 3
  case waiting = 4
  case usage = 64
  case badInput = 65
  case unreachable = 69
  case notPermitted = 77
  case configuration = 78

  init(_ outcome: Outcome) {
    self =
      switch outcome {
      case .success: .done
      case .failed, .aborted: .failed
      case .blocked, .rejected: .blocked
      case .rolledBack: .rolledBack
      }
  }

  init(_ code: EngineError.Code?) {
    self =
      switch code {
      case .notPermitted: .notPermitted
      case .badInput: .badInput
      case .unreachable: .unreachable
      case .refused: .blocked
      case .notFound: .usage
      case .broken, nil: .failed
      }
  }
}

/// An error that ends a command with a message and an exit code.
struct CommandError: Error, CustomStringConvertible {
  let status: ExitStatus
  let message: String

  init(_ status: ExitStatus, _ message: String) {
    self.status = status
    self.message = message
  }

  var description: String { message }
}
