internal import SlipwayAnalysis
internal import SlipwayConnectors
internal import SlipwayModel

extension StepPerformer {
  /// One look at the counters and what it means together with the earlier ones.
  func measure(_ index: Int, _ history: RunHistory) async -> Event {
    let now = time.now()
    do throws(ConnectorError) {
      let sample = try await reading(now)
      if let drift = try await drift(from: history.promotion.records[index].step, or: history.promotion.inHand) {
        return .measured(step: index, sample: sample, judgement: WatchJudgement(verdict: .error, reason: drift))
      }
      var look = history.look(sample, step: index, now: now)
      if look.state == nil, let blue = plan.blue?.slot {
        // Without it the judge is only more careful, so nothing waits for it.
        look.history = (try? await connectors.source.history(of: blue, now: now)) ?? []
      }
      return .measured(step: index, sample: sample, judgement: WatchJudge.judge(look))
    } catch {
      let judgement = WatchJudgement(verdict: .error, reason: "counters cannot be read: \(error.message)")
      return .measured(step: index, sample: nil, judgement: judgement)
    }
  }

  /// Says so when the data plane no longer divides as the step before had it: somebody else changed it, and the figures mean something else.
  private func drift(from step: Step, or next: Step?) async throws(ConnectorError) -> String? {
    guard case .watch(let percent, _) = step.action, !Mutant.ignoreDrift.isActive else { return nil }
    let wanted = plan.split(percent: percent, settles: false)
    let found = try await connectors.plane.readSplit()
    // Whoever does the next shift by hand does it before they say so.
    if case .shift(let percent, let settles)? = next?.action, found == plan.split(percent: percent, settles: settles) {
      return nil
    }
    return found == wanted
      ? nil
      : "the data plane says \(found), this step is about \(wanted); somebody else changed it: set it back, or abort"
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
    return sample
  }
}
