internal import Glibc
internal import SlipwayModel

extension Supervisor {
  /// Looks at every slot and does what is due.
  func tick() {
    for slot in Slot.allCases {
      guard let live = slots[slot], let record = live.record else { continue }
      switch live.phase {
      case .idle: break
      case .running(let process, let since):
        if process.hasEnded { lost(process, in: slot, record: record, age: clock.uptime() - since) }
      case .stopping(let process, let killAt, let killed):
        press(process, in: slot, record: record, killAt: killAt, killed: killed)
      case .backoff(let until):
        if clock.uptime() >= until { restart(record, in: slot) }
      }
    }
    keepHouse()
    finishShutdown()
  }

  /// Milliseconds until ``tick()`` has something to do, were nothing to happen; -1 for never.
  var wait: Int32 {
    let now = clock.uptime()
    var due: [Int64] = needsHousekeeping ? [limits.logCheckEvery.milliseconds] : []
    for live in slots.values {
      switch live.phase {
      case .idle: break
      case .running(let process, _):
        if process.ending == nil { due.append(100) }
      case .stopping(let process, let killAt, let killed):
        // Once the leader is gone nothing tells when the last of its group goes.
        due.append(killed || process.ending == nil || process.hasEnded ? 20 : killAt - now)
      case .backoff(let until): due.append(until - now)
      }
    }
    return due.min().map { Int32(clamping: max(0, $0)) } ?? -1
  }

  /// Descriptors whose becoming readable means that a process has ended.
  var endings: [Int32] {
    slots.values.compactMap { live in
      switch live.phase {
      case .idle, .backoff: nil
      case .running(let process, _): process.ending?.raw
      // An ended leader would wake the host without end while its group is waited for.
      case .stopping(let process, _, _): process.hasEnded ? nil : process.ending?.raw
      }
    }
  }

  private func lost(_ process: SupervisedProcess, in slot: Slot, record: SlotRecord, age: Int64) {
    // What it left behind would hold its port and keep the next one from starting.
    process.signal(SIGKILL)
    let exit = LastExit(status: process.collect(), at: clock.wall(), asked: false)
    crashed(in: slot, record: record, exit: exit, age: .milliseconds(age))
  }

  private func press(_ process: SupervisedProcess, in slot: Slot, record: SlotRecord, killAt: Int64, killed: Bool) {
    if process.hasEnded, process.descendants.isEmpty {
      var record = record
      record.process = nil
      record.lastExit = LastExit(status: process.collect(), at: clock.wall(), asked: true)
      self.record(record, in: slot)
      slots[slot]?.phase = .idle
      say("slot \(slot): \(record.launch.instance) stopped")
      stopped(slot)
    } else if clock.uptime() >= killAt {
      if !killed { say("slot \(slot): \(record.launch.instance) did not end in time and is killed") }
      process.signal(SIGKILL)
      slots[slot]?.phase = .stopping(process, killAt: killAt, killed: true)
    }
  }

  private func restart(_ record: SlotRecord, in slot: Slot) {
    do {
      try launch(record, in: slot)
    } catch {
      let exit = LastExit(at: clock.wall(), asked: false, failure: error.message)
      crashed(in: slot, record: record, exit: exit, age: .zero)
    }
  }

  /// Tells those who waited for the end of the slot's process, and starts what was to follow.
  func stopped(_ slot: Slot) {
    let callers = slots[slot]?.stopCallers ?? []
    let next = slots[slot]?.next
    slots[slot]?.stopCallers = []
    slots[slot]?.next = nil
    for caller in callers { answers.append((caller, .done(status()))) }
    guard let next else { return }
    let reply =
      shutdownCallers.isEmpty
      ? begin(next.launch, in: slot) : .refused(HostError(.conflict, "the host is shutting down"))
    for caller in next.callers { answers.append((caller, reply)) }
  }

  private func finishShutdown() {
    guard !shutdownCallers.isEmpty, slots.values.allSatisfy({ if case .idle = $0.phase { true } else { false } }) else {
      return
    }
    for caller in shutdownCallers { answers.append((caller, .done(status()))) }
    shutdownCallers = []
    isOver = true
  }
}
