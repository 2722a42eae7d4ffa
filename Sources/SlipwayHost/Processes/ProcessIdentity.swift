internal import Glibc

/// What tells one process from every other that ever had the same id.
package struct ProcessIdentity: Codable, Sendable, Equatable {
  package let pid: Int32
  /// Clock ticks between the start of the machine and that of the process.
  package let startTicks: UInt64
  /// Which start of the machine.
  package let boot: String

  private enum CodingKeys: String, CodingKey {
    case pid, boot
    case startTicks = "start_ticks"
  }

  init(_ entry: ProcessEntry, boot: String) {
    pid = entry.pid
    startTicks = entry.startTicks
    self.boot = boot
  }

  package init(pid: Int32, startTicks: UInt64, boot: String) {
    self.pid = pid
    self.startTicks = startTicks
    self.boot = boot
  }

  /// The table's line of this very process, alive or zombie; nil when it is gone or its id belongs to another now.
  var entry: ProcessEntry? {
    guard boot == ProcessTable.boot() else { return nil }
    return ProcessTable.entry(pid).flatMap { $0.startTicks == startTicks ? $0 : nil }
  }

  /// Whether this very process still executes and carries `mark`.
  func isExecuting(mark: ProcessMark) -> Bool {
    guard pid > 1, let entry, entry.isExecuting else { return false }
    return mark.isCarried(by: pid) && self.entry != nil
  }
}
