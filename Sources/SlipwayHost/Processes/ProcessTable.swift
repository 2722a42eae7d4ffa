internal import Glibc

/// One line of the kernel's process table.
struct ProcessEntry: Equatable {
  let pid: pid_t
  let state: Character
  let parent: pid_t
  let group: pid_t
  let session: pid_t
  /// CPU time used, in clock ticks.
  let cpuTicks: UInt64
  /// CPU time of children that were waited for, in clock ticks.
  let childTicks: UInt64
  let threads: Int
  /// When it was started, in clock ticks since the machine was.
  let startTicks: UInt64
  let residentPages: Int64
  /// How it ended, in the form of `waitpid`; means something only for the dead.
  let exitStatus: Int32

  /// Whether it still executes: a zombie, which `kill(pid, 0)` takes for alive, does not.
  var isExecuting: Bool { state != "Z" && state != "X" }

  /// Reads the text of `/proc/PID/stat`; nil when it is not one.
  init?(stat text: String) {
    // The name in parentheses may hold anything, parentheses and spaces included.
    guard let open = text.firstIndex(of: "("), let shut = text.lastIndex(of: ")"), open < shut,
      let pid = pid_t(text[..<open].dropLast())
    else { return nil }
    let fields = text[text.index(after: shut)...].split(whereSeparator: { $0 == " " || $0 == "\n" })
    // proc(5) counts from 1 and the state is field 3.
    func field<Number: LosslessStringConvertible>(_ number: Int) -> Number? {
      fields.count > number - 3 ? Number(String(fields[number - 3])) : nil
    }
    guard let state: Character = field(3), let parent: pid_t = field(4), let group: pid_t = field(5),
      let session: pid_t = field(6), let user: UInt64 = field(14), let system: UInt64 = field(15),
      let childUser: UInt64 = field(16), let childSystem: UInt64 = field(17), let threads: Int = field(20),
      let start: UInt64 = field(22), let pages: Int64 = field(24), let exit: Int32 = field(52)
    else { return nil }
    self.pid = pid
    self.state = state
    self.parent = parent
    self.group = group
    self.session = session
    cpuTicks = user &+ system
    childTicks = childUser &+ childSystem
    self.threads = threads
    startTicks = start
    residentPages = pages
    exitStatus = exit
  }
}

/// The kernel's process table, as far as supervision needs it.
enum ProcessTable {
  /// Names this boot of the machine; start times mean nothing across two boots.
  static func boot() -> String {
    let bytes = WholeFile.read("/proc/sys/kernel/random/boot_id", limit: 64) ?? []
    return String(decoding: bytes.filter { $0 > 32 }, as: UTF8.self)
  }

  static func entry(_ pid: pid_t) -> ProcessEntry? {
    WholeFile.read("/proc/\(pid)/stat", limit: 4_096).flatMap {
      ProcessEntry(stat: String(decoding: $0, as: UTF8.self))
    }
  }

  static func all() -> [ProcessEntry] {
    guard let folder = opendir("/proc") else { return [] }
    defer { closedir(folder) }
    var found: [ProcessEntry] = []
    while let item = readdir(folder) {
      let name = withUnsafePointer(to: &item.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if let pid = pid_t(name), let entry = entry(pid) { found.append(entry) }
    }
    return found
  }
}
