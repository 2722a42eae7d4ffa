internal import Foundation
package import SlipwayModel
internal import Subprocess
internal import SystemPackage

/// Runs command lines of the pipeline file with `sh -c`, each in a session of its own, bounded in time and output.
///
/// A non-zero exit code is a result, not an error. At the deadline, or when the task is cancelled, the whole process group is asked to end and then
/// killed, so that nothing a command started goes on writing after Slipway has turned around. A command that ends by itself may leave something
/// running behind it; its output is then no longer waited for.
package struct CommandRunner: Sendable {
  /// Bytes of output that are kept.
  package static let outputLimit = 65_536
  /// How long a process group may take to end after SIGTERM.
  private static let grace = Duration.seconds(2)

  private let folder: String
  private let inherited: [String: String]
  private let secrets: SecretSource

  /// - Parameters:
  ///   - folder: the pipeline file's folder, where commands run unless they name another.
  ///   - inherited: the variables that every command gets, such as PATH and HOME.
  ///   - secrets: resolves references in a command's own variables.
  package init(folder: String, inherited: [String: String], secrets: SecretSource) {
    self.folder = folder
    self.inherited = inherited
    self.secrets = secrets
  }

  /// Runs `line`.
  ///
  /// - Parameters:
  ///   - line: what `sh -c` gets.
  ///   - variables: set beside the inherited ones.
  ///   - references: variables whose values may refer to secrets.
  ///   - directory: relative to the pipeline file's folder; nil is that folder.
  ///   - input: the command's standard input.
  ///   - isAnswer: whether standard output is wanted alone, because it is read by a rule and not by a person.
  ///   - timeout: when it is ended.
  /// - Returns: exit code and output, whatever the code.
  /// - Throws: ``ConnectorError``: `timedOut`, or `misconfigured` when it cannot be started or a secret is missing.
  package func run(
    _ line: String, variables: [String: String] = [:], references: [String: SecretText] = [:],
    directory: String? = nil, input: String = "", isAnswer: Bool = false, timeout: Span
  ) async throws(ConnectorError) -> CommandOutput {
    let (environment, redaction) = try environment(variables, references)
    let place = directory.map { $0.hasPrefix("/") ? $0 : folder + "/" + $0 } ?? folder
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: place, isDirectory: &isFolder), isFolder.boolValue else {
      throw ConnectorError(.misconfigured, "folder \(place) of command '\(line)' does not exist")
    }
    let launch = CommandLaunch(
      line: line, environment: environment, directory: place, input: input, isAnswer: isAnswer, redaction: redaction,
      outputLimit: Self.outputLimit, grace: Self.grace)
    switch await Self.race(timeout, launch.run) {
    case .success(let output): return output
    case .failure(let error): throw error
    case nil where Task.isCancelled:
      throw ConnectorError(.timedOut, "command '\(line)' was cancelled and ended")
    case nil:
      throw ConnectorError(
        .timedOut, "command '\(line)' did not end within \(timeout) and was killed; raise its timeout or mend it")
    }
  }

  private func environment(
    _ variables: [String: String], _ references: [String: SecretText]
  ) throws(ConnectorError) -> ([String: String], Redaction) {
    var environment = inherited.merging(variables) { $1 }
    var hidden: [String] = []
    for (name, text) in references.sorted(by: { $0.key < $1.key }) {
      let secret = try secrets.resolve(text)
      secret.reveal { environment[name] = $0 }
      guard text.isSecret else { continue }
      secret.reveal { hidden.append($0) }
      // Of `https://user:${env:TOKEN}@host` the token alone must not be printed either.
      for part in text.parts {
        switch part {
        case .literal: continue
        case .environment(let name): try secrets.resolve(SecretText("${env:\(name)}")).reveal { hidden.append($0) }
        case .file(let path): try secrets.resolve(SecretText("${file:\(path)}")).reveal { hidden.append($0) }
        }
      }
    }
    return (environment, Redaction(hidden))
  }

  /// The result of `body`, or nil when `timeout` passed first; then `body` was cancelled and has ended.
  private static func race<Value: Sendable>(
    _ timeout: Span, _ body: @escaping @Sendable () async -> Value
  ) async -> Value? {
    await withTaskGroup(of: Value?.self) { group in
      group.addTask { await body() }
      group.addTask {
        try? await Task.sleep(for: timeout.duration)
        return nil
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first
    }
  }
}
