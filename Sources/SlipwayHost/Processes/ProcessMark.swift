internal import Glibc
internal import SlipwayModel

/// What a host leaves on every process it starts, by which a later one knows it again.
///
/// The environment says so, but a program may replace its own (`env -i`, a server that shows its state as its title); its
/// output, which goes to a log that belongs to one instance in one slot of one host, says the same.
struct ProcessMark {
  let instance: String
  let slot: Slot
  let host: HostDirectory

  /// The variables that a process is started with.
  var variables: [String: String] {
    ["SLIPWAY_INSTANCE": instance, "SLIPWAY_SLOT": slot.rawValue, "SLIPWAY_HOST": host.root]
  }

  /// Whether `pid` carries the mark of the instance; for a process whose start time is known to be the right one.
  func isCarried(by pid: pid_t) -> Bool {
    environment(of: pid, has: ["SLIPWAY_INSTANCE": instance]) || writesToLog(pid)
  }

  /// The session leader that carries the whole mark, for when its id was never written down.
  ///
  /// A descendant that made a session of its own carries the same mark but began later.
  func findLeader() -> ProcessEntry? {
    ProcessTable.all()
      .filter { $0.isExecuting && $0.session == $0.pid }
      .filter { environment(of: $0.pid, has: variables) || writesToLog($0.pid) }
      .min { $0.startTicks < $1.startTicks }
  }

  private func environment(of pid: pid_t, has variables: [String: String]) -> Bool {
    guard let bytes = WholeFile.read("/proc/\(pid)/environ", limit: 4 << 20) else { return false }
    let entries = Set(bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) })
    return variables.allSatisfy { entries.contains("\($0.key)=\($0.value)") }
  }

  private func writesToLog(_ pid: pid_t) -> Bool {
    var log = stat()
    guard stat(host.logPath(slot: slot, instance: instance), &log) == 0 else { return false }
    return [1, 2].contains { number in
      var output = stat()
      return stat("/proc/\(pid)/fd/\(number)", &output) == 0 && output.st_ino == log.st_ino
        && output.st_dev == log.st_dev
    }
  }
}
