internal import Foundation
internal import Subprocess
internal import SystemPackage

/// One run of a command line, from its start to the end of its process group.
struct CommandLaunch: Sendable {
  let line: String
  let environment: [String: String]
  let directory: String
  let input: String
  let isAnswer: Bool
  let redaction: Redaction
  let outputLimit: Int
  let grace: Duration

  /// Runs the command; when the task is cancelled, nothing of its process group is left at the return.
  func run() async -> Result<CommandOutput, ConnectorError> {
    let tail = OutputTail(limit: outputLimit, redaction: redaction)
    let answer = OutputTail(limit: outputLimit, redaction: redaction)
    do {
      let status = try await (isAnswer ? runApart(tail, answer) : runTogether(tail))
      let (text, isCut) = tail.text
      let said = isAnswer ? answer.text.text : text
      let code: Int32 =
        switch status {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        }
      return .success(CommandOutput(code: code, text: text, answer: said, isCut: isCut))
    } catch {
      if Task.isCancelled { return .failure(ConnectorError(.timedOut, "command '\(line)' was cancelled")) }
      let reason = redaction.clean("\(error)")
      return .failure(ConnectorError(.misconfigured, "command '\(line)' could not be run: \(reason)"))
    }
  }

  private func runTogether(_ tail: OutputTail) async throws -> TerminationStatus {
    let stdin = try standardInput()
    return try await Subprocess.run(
      configuration, input: .fileDescriptor(stdin, closeAfterSpawningProcess: true), output: .sequence,
      error: .combinedWithOutput
    ) { execution in
      try await following(execution.processIdentifier.value) {
        try await Self.drain(execution.standardOutput, into: [tail])
      }
    }.terminationStatus
  }

  private func runApart(_ tail: OutputTail, _ answer: OutputTail) async throws -> TerminationStatus {
    let stdin = try standardInput()
    return try await Subprocess.run(
      configuration, input: .fileDescriptor(stdin, closeAfterSpawningProcess: true), output: .sequence,
      error: .sequence
    ) { execution in
      try await following(execution.processIdentifier.value) {
        async let errors: Void = Self.drain(execution.standardError, into: [tail])
        try await Self.drain(execution.standardOutput, into: [tail, answer])
        try await errors
      }
    }.terminationStatus
  }

  private var configuration: Configuration {
    var options = PlatformOptions()
    options.createSession = true
    options.teardownSequence = [.gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: grace)]
    var variables: [Subprocess.Environment.Key: String] = [:]
    for (name, value) in environment { variables[Subprocess.Environment.Key(stringLiteral: name)] = value }
    return Configuration(
      executable: .path("/bin/sh"), arguments: ["-c", line], environment: .custom(variables),
      workingDirectory: FilePath(directory), platformOptions: options)
  }

  /// What the command reads: a file without a name, because writing to a pipe whose reader has gone raises SIGPIPE, which would end Slipway.
  private func standardInput() throws -> FileDescriptor {
    if input.isEmpty { return try FileDescriptor.open("/dev/null", .readOnly) }
    let path = FilePath(FileManager.default.temporaryDirectory.path + "/slipway-input-" + UUID().uuidString)
    let file = try FileDescriptor.open(
      path, .readWrite, options: [.create, .exclusiveCreate, .closeOnExec], permissions: .ownerReadWrite)
    unlink(path.string)
    do {
      try file.writeAll(input.utf8)
      try file.seek(offset: 0, from: .start)
      return file
    } catch {
      try? file.close()
      throw error
    }
  }

  private static func drain(_ output: SubprocessOutputSequence, into tails: [OutputTail]) async throws {
    for try await buffer in output {
      buffer.withUnsafeBytes { bytes in tails.forEach { $0.add(bytes) } }
    }
  }

  /// Reads with `body`; on cancellation ends the whole group, with time to tidy up.
  ///
  /// Runs while the leader is not yet reaped, so that `group` still means this command and nobody else.
  private func following(_ group: pid_t, _ body: () async throws -> Void) async throws {
    try await withTaskCancellationHandler {
      try await body()
    } onCancel: {
      kill(-group, SIGTERM)
    }
    guard Task.isCancelled else { return }
    let grace = grace
    // The time to tidy up has to pass although this task is cancelled; the new one is waited for.
    await Task {
      let end = ContinuousClock.now + grace
      while Self.lives(group), ContinuousClock.now < end { try? await Task.sleep(for: .milliseconds(20)) }
    }.value
    kill(-group, SIGKILL)
  }

  /// Whether any process of the group still runs; one that has ended and waits to be reaped does not.
  private static func lives(_ group: pid_t) -> Bool {
    guard kill(-group, 0) == 0 else { return false }
    let leader = processState(group)
    if leader.map({ $0 != "Z" && $0 != "X" }) ?? false { return true }
    // The leader has ended; signal 0 cannot tell it from a live member, so the members are looked at.
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.contains { name in
      guard let id = pid_t(name), id != group, getpgid(id) == group, let state = processState(id) else { return false }
      return state != "Z" && state != "X"
    }
  }

  private static func processState(_ id: pid_t) -> Character? {
    guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
      let end = text.lastIndex(of: ")")
    else { return nil }
    return text[text.index(after: end)...].first { $0 != " " }
  }
}
