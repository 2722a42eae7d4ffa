internal import Foundation
package import SlipwayModel

/// What a slot should run.
///
/// Its text leaves the environment's values out: they may hold secrets.
package struct Launch: Codable, Sendable, Equatable {
  /// The program and its arguments; a name without a slash is looked up in `PATH` of `environment`.
  package var command: [String]
  /// The whole environment: nothing is inherited, so that a restart is the same start. `PATH` gets a standard value when
  /// missing; `SLIPWAY_INSTANCE`, `SLIPWAY_SLOT`, `SLIPWAY_START` and `SLIPWAY_HOST` are added.
  package var environment: [String: String]
  /// Where the program is started; a relative command is looked for from here.
  package var directory: String
  /// Unique for ever; the same instance is never started twice. Letters, digits, `.`, `_`, `-`.
  package var instance: String
  package var release: ReleaseID
  package var digest: Digest?
  /// How many crashes in a row are answered by a restart: nil for no limit, 0 for never.
  package var restartLimit: Int?

  package init(
    command: [String], environment: [String: String] = [:], directory: String, instance: String, release: ReleaseID,
    digest: Digest? = nil, restartLimit: Int? = nil
  ) {
    self.command = command
    self.environment = environment
    self.directory = directory
    self.instance = instance
    self.release = release
    self.digest = digest
    self.restartLimit = restartLimit
  }

  private enum CodingKeys: String, CodingKey {
    case command, environment, directory, instance, release, digest
    case restartLimit = "restart_limit"
  }
}

extension Launch: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "\(instance): \(command.joined(separator: " ")) in \(directory)" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(reflecting: description) }
}

extension Launch {
  /// The program's own variables and the marks by which a later host knows it again.
  func markedEnvironment(host: HostDirectory, slot: Slot, start: Int) -> [String: String] {
    var marked = environment
    marked["PATH"] = marked["PATH"] ?? SpawnRequest.standardPath
    let mark = ProcessMark(instance: instance, slot: slot, host: host)
    return marked.merging(mark.variables(start: start)) { _, own in own }
  }

  /// Refuses what could never run, before anything is written down.
  func check() throws(HostError) {
    let named = instance.utf8.allSatisfy { byte in
      (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || [45, 46, 95].contains(byte)
    }
    guard named, (1...128).contains(instance.utf8.count), !instance.hasPrefix(".") else {
      throw HostError(
        .badRequest, "instance '\(instance.prefix(140))' must be 1 to 128 letters, digits, '.', '_' or '-'")
    }
    guard let program = command.first, !program.isEmpty else {
      throw HostError(.badRequest, "instance '\(instance)' has no command")
    }
    let texts = command + [directory] + environment.flatMap { [$0.key, $0.value] }
    guard !texts.contains(where: { $0.utf8.contains(0) }) else {
      throw HostError(.badRequest, "instance '\(instance)' has a NUL character in its command or environment")
    }
    if let name = environment.keys.first(where: { $0.isEmpty || $0.contains("=") }) {
      throw HostError(.badRequest, "instance '\(instance)' has an environment variable with the name '\(name)'")
    }
    guard directory.hasPrefix("/") else {
      throw HostError(.badRequest, "instance '\(instance)' has the directory '\(directory)'; it must be absolute")
    }
    guard (restartLimit ?? 0) >= 0 else {
      throw HostError(.badRequest, "instance '\(instance)' has a negative restart limit")
    }
  }
}

extension Launch {
  /// Start number `start` of this launch, in `slot` of `host`.
  func request(host: HostDirectory, slot: Slot, start: Int) -> SpawnRequest {
    SpawnRequest(
      command: command, environment: markedEnvironment(host: host, slot: slot, start: start), directory: directory,
      log: host.logPath(slot: slot, instance: instance))
  }
}
