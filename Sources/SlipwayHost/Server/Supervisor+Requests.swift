internal import Glibc
internal import SlipwayModel

extension Supervisor {
  /// Carries `request` out; its answer appears in ``answers``, perhaps only after later ticks.
  func handle(_ request: HostRequest, from caller: Caller) {
    do throws(HostError) {
      switch request {
      case .status: answers.append((caller, .done(status())))
      case .start(let slot, let launch, let replace, let grace):
        try start(launch, in: slot, replace: replace, grace: grace, caller: caller)
      case .stop(let slot, let grace): try stop(slot, grace: grace, caller: caller)
      case .shutdown(let stopProcesses): try shutdown(stopProcesses: stopProcesses, caller: caller)
      }
    } catch {
      answers.append((caller, .refused(error)))
    }
  }

  private func start(
    _ launch: Launch, in slot: Slot, replace: Bool, grace: Span, caller: Caller
  ) throws(HostError) {
    guard shutdownCallers.isEmpty else { throw HostError(.conflict, "the host is shutting down") }
    try launch.check()
    guard let live = slots[slot] else { return }
    let held = live.record?.launch.instance
    switch live.phase {
    case .idle:
      answers.append((caller, begin(launch, in: slot)))
    case .running, .backoff:
      if held == launch.instance { return answers.append((caller, .done(status()))) }
      guard replace else {
        throw HostError(
          .conflict, "slot \(slot) runs instance '\(held ?? "")'; stop it first, or ask for it to be replaced")
      }
      try launch.request(host: directory, slot: slot, start: 0).executable()
      slots[slot]?.next = (launch, [caller])
      do throws(HostError) {
        try beginStop(slot, grace: grace)
      } catch {
        slots[slot]?.next = nil
        throw error
      }
    case .stopping:
      if let next = live.next, next.launch.instance != launch.instance {
        throw HostError(.conflict, "slot \(slot) is about to start instance '\(next.launch.instance)'")
      }
      slots[slot]?.next = (launch, (live.next?.callers ?? []) + [caller])
    }
  }

  /// Starts `launch` in a slot where nothing runs.
  func begin(_ launch: Launch, in slot: Slot) -> HostReply {
    do throws(HostError) {
      // Most failures show here, before anything is written down.
      try launch.request(host: directory, slot: slot, start: 0).executable()
      var record = SlotRecord(launch: launch)
      if let old = slots[slot]?.record, old.launch.instance == launch.instance {
        record.crashes = old.crashes
        record.starts = old.starts
        record.lastExit = old.lastExit
      }
      try remember(record, in: slot)
      do throws(HostError) {
        try self.launch(record, in: slot)
      } catch {
        record.goal = .stopped
        record.lastExit = LastExit(at: clock.wall(), asked: false, failure: error.message)
        self.record(record, in: slot)
        throw error
      }
      return .done(status())
    } catch {
      return .refused(error)
    }
  }

  private func stop(_ slot: Slot, grace: Span, caller: Caller) throws(HostError) {
    if let next = slots[slot]?.next {
      slots[slot]?.next = nil
      let overtaken = HostError(
        .conflict, "slot \(slot) was asked to stop before '\(next.launch.instance)' was started")
      for waiting in next.callers { answers.append((waiting, .refused(overtaken))) }
    }
    slots[slot]?.stopCallers.append(caller)
    do throws(HostError) {
      try beginStop(slot, grace: grace)
    } catch {
      slots[slot]?.stopCallers.removeAll { $0 == caller }
      throw error
    }
  }

  /// Brings the slot on its way to stopped; ``stopped(_:)`` runs when it is there.
  private func beginStop(_ slot: Slot, grace: Span) throws(HostError) {
    guard let live = slots[slot] else { return }
    guard var record = live.record else { return stopped(slot) }
    record.goal = .stopped
    record.grace = grace
    switch live.phase {
    case .idle:
      if live.record?.goal != .stopped { try remember(record, in: slot) }
      stopped(slot)
    case .backoff:
      try remember(record, in: slot)
      slots[slot]?.phase = .idle
      stopped(slot)
    case .running(let process, _):
      try remember(record, in: slot)
      terminate(process, in: slot, grace: grace)
    case .stopping(let process, let killAt, let killed):
      // A second, less patient request shortens the wait; none lengthens it.
      let sooner = min(killAt, clock.uptime() + grace.milliseconds)
      slots[slot]?.phase = .stopping(process, killAt: sooner, killed: killed)
    }
  }

  private func shutdown(stopProcesses: Bool, caller: Caller) throws(HostError) {
    if stopProcesses {
      for slot in Slot.allCases { try beginStop(slot, grace: HostRequest.usualGrace) }
      shutdownCallers.append(caller)
    } else {
      answers.append((caller, .done(status())))
      isOver = true
    }
  }

  // MARK: Status

  /// What every slot that was ever used holds now.
  func status() -> HostStatus {
    HostStatus(
      pid: getpid(),
      slots: Slot.allCases.compactMap { slot in
        slots[slot].flatMap { live in live.record.map { status(of: live, record: $0, slot: slot) } }
      })
  }

  private func status(of live: Live, record: SlotRecord, slot: Slot) -> SlotStatus {
    var status = SlotStatus(slot: slot, state: state(of: live.phase, goal: record.goal))
    status.instance = record.launch.instance
    status.release = record.launch.release
    status.digest = record.launch.digest
    status.crashes = record.crashes
    status.lastExit = record.lastExit
    status.log = directory.logPath(slot: slot, instance: record.launch.instance)
    switch live.phase {
    case .idle, .backoff: break
    case .running(let process, _), .stopping(let process, _, _):
      status.pid = process.identity.pid
      status.startedAt = record.startedAt
      if let entry = process.identity.entry {
        status.rssBytes = entry.residentPages * Int64(sysconf(Int32(_SC_PAGESIZE)))
        status.cpuSeconds = Double(entry.cpuTicks) / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
      }
    }
    return status
  }

  private func state(of phase: Phase, goal: SlotRecord.Goal) -> SlotStatus.State {
    switch (phase, goal) {
    case (.running, _): .running
    case (.stopping, _): .stopping
    case (.backoff, _): .backoff
    case (.idle, .running): .starting
    case (.idle, .stopped): .stopped
    case (.idle, .exited): .exited
    case (.idle, .gaveUp): .gaveUp
    }
  }
}
