internal import Foundation
package import SlipwayModel
internal import Subprocess
internal import Synchronization
internal import SystemPackage

/// How a command line ended.
package struct CommandOutput: Sendable, Equatable {
  /// The exit code; 128 and the signal's number when a signal ended it.
  package var code: Int32
  /// Standard output and error as they came, secrets removed; only the last part when there was more than ``CommandRunner/outputLimit``.
  package var text: String
  /// Whether earlier output was dropped.
  package var isCut: Bool

  /// The last lines, for a message.
  package var ending: String {
    let lines = text.split(separator: "\n").suffix(3).joined(separator: " / ")
    return lines.isEmpty ? "it printed nothing" : lines
  }
}

/// Runs command lines of the pipeline file with `sh -c`, each in a session of its own, bounded in time and output.
///
/// A non-zero exit code is a result, not an error. At the deadline, or when the task is cancelled, the whole process group is asked to end and then
/// killed, so that nothing a command started goes on writing after Slipway has turned around.
package struct CommandRunner: Sendable {
  /// Bytes of output that are kept.
  package static let outputLimit = 65_536
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
  ///   - timeout: when it is ended.
  /// - Returns: exit code and output, whatever the code.
  /// - Throws: ``ConnectorError``: `timedOut`, or `misconfigured` when it cannot be started or a secret is missing.
  package func run(
    _ line: String, variables: [String: String] = [:], references: [String: SecretText] = [:],
    directory: String? = nil, input: String = "", timeout: Span
  ) async throws(ConnectorError) -> CommandOutput {
    let (environment, hidden) = try environment(variables, references)
    let place = directory.map { $0.hasPrefix("/") ? $0 : folder + "/" + $0 } ?? folder
    guard FileManager.default.fileExists(atPath: place) else {
      throw ConnectorError(.misconfigured, "folder \(place) of command '\(line)' does not exist")
    }
    let outcome = await Self.race(timeout) {
      await Self.launch(line, environment: environment, directory: place, input: input)
    }
    switch outcome {
    case .success(var output):
      output.text = Self.redact(output.text, hidden)
      return output
    case .failure(let error): throw error
    case nil:
      throw ConnectorError(
        .timedOut, "command '\(line)' did not end within \(timeout) and was killed; raise its timeout or mend it")
    }
  }

  private func environment(
    _ variables: [String: String], _ references: [String: SecretText]
  ) throws(ConnectorError) -> ([String: String], [String]) {
    var environment = inherited.merging(variables) { $1 }
    var hidden: [String] = []
    for (name, text) in references.sorted(by: { $0.key < $1.key }) {
      let secret = try secrets.resolve(text)
      secret.reveal { environment[name] = $0 }
      if text.isSecret { secret.reveal { hidden.append($0) } }
    }
    return (environment, hidden)
  }

  private static func redact(_ text: String, _ hidden: [String]) -> String {
    hidden.filter { $0.count >= 4 }.reduce(text) { $0.replacing($1, with: "[REDACTED]") }
  }

  /// The result of `body`, or nil when `timeout` passed first; then `body` was cancelled and has ended.
  private static func race<Value: Sendable>(_ timeout: Span, _ body: @escaping @Sendable () async -> Value) async
    -> Value?
  {
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

  private static func launch(
    _ line: String, environment: [String: String], directory: String, input: String
  ) async -> Result<CommandOutput, ConnectorError> {
    var options = PlatformOptions()
    options.createSession = true
    options.teardownSequence = [.gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: grace)]
    var custom: [Subprocess.Environment.Key: String] = [:]
    for (name, value) in environment { custom[Subprocess.Environment.Key(stringLiteral: name)] = value }
    let tail = OutputTail(limit: outputLimit)
    do {
      let result = try await Subprocess.run(
        .path("/bin/sh"), arguments: ["-c", line], environment: .custom(custom),
        workingDirectory: FilePath(directory), platformOptions: options, input: .string(input), output: .sequence,
        error: .combinedWithOutput
      ) { execution in
        let group = execution.processIdentifier.value
        // What the shell started may hold its output open; only the end of the whole group ends the reading.
        try await withTaskCancellationHandler {
          for try await buffer in execution.standardOutput { buffer.withUnsafeBytes { tail.add($0) } }
        } onCancel: {
          kill(-group, SIGTERM)
        }
        if Task.isCancelled { kill(-group, SIGKILL) }
      }
      let (text, isCut) = tail.text
      switch result.terminationStatus {
      case .exited(let code): return .success(CommandOutput(code: code, text: text, isCut: isCut))
      case .signaled(let signal): return .success(CommandOutput(code: 128 + signal, text: text, isCut: isCut))
      }
    } catch {
      if Task.isCancelled { return .failure(ConnectorError(.timedOut, "command '\(line)' was cancelled")) }
      return .failure(ConnectorError(.misconfigured, "command '\(line)' could not be run: \(error)"))
    }
  }
}

/// The last bytes of an output of any length.
private final class OutputTail: Sendable {
  private let limit: Int
  private let bytes = Mutex<(kept: [UInt8], isCut: Bool)>(([], false))

  init(limit: Int) { self.limit = limit }

  func add(_ more: UnsafeRawBufferPointer) {
    bytes.withLock { state in
      state.kept.append(contentsOf: more)
      if state.kept.count > 2 * limit {
        state.kept.removeFirst(state.kept.count - limit)
        state.isCut = true
      }
    }
  }

  var text: (String, Bool) {
    bytes.withLock { state in
      let isCut = state.isCut || state.kept.count > limit
      return (String(decoding: state.kept.suffix(limit), as: UTF8.self), isCut)
    }
  }
}
