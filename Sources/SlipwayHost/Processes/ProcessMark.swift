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

  /// The variables that the instance's process number `start` is started with.
  func variables(start: Int) -> [String: String] {
    [
      "SLIPWAY_INSTANCE": instance, "SLIPWAY_SLOT": slot.rawValue, "SLIPWAY_HOST": host.root,
      "SLIPWAY_START": String(start),
    ]
  }

  /// Whether `pid` carries the mark of the instance; for a process whose start time is known to be the right one.
  func isCarried(by pid: pid_t) -> Bool {
    environment(of: pid)["SLIPWAY_INSTANCE"] == instance || writesToLog(pid)
  }

  /// The session leader started as number `start` or later, for when its id was never written down.
  ///
  /// What an earlier process left behind in a session of its own has a lower number; what this one did, began later.
  func findLeader(from start: Int) -> ProcessEntry? {
    ProcessTable.all()
      .filter { entry in
        guard entry.isExecuting, entry.session == entry.pid else { return false }
        let environment = environment(of: entry.pid)
        guard let number = environment["SLIPWAY_START"] else { return writesToLog(entry.pid) }
        return (Int(number) ?? 0) >= start
          && variables(start: 0).allSatisfy { name, value in
            name == "SLIPWAY_START" || environment[name] == value
          }
      }
      .min { $0.startTicks < $1.startTicks }
  }

  private func environment(of pid: pid_t) -> [String: String] {
    guard let bytes = WholeFile.read("/proc/\(pid)/environ", limit: 4 << 20) else { return [:] }
    let pairs = bytes.split(separator: 0).compactMap { bytes -> (String, String)? in
      let text = String(decoding: bytes, as: UTF8.self)
      guard text.hasPrefix("SLIPWAY_"), let equals = text.firstIndex(of: "=") else { return nil }
      return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }
    return Dictionary(pairs) { first, _ in first }
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
