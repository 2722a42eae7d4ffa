import SlipwayModel

/// The walk in words that a release engineer reads.
extension Scene {
  var summary: String {
    let plan = promotion.plan
    let verb = plan.operation == .promote ? "promote" : "go back to"
    let serves = plan.blue.map { "\($0.release.id) serves" } ?? "nothing serves yet"
    return "\(verb) \(plan.release.id) in \(plan.to); \(serves)"
  }

  func sentence(for move: Move, after decision: Decision) -> String {
    switch move {
    case .decide: return sentence(for: decision)
    case .happen(let contents): return "in the world, \(inHand) \(contents == .whole ? "has happened" : "is half done")"
    case .report(let word): return "\(inHand) ends: \(word)"
    case .judge(let first, let others):
      return "\(inHand) says \(first)" + (others == .passed ? "" : ", the other gate \(others)")
    case .observe(let sight): return "the world is asked whether \(asked(decision)) has happened: \(sight.words)"
    case .look(let verdict): return "the counters are looked at: \(verdict.rawValue)"
    case .lookInVain: return "the counters do not answer in time"
    case .evidence(let isWritten): return isWritten ? "the evidence is written" : "the evidence cannot be written"
    case .file(let isFiled): return isFiled ? "the tasks are filed" : "the tasks cannot be filed"
    case .fileCut: return "the engine crashes while the tasks are being filed, and starts again"
    case .freeze: return "a freeze begins"
    case .thaw: return "the freeze is taken away"
    case .crash: return "the engine crashes while \(inHand) is under way, and starts again"
    case .say(let saying, let speaker): return speaker.sentence(saying)
    case .clock(let clock): return sentence(for: clock, decision)
    case .rival: return "dan asks to promote \(Sample.third.id) too"
    }
  }

  private var inHand: String {
    underWay.map { "\(promotion.records[$0].step.id)" } ?? promotion.inHand.map { "\($0.id), by hand," } ?? "nothing"
  }

  private func asked(_ decision: Decision) -> String {
    if case .readBack(let run) = decision { "\(run.step.id)" } else { "nothing" }
  }

  private func sentence(for decision: Decision) -> String {
    switch decision {
    case .perform(let run): "the engine begins \(run.step.id), attempt \(run.attempt)"
    case .record(.expired(let index)): "the time for \(promotion.records[index].step.id) runs out"
    case .record(.escalated(_, let reason)): "people are told: \(reason)"
    case .record(.stepIntended(let index, _, _)): "people are asked: \(promotion.records[index].step.id)"
    case .record(.stepReported(let index, _, let result)):
      "the engine notes for \(promotion.records[index].step.id): \(result)"
    case .record(let event): "the engine notes: \(event.kind)"
    case .readBack, .measure, .writeEvidence, .followUp, .wait, .finished: "the engine goes on"
    }
  }

  private func sentence(for clock: Move.Clock, _ decision: Decision) -> String {
    switch clock {
    case .wakeUp:
      if case .wait(let wait) = decision, let until = wait.until {
        "\(until - now) pass (\(wait.kind.rawValue): \(wait.reason))"
      } else {
        "time passes"
      }
    case .farAhead: "the clock jumps ahead by years"
    case .setBack: "the clock is set back by months"
    }
  }
}

extension Move.Sight {
  fileprivate var words: String {
    switch self {
    case .done: "it has"
    case .undone: "it has not"
    case .unclear: "nobody can say"
    case .unreadable: "no answer"
    case .overdue: "no answer in time"
    }
  }
}

extension Speaker {
  fileprivate func sentence(_ saying: Move.Saying) -> String {
    switch (saying, self) {
    case (.approve, .carol): "carol, who asked for the run, approves it"
    case (.approve, .dan): "dan, who holds another role, approves"
    case (.approve, .eve): "eve approves another plan"
    case (.approve, .fay): "fay, who proved nothing, approves"
    case (.approve, .gil): "gil, without a second factor, approves"
    case (.approve, _): "\(self) approves"
    case (.revoke, _): "\(self) takes the approval back"
    case (.hold, _): "\(self) holds the run"
    case (.pause, _): "\(self) pauses the run"
    case (.resume, _): "\(self) lets the run go on"
    case (.reject, _): "\(self) rejects the run"
    case (.abort, _): "\(self) aborts the run"
    case (.rollBack, _): "\(self) asks to go back"
    case (.confirm, _): "\(self) confirms"
    }
  }
}
