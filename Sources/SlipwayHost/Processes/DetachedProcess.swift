internal import Foundation
internal import Glibc
internal import Synchronization

/// A process in a session of its own that outlives whoever started it.
///
/// While the starter lives it collects the process's end, so that no zombie stays; afterwards init does.
package final class DetachedProcess: Sendable {
  package let pid: Int32
  private let ending = Mutex<Ending?>(nil)

  /// How a process ended.
  package enum Ending: Sendable, Equatable {
    case exited(code: Int32)
    case killed(signal: Int32)

    /// Reads the form of `waitpid`.
    init(status: Int32) {
      let signal = status & 0x7f
      self = signal == 0 ? .exited(code: (status >> 8) & 0xff) : .killed(signal: signal)
    }
  }

  private init(pid: Int32) { self.pid = pid }

  /// How the process ended; nil while it runs.
  package var ended: Ending? { ending.withLock { $0 } }

  /// Starts `command` with exactly `environment`, input from nowhere, output and errors appended to `log`.
  ///
  /// - Returns: when the program is executing.
  /// - Throws: ``HostError`` with `cannotStart` or `storage`; then nothing was started.
  package static func spawn(
    _ command: [String], environment: [String: String], log: String, directory: String
  ) throws(HostError) -> DetachedProcess {
    let request = SpawnRequest(command: command, environment: environment, directory: directory, log: log)
    let process = DetachedProcess(pid: try request.spawn())
    let reaper = Thread { process.awaitEnd() }
    reaper.stackSize = 128 << 10
    reaper.name = "slipway-reaper"
    reaper.start()
    return process
  }

  private func awaitEnd() {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 {
      guard errno == EINTR else { return }
    }
    let end = Ending(status: status)
    ending.withLock { $0 = end }
  }
}
