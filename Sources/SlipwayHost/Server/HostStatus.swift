package import SlipwayModel

/// What a host holds.
package struct HostStatus: Codable, Sendable, Equatable {
  /// The host's own process id.
  package var pid: Int32
  package var slots: [SlotStatus]

  /// The line of `slot`; a slot that was never used is empty and stopped.
  package subscript(slot: Slot) -> SlotStatus {
    slots.first { $0.slot == slot } ?? SlotStatus(slot: slot, state: .stopped)
  }
}

/// What one slot of a host holds.
package struct SlotStatus: Codable, Sendable, Equatable {
  /// What is going on in a slot.
  package enum State: String, Codable, Sendable {
    /// To run, and about to be started.
    case starting
    case running
    /// Crashed; waits before it is started again.
    case backoff
    /// Asked to stop and not gone yet.
    case stopping
    /// Empty, or stopped because somebody asked.
    case stopped
    /// Ended by itself, and its launch allows no restart.
    case exited
    /// Crashed as often in a row as its launch allows.
    case gaveUp = "gave-up"
  }

  package var slot: Slot
  package var state: State
  package var instance: String?
  package var release: ReleaseID?
  package var digest: Digest?
  package var pid: Int32?
  /// When the running process was started.
  package var startedAt: Timestamp?
  /// Ends nobody asked for since the instance was first started, whatever the exit code; only ever rises.
  package var crashes = 0
  package var lastExit: LastExit?
  package var log: String?
  package var rssBytes: Int64?
  package var cpuSeconds: Double?

  package init(slot: Slot, state: State) {
    self.slot = slot
    self.state = state
  }

  private enum CodingKeys: String, CodingKey {
    case slot, state, instance, release, digest, pid, crashes, log
    case startedAt = "started_at"
    case lastExit = "last_exit"
    case rssBytes = "rss_bytes"
    case cpuSeconds = "cpu_seconds"
  }
}

/// How a process of a slot ended last.
package struct LastExit: Codable, Sendable, Equatable {
  /// Nil when a signal ended it, or when nobody could see how it ended.
  package var code: Int32?
  package var signal: Int32?
  package var at: Timestamp
  /// Whether somebody had asked for it.
  package var asked: Bool
  /// Why it could not be started at all.
  package var failure: String?

  package init(code: Int32? = nil, signal: Int32? = nil, at: Timestamp, asked: Bool, failure: String? = nil) {
    self.code = code
    self.signal = signal
    self.at = at
    self.asked = asked
    self.failure = failure
  }

  /// Reads the form of `waitpid`; nil is an end that nobody saw.
  init(status: Int32?, at time: Timestamp, asked: Bool) {
    self.init(at: time, asked: asked)
    switch status.map(DetachedProcess.Ending.init(status:)) {
    case .exited(let code)?: self.code = code
    case .killed(let signal)?: self.signal = signal
    case nil: break
    }
  }

  /// `exit code 3`, `signal 9` and the like.
  var words: String {
    if let failure { return failure }
    if let code { return "exit code \(code)" }
    return signal.map { "signal \($0)" } ?? "an end that nobody saw"
  }
}
