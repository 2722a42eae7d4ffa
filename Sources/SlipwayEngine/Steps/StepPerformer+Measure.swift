internal import SlipwayAnalysis
internal import SlipwayConnectors
internal import SlipwayModel

extension StepPerformer {
  /// One look at the counters and what it means together with the earlier ones.
  ///
  /// - Parameters:
  ///   - index: the watch.
  ///   - history: the run so far.
  ///   - earlier: what a judge that remembers came to in earlier runs, the newest first.
  /// - Returns: the look as an event, also when nothing could be read.
  func measure(_ index: Int, _ history: RunHistory, _ earlier: [RuleEvaluation]) async -> Event {
    let now = time.now()
    do throws(ConnectorError) {
      let sample = try await reading(now)
      if let found = try await drift(from: history.promotion.records[index].step, or: history.promotion.inHand) {
        return .measured(step: index, sample: sample, judgement: await stop(for: found, sample, index, history))
      }
      var look = history.look(sample, step: index, now: now)
      look.previous = earlier
      if case .sequential = plan.watch.judge, look.state == nil, let blue = plan.blue?.slot {
        // Asked once, and by the only judge that uses it. Without an answer it is more careful.
        look.history = (try? await connectors.source.history(of: blue, now: now)) ?? []
      }
      let gauges = GaugeLimits.judge(plan.environment.gauges, green: plan.green, sample: sample)
      return .measured(
        step: index, sample: sample, judgement: GaugeLimits.adding(gauges, to: WatchJudge.judge(look)))
    } catch {
      let judgement = WatchJudgement(verdict: .error, reason: "counters cannot be read: \(error.message)")
      return .measured(step: index, sample: nil, judgement: judgement)
    }
  }

  /// What the data plane says, when it no longer divides as the step before had it: the figures mean something else then.
  private func drift(from step: Step, or next: Step?) async throws(ConnectorError) -> Split? {
    guard case .watch(let percent, _) = step.action, !Mutant.ignoreDrift.isActive else { return nil }
    let found = try await connectors.plane.readSplit()
    // Whoever does the next shift by hand does it before they say so.
    if case .shift(let percent, let settles)? = next?.action, found == plan.split(percent: percent, settles: settles) {
      return nil
    }
    return found == plan.split(percent: percent, settles: false) ? nil : found
  }

  /// Stops the run: nobody but a person knows which of the two is meant. Writing here would be an effect without its intent on the disk.
  private func stop(
    for found: Split, _ sample: CounterSample, _ index: Int, _ history: RunHistory
  ) async -> WatchJudgement {
    guard case .watch(let percent, _) = history.promotion.records[index].step.action else {
      return WatchJudgement(verdict: .error, reason: "the data plane says \(found)")
    }
    let beganAnew = history.samples.last.map { $0.source != sample.source } ?? false
    let who = beganAnew ? nil : await connectors.plane.lastChangedBy()
    let why = beganAnew ? "it began anew and forgot what it was told" : "\(who ?? "somebody else") changed it"
    return WatchJudgement(
      verdict: .pause,
      reason:
        "the data plane says \(found), this step is about \(plan.split(percent: percent, settles: false)); \(why): set it back and resume, or abort"
    )
  }

  /// The counters of both slots with the crash counts of the deployer.
  func reading(_ now: Timestamp) async throws(ConnectorError) -> CounterSample {
    var releases = [plan.green: plan.release.id]
    if let blue = plan.blue { releases[blue.slot] = blue.release.id }
    var sample = try await connectors.source.sample(now: now, releases: releases)
    for slot in Slot.allCases where releases[slot] != nil {
      if let crashes = try await connectors.deployer.crashes(slot) { sample.crashes[slot] = crashes }
    }
    let asksDatabase = plan.watch.rules.contains { $0.metric == .databaseErrors }
    if asksDatabase, let errors = try await connectors.data?.connectionErrors(of: plan.green) {
      sample.databaseErrors[plan.green] = errors
    }
    // One that cannot be read is missing, which its limits see; the counts are judged all the same.
    if let gauges = connectors.gauges, let read = try? await gauges.gauges(now: now, releases: releases) {
      sample.gauges = read
    }
    return sample
  }
}
