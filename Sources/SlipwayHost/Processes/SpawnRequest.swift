internal import CSlipwaySpawn
internal import Glibc

/// A process about to be started in a session and process group of its own, with nothing of ours but what is named here.
struct SpawnRequest {
  static let standardPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  var command: [String]
  var environment: [String: String]
  var directory: String
  /// Gets standard output and error, appended.
  var log: String

  /// Starts the process and returns its id once the program is executing.
  ///
  /// - Throws: ``HostError`` with `cannotStart` when the program, its directory or its log cannot be used; then no process exists.
  func spawn() throws(HostError) -> pid_t {
    let program = try executable()
    try openLog()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_APPEND | O_CREAT, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    // A lock or a socket of ours that lived on in the child would outlive us.
    posix_spawn_file_actions_addclosefrom_np(&actions, 3)
    posix_spawn_file_actions_addchdir_np(&actions, directory)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    Self.resetSignals(&attributes)

    let arguments = CStrings(command)
    let variables = CStrings(environment.map { "\($0.key)=\($0.value)" })
    var pid: pid_t = 0
    let result = posix_spawn(&pid, program, &actions, &attributes, arguments.pointers, variables.pointers)
    guard result == 0 else {
      throw HostError(
        .cannotStart, "'\(program)' cannot be executed: \(SystemFailure(result))", cause: SystemFailure(result))
    }
    return pid
  }

  private static func resetSignals(_ attributes: inout posix_spawnattr_t) {
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigdefault(&attributes, &all)
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    let flags = Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK) | SLIPWAY_SPAWN_SETSID
    posix_spawnattr_setflags(&attributes, Int16(flags))
  }

  /// The file that `command` names, checked.
  ///
  /// - Throws: ``HostError`` with `cannotStart` and the reason, so that a wrong command is told from a wrong directory.
  @discardableResult
  func executable() throws(HostError) -> String {
    guard let name = command.first, !name.isEmpty else { throw HostError(.cannotStart, "there is no command to start") }
    var info = stat()
    guard stat(directory, &info) == 0, info.st_mode & S_IFMT == S_IFDIR else {
      throw HostError(.cannotStart, "'\(name)' cannot be started in '\(directory)': there is no such folder")
    }
    let candidates: [String]
    if name.hasPrefix("/") {
      candidates = [name]
    } else if name.contains("/") {
      candidates = [directory + "/" + name]
    } else {
      let path = environment["PATH"] ?? Self.standardPath
      candidates = path.split(separator: ":").map { $0.hasPrefix("/") ? "\($0)/\(name)" : "\(directory)/\($0)/\(name)" }
    }
    let files = candidates.filter { stat($0, &info) == 0 && info.st_mode & S_IFMT == S_IFREG }
    guard let first = files.first else {
      let place = name.contains("/") ? "there is no such file" : "it is in no folder of PATH"
      throw HostError(.cannotStart, "'\(name)' cannot be started: \(place)")
    }
    guard let found = files.first(where: { access($0, X_OK) == 0 }) else {
      throw HostError(.cannotStart, "'\(first)' cannot be started: it is not executable; `chmod +x` may help")
    }
    return found
  }

  /// Fails here, with a name, rather than in the child, where the reason would read like a missing program.
  private func openLog() throws(HostError) {
    guard Descriptor(open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)) != nil else {
      throw HostError(.storage, "the log '\(log)' cannot be opened: \(SystemFailure())")
    }
  }
}

/// A NULL-terminated array of C strings, freed with its owner.
private final class CStrings {
  let pointers: [UnsafeMutablePointer<CChar>?]
  init(_ texts: [String]) { pointers = texts.map { strdup($0) } + [nil] }
  deinit { for pointer in pointers { free(pointer) } }
}
