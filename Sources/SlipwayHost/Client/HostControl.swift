package import SlipwayModel

/// How a host is started when none answers.
package struct HostLauncher: Sendable {
  /// Program and arguments, such as `/usr/bin/slipway host --dir DIR`.
  package var command: [String]
  /// The whole environment of the host; its processes get none of it.
  package var environment: [String: String]

  package init(command: [String], environment: [String: String]) {
    self.command = command
    self.environment = environment
  }
}

/// Speaks to the host of one directory.
///
/// Every call opens a connection of its own, blocks no shared thread, and ends at its deadline. All calls may be repeated:
/// a start is known by its instance, a stop of what has stopped is done at once.
package struct HostControl: Sendable {
  package let directory: HostDirectory
  /// How long a call may take beyond the grace it grants.
  package let patience: Span

  package init(directory: String, patience: Span = .seconds(10)) {
    self.directory = HostDirectory(directory)
    self.patience = patience
  }

  /// What the host holds.
  package func status() async throws(HostError) -> HostStatus { try await perform(.status, within: patience) }

  /// Runs `launch` in `slot`; harmless when the same instance runs, or waits to be restarted, already.
  ///
  /// - Parameters:
  ///   - launch: What to run.
  ///   - slot: Where.
  ///   - replace: Whether another instance in the slot is stopped first instead of refused.
  ///   - grace: How long that one may take to end.
  /// - Returns: once the program is executing and written down.
  /// - Throws: ``HostError``: `conflict`, `cannotStart`, `badRequest`, `storage`, or that the host cannot be reached.
  package func start(
    _ launch: Launch, in slot: Slot, replace: Bool = false, grace: Span = .seconds(10)
  ) async throws(HostError) -> SlotStatus {
    let request = HostRequest.start(slot, launch, replace: replace, grace: grace)
    return try await perform(request, within: replace ? grace + patience : patience)[slot]
  }

  /// Stops what `slot` runs: its process group is asked, and killed when it still lives after `grace`.
  ///
  /// - Returns: when nothing of the group is left.
  package func stop(_ slot: Slot, grace: Span = .seconds(10)) async throws(HostError) -> SlotStatus {
    try await perform(.stop(slot, grace: grace), within: grace + patience)[slot]
  }

  /// Ends the host; its processes go on, to be adopted by the next, unless `stopProcesses` is set.
  ///
  /// - Returns: the last status, when the host is gone.
  @discardableResult
  package func shutdown(stopProcesses: Bool) async throws(HostError) -> HostStatus {
    let span = stopProcesses ? HostRequest.usualGrace + patience : patience
    return try await perform(.shutdown(stopProcesses: stopProcesses), within: span, untilEnd: true)
  }

  private func perform(
    _ request: HostRequest, within span: Span, untilEnd: Bool = false
  ) async throws(HostError) -> HostStatus {
    let directory = directory
    return try await BlockingThread.run { () throws(HostError) in
      try HostCall(directory, within: span).perform(request, untilEnd: untilEnd)
    }
  }
}
