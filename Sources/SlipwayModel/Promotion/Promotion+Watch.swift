extension Promotion {
  /// Folds one look at the counters in.
  mutating func judge(_ index: Int, _ sample: CounterSample?, _ judgement: WatchJudgement, at time: Timestamp) {
    guard case .forward(let step, let suspension) = phase, watchInHand == index,
      case .watch(_, let duration) = records[index].step.action,
      records[index].status == (step == index ? .pending : .succeeded)
    else { return }
    // One that is over and well is looked at on while a person is asked; it ends nothing any more but the run itself.
    let isOpen = step == index
    let progress = (records[index].watch ?? WatchProgress(at: time, judgement)).looked(
      at: time, judgement, atMost: longestGap(after: judgement))
    records[index].attempts = 1
    records[index].startedAt = records[index].startedAt ?? time
    records[index].detail = judgement.reason
    records[index].watch = progress
    switch judgement.verdict {
    case .breach where Mutant.ignoreBreach.isActive: break
    case .noData where Mutant.noDataIsHealthy.isActive && isOpen: settle(index, .succeeded, judgement.reason, at: time)
    case .breach:
      if isPastReturn {
        if suspension == nil { freeze(judgement.reason, at: time) }
      } else if plan.rollback.automatic {
        giveUp(step, Cause(kind: .breach, reason: judgement.reason, by: "slipway"), at: time)
      } else if suspension == nil {
        suspend(step, judgement.reason + "; automatic rollback is off", at: time)
      }
    case .pause, .environment: if suspension == nil { suspend(step, judgement.reason, at: time) }
    case .healthy:
      let isOver = progress.watched >= duration || Mutant.watchSettlesAtOnce.isActive
      if isOver, isOpen, suspension == nil { settle(index, .succeeded, judgement.reason, at: time) }
    case .undecided, .noData, .error:
      guard progress.watched >= duration + plan.watch.patience, suspension == nil, isOpen else { return }
      let reason = "\(judgement.verdict.rawValue) after \(progress.watched): \(judgement.reason)"
      if Mutant.patiencePasses.isActive {
        settle(index, .succeeded, reason, at: time)
      } else if isPastReturn {
        freeze(reason, at: time)
      } else if plan.watch.whenUndecided == .rollBack {
        giveUp(index, Cause(kind: .undecided, reason: reason, by: "slipway"), at: time)
      } else {
        suspend(step, reason, at: time)
      }
    }
  }

  /// How long one look at the counters may take.
  var lookTime: Span { max(plan.watch.every, .seconds(15)) }

  /// The longest time between two looks that counts as watched. A source that hangs uses up each look's time, and patience has to see that, or a minute
  /// of it would last a quarter of an hour.
  private func longestGap(after judgement: WatchJudgement) -> Span {
    judgement.verdict == .error ? plan.watch.every + lookTime : plan.watch.every + plan.watch.every
  }

  /// Stops a run whose data cannot follow it back.
  mutating func freeze(_ reason: String, at time: Timestamp) {
    guard case .forward(let step, _) = phase else { return }
    // First what a person must know, because a terminal cuts long lines.
    suspend(step, "\(pastReturn ?? "nothing leads back"), so a person decides: \(reason)", at: time)
  }

  private mutating func giveUp(_ index: Int, _ cause: Cause, at time: Timestamp) {
    records[index].status = .failed
    records[index].finishedAt = time
    goBack(cause, at: time)
  }

  private mutating func suspend(_ step: Int, _ reason: String, at time: Timestamp) {
    phase = .forward(
      step: step,
      suspension: Suspension(kind: .paused, by: "slipway", reason: reason, at: time, restartsWatch: true))
    remark("slipway", "paused: \(reason)", at: time)
  }
}

extension WatchProgress {
  /// Begins a watch with its first look.
  init(at time: Timestamp, _ judgement: WatchJudgement) {
    self.init(startedAt: time, lastAt: time, looks: 0, watched: .zero, last: judgement)
  }

  /// One more look.
  ///
  /// A gap counts up to `longest`: a clock that was set forward, or hours without a driver, are not time watched. One that was set back neither loses
  /// what was watched nor puts the samples before the beginning.
  func looked(at time: Timestamp, _ judgement: WatchJudgement, atMost longest: Span) -> WatchProgress {
    let counted = min(max(.zero, time - lastAt), longest)
    return WatchProgress(
      startedAt: min(startedAt, time), lastAt: time, looks: looks + 1, watched: watched + counted, last: judgement)
  }
}
