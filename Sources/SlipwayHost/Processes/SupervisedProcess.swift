internal import CSlipwaySpawn
internal import Glibc

/// A living process of a slot, our own child or one that an earlier host started.
struct SupervisedProcess {
  let identity: ProcessIdentity
  /// Only a child's end can be collected; only a child's id stays reserved until then.
  let isChild: Bool
  let mark: ProcessMark
  /// Becomes readable when the process ends; nil on kernels without it, where the table is asked.
  let ending: Descriptor?

  /// The process `pid`, which we have just started.
  init?(child pid: pid_t, mark: ProcessMark, boot: String) {
    guard let entry = ProcessTable.entry(pid) else { return nil }
    self.init(ProcessIdentity(entry, boot: boot), isChild: true, mark: mark)
  }

  /// Takes over a process of an earlier host; nil unless id, start time and mark are all those written down.
  init?(adopting identity: ProcessIdentity, mark: ProcessMark) {
    guard identity.isExecuting(mark: mark) else { return nil }
    self.init(identity, isChild: false, mark: mark)
    // The id may have passed to another process before the descriptor was opened.
    guard identity.isExecuting(mark: mark) else { return nil }
  }

  private init(_ identity: ProcessIdentity, isChild: Bool, mark: ProcessMark) {
    self.identity = identity
    self.isChild = isChild
    self.mark = mark
    ending = Descriptor(pidfd_open(identity.pid, 0))
  }

  /// Whether the process, all its threads included, has ended.
  var hasEnded: Bool {
    guard let ending else { return !(identity.entry?.isExecuting ?? false) }
    var poll = pollfd(fd: ending.raw, events: Int16(POLLIN), revents: 0)
    return Glibc.poll(&poll, 1, 0) == 1 && poll.revents & Int16(POLLIN) != 0
  }

  /// Sends `signal` to the process group; a group that is gone or not provably ours gets nothing.
  func signal(_ signal: Int32) {
    // A child is not collected before its group is dealt with, so its id, and with it the group's, is still ours.
    if isChild || !hasEnded {
      kill(-identity.pid, signal)
    } else {
      for member in descendants { kill(member.pid, signal) }
    }
  }

  /// What still executes in the process group, the leader not counted.
  var descendants: [ProcessEntry] {
    ProcessTable.all().filter { entry in
      entry.group == identity.pid && entry.pid != identity.pid && entry.isExecuting
        && (isChild || mark.isCarried(by: entry.pid))
    }
  }

  /// Ends the bookkeeping of a process that has ended: how it did, as `waitpid` says it; nil when nobody can tell any more.
  func collect() -> Int32? {
    // Of another's child only the zombie tells, for as long as its parent leaves it there.
    guard isChild else { return identity.entry.flatMap { $0.isExecuting ? nil : $0.exitStatus } }
    var status: Int32 = 0
    while true {
      let collected = waitpid(identity.pid, &status, 0)
      if collected == identity.pid { return status }
      guard collected < 0, errno == EINTR else { return nil }
    }
  }
}
