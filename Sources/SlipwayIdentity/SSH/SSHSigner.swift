internal import Foundation
package import SlipwayModel
internal import Subprocess
internal import Synchronization
internal import SystemPackage

/// Signs decisions with a person's own key, by their own `ssh-keygen`.
///
/// It shares the terminal, so that a passphrase can be asked for and a hardware token touched.
package struct SSHSigner: Sendable {
  private static let largestOutput = 65_536

  static let missing = IdentityError(
    .misconfigured,
    "ssh-keygen is not there or cannot be run; install OpenSSH's client (openssh-client) and look at PATH")

  private let environment: [String: String]
  private let timeout: Span

  /// - Parameters:
  ///   - environment: the person's own variables; SSH_AUTH_SOCK leads to the agent.
  ///   - timeout: how long the person may take.
  package init(environment: [String: String], timeout: Span = .minutes(3)) {
    self.environment = environment
    self.timeout = timeout
  }

  /// Signs what `statement` says.
  ///
  /// - Parameters:
  ///   - statement: what the person decides.
  ///   - key: the file of a private key, or of a public key whose private part an agent or a hardware token holds.
  ///   - notice: gets what `ssh-keygen` has to say meanwhile, such as the request to touch a token.
  /// - Returns: the armored signature, which ``IdentityProver`` and `ssh-keygen -Y verify` accept.
  /// - Throws: ``IdentityError``: `notSigned`, `timedOut`, `misconfigured`.
  package func sign(
    _ statement: DecisionStatement, key: String, notice: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws(IdentityError) -> String {
    guard FileManager.default.isReadableFile(atPath: key) else {
      throw IdentityError(
        .notSigned, "the key \(key.shown) is not there or cannot be read; name the file of your SSH key")
    }
    return try await PrivateFolder.with { (folder) async throws(IdentityError) -> String in
      // A file and not a pipe, because ssh-keygen asks for a passphrase only where its standard input is the terminal.
      let file = folder.appending(path: "statement")
      try PrivateFolder.write(statement.text, to: file)
      let arguments = ["-Y", "sign", "-n", DecisionStatement.namespace, "-f", key, file.path]
      let (status, said) = try await run(arguments, notice)
      guard status == .exited(0), let data = FileManager.default.contents(atPath: file.path + ".sig") else {
        let why = said.split(whereSeparator: \.isNewline).suffix(3).joined(separator: " / ")
        throw IdentityError(
          .notSigned,
          "ssh-keygen did not sign with \(key.shown): \(why.isEmpty ? "it printed nothing" : why.shown(300)); try it by hand: "
            + "ssh-keygen -Y sign -n \(DecisionStatement.namespace) -f \(key.shown) FILE")
      }
      return try SSHSignature(String(decoding: data, as: UTF8.self)).armored
    }
  }

  private func run(
    _ arguments: [String], _ notice: @escaping @Sendable (String) -> Void
  ) async throws(IdentityError) -> (TerminationStatus, String) {
    let configuration = configuration(arguments)
    let timeout = timeout
    let result = await withTaskGroup(of: Result<(TerminationStatus, String), IdentityError>.self) { group in
      group.addTask {
        do { return .success(try await Self.follow(configuration, notice)) } catch { return .failure(Self.missing) }
      }
      group.addTask {
        try? await Task.sleep(for: timeout.duration)
        return .failure(IdentityError(.timedOut, "nothing was signed within \(timeout); try again"))
      }
      let first = await group.next() ?? .failure(Self.missing)
      group.cancelAll()
      return first
    }
    return try result.get()
  }

  private func configuration(_ arguments: [String]) -> Configuration {
    var options = PlatformOptions()
    options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(1))]
    var variables: [Subprocess.Environment.Key: String] = [:]
    for (name, value) in environment { variables[Subprocess.Environment.Key(stringLiteral: name)] = value }
    variables["LC_ALL"] = "C"
    return Configuration(
      executable: .name("ssh-keygen"), arguments: Arguments(arguments), environment: .custom(variables),
      platformOptions: options)
  }

  private static func follow(
    _ configuration: Configuration, _ notice: @Sendable (String) -> Void
  ) async throws -> (TerminationStatus, String) {
    let said = Mutex("")
    let outcome = try await Subprocess.run(
      configuration, input: .fileDescriptor(.standardInput, closeAfterSpawningProcess: false), output: .sequence,
      error: .combinedWithOutput
    ) { execution in
      for try await buffer in execution.standardOutput {
        let text = buffer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        notice(text)
        said.withLock { if $0.utf8.count < largestOutput { $0 += text } }
      }
    }
    return (outcome.terminationStatus, said.withLock { $0 })
  }
}
