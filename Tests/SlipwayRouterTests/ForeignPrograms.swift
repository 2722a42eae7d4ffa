import Foundation
import Glibc

/// Starts a program with its output in a file.
///
/// Not Foundation's `Process`: its `run()` reads past the end of a directory entry while it lists /proc/self/fd, which crashed about
/// one test run in thirty (Swift 6.3.1, SIGSEGV in `findMaximumOpenFromProcSelfFD`).
private func spawn(_ arguments: [String], output: String) throws -> pid_t {
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
  posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
  posix_spawn_file_actions_adddup2(&actions, 1, 2)
  var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
  words.append(nil)
  defer { for word in words { free(word) } }
  var pid = pid_t()
  guard posix_spawnp(&pid, arguments[0], &actions, nil, words, environ) == 0 else { throw Incomplete() }
  return pid
}

/// Runs a program to its end and gives what it printed.
func run(_ arguments: String..., output: String) async throws -> (isSuccess: Bool, output: String) {
  try await run(arguments, output: output)
}

/// Runs a program to its end and gives what it printed.
func run(_ arguments: [String], output: String) async throws -> (isSuccess: Bool, output: String) {
  let pid = try spawn(arguments, output: output)
  var status: Int32 = -1
  let hasEnded = await eventually { waitpid(pid, &status, WNOHANG) == pid }
  guard hasEnded else {
    kill(pid, SIGKILL)
    waitpid(pid, &status, 0)
    throw Incomplete()
  }
  return (status == 0, try String(contentsOfFile: output, encoding: .utf8))
}

/// A program that runs beside a test and ends with it.
struct ForeignProcess: Sendable {
  private let pid: pid_t

  init(_ arguments: [String], log: String) throws { pid = try spawn(arguments, output: log) }

  var id: Int32 { pid }

  func stop() {
    var status: Int32 = 0
    kill(pid, SIGKILL)
    waitpid(pid, &status, 0)
  }
}

/// `python3 -m http.server` on a free port.
struct ForeignServer: Sendable {
  let address: String
  private let pid: pid_t

  init(folder: String, log: String) async throws {
    pid = try spawn(
      ["python3", "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", folder], output: log)
    // "Serving HTTP on 127.0.0.1 port 40123 (http://..."
    var line = ""
    let isUp = await eventually {
      line = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
      return line.contains("(")
    }
    let port = line.prefix { $0 != "(" }.split(separator: " ").last.flatMap { Int($0) }
    guard isUp, let port else {
      Self.end(pid)
      throw Incomplete()
    }
    address = "127.0.0.1:\(port)"
  }

  func stop() { Self.end(pid) }

  private static func end(_ pid: pid_t) {
    var status: Int32 = 0
    kill(pid, SIGKILL)
    waitpid(pid, &status, 0)
  }
}
