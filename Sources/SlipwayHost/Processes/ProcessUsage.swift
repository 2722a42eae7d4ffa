internal import Glibc

/// What a process and everything below it use at one instant.
package struct ProcessUsage: Sendable, Equatable {
  /// CPU time since each began, children that have ended included, in seconds.
  package var cpuSeconds: Double
  /// Resident memory; what two of them share counts twice.
  package var residentBytes: Int64
  package var threads: Int
  /// Open descriptors; nil where this user may not look.
  package var files: Int?

  /// Asks the kernel; nil when the process does not run.
  package static func of(_ root: Int32) -> ProcessUsage? {
    let all = ProcessTable.all()
    guard let first = all.first(where: { $0.pid == root }), first.isExecuting else { return nil }
    let children = Dictionary(grouping: all.filter { $0.pid != root }, by: \.parent)
    var usage = ProcessUsage(cpuSeconds: 0, residentBytes: 0, threads: 0, files: 0)
    var waiting = [first]
    var seen: Set<pid_t> = []
    while let entry = waiting.popLast() {
      guard seen.insert(entry.pid).inserted else { continue }
      usage.add(entry)
      waiting += children[entry.pid] ?? []
    }
    return usage
  }

  private mutating func add(_ entry: ProcessEntry) {
    cpuSeconds += Double(entry.cpuTicks &+ entry.childTicks) / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
    residentBytes += entry.residentPages * Int64(max(1, sysconf(Int32(_SC_PAGESIZE))))
    threads += entry.threads
    files = files.flatMap { sum in Self.files(of: entry.pid).map { sum + $0 } }
  }

  private static func files(of pid: pid_t) -> Int? {
    guard let folder = opendir("/proc/\(pid)/fd") else { return nil }
    defer { closedir(folder) }
    var count = 0
    while let item = readdir(folder) {
      // The two entries of every folder.
      if item.pointee.d_name.0 != 46 { count += 1 }
    }
    return count
  }
}
