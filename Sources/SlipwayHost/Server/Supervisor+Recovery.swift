internal import SlipwayModel

extension Supervisor {
  /// Takes over what an earlier host left: living processes go on, dead ones that should live are counted and restarted.
  ///
  /// - Throws: ``HostError`` with `corruptState` when the file cannot be trusted.
  func recover() throws(HostError) {
    for (slot, record) in try store.load().sorted(by: { $0.key < $1.key }) {
      slots[slot]?.record = record
      if let process = survivor(of: record, in: slot) {
        adopt(process, in: slot, record: record)
      } else if let lost = record.process {
        bury(lost, in: slot, record: record)
      } else if record.goal == .running {
        slots[slot]?.phase = .backoff(until: clock.uptime() + limits.restart.delay(after: record.row).milliseconds)
      }
    }
  }

  private func survivor(of record: SlotRecord, in slot: Slot) -> SupervisedProcess? {
    let mark = ProcessMark(instance: record.launch.instance, slot: slot, host: directory)
    if let process = record.process.flatMap({ SupervisedProcess(adopting: $0, mark: mark) }) { return process }
    // The host may have died between starting a process and writing its id down.
    guard let leader = mark.findLeader(from: record.starts + 1) else { return nil }
    return SupervisedProcess(adopting: ProcessIdentity(leader, boot: boot), mark: mark)
  }

  private func adopt(_ process: SupervisedProcess, in slot: Slot, record: SlotRecord) {
    say("slot \(slot): process \(process.identity.pid) of \(record.launch.instance) goes on and is watched again")
    var record = record
    if record.process != process.identity {
      record.process = process.identity
      record.starts += 1
      record.startedAt = clock.wall()
      self.record(record, in: slot)
    }
    if record.goal == .running {
      slots[slot]?.phase = .running(process, since: clock.uptime())
    } else {
      terminate(process, in: slot, grace: record.grace)
    }
  }

  private func bury(_ lost: ProcessIdentity, in slot: Slot, record: SlotRecord) {
    guard record.goal == .running, lost.boot == boot else {
      // Asked to stop, or gone with the whole machine: the release is not to blame.
      var record = record
      record.process = nil
      record.lastExit = LastExit(status: nil, at: clock.wall(), asked: record.goal != .running)
      self.record(record, in: slot)
      if record.goal == .running { slots[slot]?.phase = .backoff(until: clock.uptime()) }
      return
    }
    crashed(in: slot, record: record, exit: LastExit(status: nil, at: clock.wall(), asked: false), age: .zero)
  }
}
