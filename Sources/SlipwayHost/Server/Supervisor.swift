internal import Glibc
internal import SlipwayModel

/// Tells one connection from another for as long as the host lives.
typealias Caller = Int

/// The processes of one host.
///
/// Lives on one thread. It never waits: ``tick()`` looks at what has happened and does what is due; ``wait`` says when to
/// look again. Every decision is on disk before it is carried out, and answers are given after both.
final class Supervisor {
  /// One slot as it is right now.
  struct Live {
    var record: SlotRecord?
    var phase = Phase.idle
    /// Who waits for the stop that is under way.
    var stopCallers: [Caller] = []
    /// What follows the stop that is under way.
    var next: (launch: Launch, callers: [Caller])?
  }

  enum Phase {
    case idle
    case running(SupervisedProcess, since: Int64)
    case stopping(SupervisedProcess, killAt: Int64, killed: Bool)
    case backoff(until: Int64)
  }

  let directory: HostDirectory
  let limits: HostLimits
  let clock: HostClock
  let store: SlotStore
  let boot = ProcessTable.boot()
  var slots: [Slot: Live] = [.a: Live(), .b: Live()]
  /// Answers that are due.
  var answers: [(caller: Caller, reply: HostReply)] = []
  /// Whoever asked for the end of the host and all it holds.
  var shutdownCallers: [Caller] = []
  /// Whether the host is to end once the answers are out.
  var isOver = false
  /// Whether what happened could not be written down yet.
  private var isUnsaved = false
  private var logsCheckedAt: Int64 = 0

  init(directory: HostDirectory, limits: HostLimits, clock: HostClock) {
    self.directory = directory
    self.limits = limits
    self.clock = clock
    store = SlotStore(path: directory.slotsPath)
  }

  // MARK: Memory

  /// Writes down `record` for `slot`; when that fails nothing has changed.
  func remember(_ record: SlotRecord, in slot: Slot) throws(HostError) {
    var records = slots.compactMapValues(\.record)
    records[slot] = record
    try store.save(records)
    slots[slot]?.record = record
    isUnsaved = false
  }

  /// Writes down what has already happened in the world; a full disk delays it but cannot undo it.
  func record(_ record: SlotRecord, in slot: Slot) {
    slots[slot]?.record = record
    do {
      try store.save(slots.compactMapValues(\.record))
      isUnsaved = false
    } catch {
      if !isUnsaved { say(error.message) }
      isUnsaved = true
    }
  }

  // MARK: Processes

  /// Starts what `record` says; the record is on disk already.
  func launch(_ record: SlotRecord, in slot: Slot) throws(HostError) {
    let pid = try record.launch.request(host: directory, slot: slot, start: record.starts + 1).spawn()
    let mark = ProcessMark(instance: record.launch.instance, slot: slot, host: directory)
    guard let process = SupervisedProcess(child: pid, mark: mark, boot: boot) else {
      kill(-pid, SIGKILL)
      waitpid(pid, nil, 0)
      throw HostError(.cannotStart, "/proc cannot be read, so process \(pid) could not be watched and was ended")
    }
    var record = record
    record.process = process.identity
    record.starts += 1
    record.startedAt = clock.wall()
    self.record(record, in: slot)
    slots[slot]?.phase = .running(process, since: clock.uptime())
    say("slot \(slot): process \(pid) of \(record.launch.instance) started")
  }

  /// Asks the process group to end; ``tick()`` sees to the rest.
  func terminate(_ process: SupervisedProcess, in slot: Slot, grace: Span) {
    process.signal(SIGTERM)
    slots[slot]?.phase = .stopping(process, killAt: clock.uptime() + grace.milliseconds, killed: false)
  }

  /// Counts an end nobody asked for and decides what comes next.
  func crashed(in slot: Slot, record: SlotRecord, exit: LastExit, age: Span) {
    var record = record
    record.process = nil
    record.lastExit = exit
    record.crashes += 1
    record.row = limits.restart.row(before: record.row, age: age)
    let delay = limits.restart.delay(after: record.row)
    var outlook = "restart in \(delay)"
    if let limit = record.launch.restartLimit, record.row > limit {
      record.goal = limit == 0 ? .exited : .gaveUp
      outlook = "no restart"
    }
    slots[slot]?.phase = record.goal == .running ? .backoff(until: clock.uptime() + delay.milliseconds) : .idle
    self.record(record, in: slot)
    let text = "\(record.launch.instance) ended unasked by \(exit.words), crash \(record.crashes); \(outlook)"
    say("slot \(slot): \(text)")
    ProcessLog(path: directory.logPath(slot: slot, instance: record.launch.instance)).note(text, at: clock.wall())
  }

  /// A line for the host's own log.
  func say(_ text: String) {
    try? WholeFile.write(Array("\(clock.wall()) \(text)\n".utf8)[...], to: 2)
  }

  /// Tries again to write down what could not be written; caps the logs.
  func keepHouse() {
    let now = clock.uptime()
    guard now - logsCheckedAt >= limits.logCheckEvery.milliseconds else { return }
    logsCheckedAt = now
    if isUnsaved, (try? store.save(slots.compactMapValues(\.record))) != nil { isUnsaved = false }
    for (slot, live) in slots {
      guard let instance = live.record?.launch.instance else { continue }
      if case .idle = live.phase { continue }
      ProcessLog(path: directory.logPath(slot: slot, instance: instance)).cap(at: limits.logBytes)
    }
  }

  var needsHousekeeping: Bool {
    isUnsaved || slots.values.contains { if case .idle = $0.phase { false } else { true } }
  }
}
