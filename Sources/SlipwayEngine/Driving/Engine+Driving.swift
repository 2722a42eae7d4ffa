internal import SlipwayJournal
package import SlipwayModel

extension Engine {
  /// How long ends of runs are gathered before the loop looks again: a look costs as much as there are runs at work.
  private static var pulse: Span { .milliseconds(25) }
  private static var most: Int { 256 }

  /// Drives what is due.
  ///
  /// - Parameters:
  ///   - followed: runs whose end is waited for; empty with `forever` false: returns when nothing is due.
  ///   - forever: goes on until the task is cancelled.
  ///   - deadline: when to stop waiting for the followed runs; nil for never.
  ///   - pause: how often what serves is asked whether it is there, which starts it again where it is not; nil for never.
  ///   - heldPause: how often the environments that held runs come from are looked at; nil for never.
  /// - Throws: the journal's error when it failed; what was begun is found by the next driver.
  package func drive(
    following followed: Set<RunID>, forever: Bool, until deadline: Timestamp?, keepingUpEvery pause: Span? = nil,
    lookingAfterHeldEvery heldPause: Span? = nil
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      defer {
        group.cancelAll()
        for task in proving.values { task.cancel() }
      }
      await takeIn()
      try await openAftercare()
      group.addTask { await self.listen() }
      if let requests = await listenForRequests() {
        group.addTask { await self.house.herald.work(requests) { await self.wake() } }
      }
      if let pause { group.addTask { await self.keepUp(every: pause) } }
      if let heldPause { group.addTask { await self.lookAfterHeld(every: heldPause) } }
      while !Task.isCancelled {
        // The journal may have failed under a person's word, which no run that is driven would notice.
        if let failure = failure ?? house.journal.failure { throw failure }
        hasNews = false
        let now = house.time.now()
        // After the clock was set back every wake-up lies too far ahead: then all that wait for a time are looked at once.
        let isSetBack = now < lastSeen && !Mutant.ignoreClockSetBack.isActive
        let horizon = isSetBack ? Timestamp(milliseconds: .max) : now
        lastSeen = now
        if isSetBack { try await hastenAftercare() }
        for run in nudged.union(try await due(at: horizon).map(\.run)) where mayStart(run) {
          active.insert(run)
          nudged.remove(run)
          group.addTask { await self.drive(run) }
        }
        for task in try await dueTasks(at: now) {
          removing.insert(task.id)
          group.addTask { await self.carryOutBeside(task) }
        }
        if !forever {
          if followed.isEmpty, active.isEmpty, removing.isEmpty, await house.herald.isIdle,
            try await house.journal.reader.due(at: house.time.now()).allSatisfy({ stuck[$0.run] != nil })
          {
            return
          }
          if !followed.isEmpty, try await areOver(followed) { return }
          if let deadline, now >= deadline { return }
        }
        try await rest(until: try await nextLook(deadline))
      }
    }
  }

  /// The runs whose time has come, beside those at work and those left alone.
  private func due(at horizon: Timestamp) async throws -> [RunRow] {
    try await house.journal.reader.due(at: horizon, limit: Self.most + active.count + stuck.count)
  }

  /// When the loop has to look again, were nothing to happen; nil for never.
  private func nextLook(_ deadline: Timestamp?) async throws -> Timestamp? {
    var times = [deadline].compactMap { $0 }
    if active.count < Self.most {
      let waiting = try await house.journal.reader.due(
        at: Timestamp(milliseconds: .max), limit: active.count + stuck.count + 1)
      times += waiting.first { !active.contains($0.run) && stuck[$0.run] == nil }.flatMap(\.wakeAt).map { [$0] } ?? []
    }
    for task in try await house.journal.reader.openTasks(limit: removing.count + removeAgain.count + 1)
    where !removing.contains(task.id) {
      times.append(max(task.executeAt, removeAgain[task.id] ?? task.executeAt))
    }
    return times.min()
  }

  /// Waits until `time`, or until a run or the desk has news.
  private func rest(until time: Timestamp?) async throws {
    let timer = Task { [house] in
      try await house.time.wait(until: time)
      wake()
    }
    await untilNews()
    timer.cancel()
    // Whoever was woken by the clock goes on at once; ends of runs come in swarms and are taken together.
    if let time, house.time.now() >= time { return }
    if failure == nil { try? await house.time.sleep(for: Self.pulse) }
  }

  private func untilNews() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        sleeper?.resume()
        sleeper = nil
        if hasNews || Task.isCancelled { continuation.resume() } else { sleeper = continuation }
      }
    } onCancel: {
      Task { await self.wake() }
    }
  }

  func wake() {
    hasNews = true
    sleeper?.resume()
    sleeper = nil
  }

  private func listen() async {
    while !Task.isCancelled {
      await desk.untilHandedIn()
      await takeIn()
    }
  }

  private func mayStart(_ run: RunID) -> Bool {
    !active.contains(run) && stuck[run] == nil && active.count < Self.most
  }

  private func areOver(_ runs: Set<RunID>) async throws -> Bool {
    for run in runs {
      if stuck[run] != nil { continue }
      if active.contains(run) { return false }
      guard let row = try await house.journal.reader.run(run) else { continue }
      if row.finishedAt == nil { return false }
    }
    return true
  }

  private func drive(_ run: RunID) async {
    defer {
      active.remove(run)
      wake()
    }
    do {
      let driver = try await driver(of: run)
      try await driver.drive()
      // What serves since this moment may want to be looked after.
      try await openAftercare()
      // A waiting run costs its row and nothing else.
      if await driver.isIdle { drivers[run] = nil }
    } catch let error as JournalError where error.code == .cancelled {
      // Whoever drives has enough; the run lies where it was.
    } catch let error as JournalError {
      failure = failure ?? error
    } catch {
      stuck[run] = "\(error)"
      drivers[run] = nil
      house.progress(run, "run", "stopped: \(error)")
    }
  }

  private func takeIn() async {
    for submission in desk.waiting() where proving[submission.id] == nil {
      if Task.isCancelled { return }
      guard submission.needsOutsideProof else {
        desk.answer(submission.id, await submit(submission))
        continue
      }
      // Whoever has to be asked who this is may take long; the next in the line, who may want to go back, does not wait for it.
      proving[submission.id] = Task {
        desk.answer(submission.id, await submit(submission))
        proving[submission.id] = nil
      }
    }
  }
}
