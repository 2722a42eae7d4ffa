internal import SlipwayModel

/// What every rule of another tool needs of a look: where the watch began and what holds beside the rule.
struct RuleWatch {
  let look: WatchLook
  /// When the watch began: its first reading.
  let start: Timestamp

  init(_ look: WatchLook) {
    self.look = look
    start = min(look.samples.first?.at ?? look.now, look.startedAt ?? look.now)
  }

  var elapsed: Span { look.now - start }
  /// Time watched at the look before; nil at the first.
  var elapsedBefore: Span? { look.samples.count > 1 ? look.samples[look.samples.count - 2].at - start : nil }
  var isOver: Bool { elapsed >= look.duration }

  /// Crashes and errors of the database, which no other tool counts, judged as they always are; the figures of the newest window beside them.
  var besides: WatchJudgement {
    var spec = look.spec
    spec.rules = spec.rules.filter { [.crashes, .databaseErrors].contains($0.metric) }
    return WatchJudge.judge(
      spec: spec, green: look.green, blue: look.blue, samples: look.samples, reference: look.reference,
      crashesSince: look.crashesSince, now: look.now)
  }

  /// The rule's word, unless crashes or missing figures say something worse.
  func judgement(_ verdict: WatchVerdict, _ reason: String, _ evaluation: RuleEvaluation) -> WatchJudgement {
    var judgement = besides
    judgement.evaluation = evaluation
    guard judgement.verdict == .healthy else { return judgement }
    judgement.verdict = verdict
    judgement.reason = reason
    return judgement
  }
}

extension Words {
  /// A figure of a rule with at most four digits behind the point.
  static func number(_ value: Double) -> String {
    guard value.isFinite, value.magnitude < 1e12 else { return "unknown" }
    let rounded = (value * 10_000).rounded() / 10_000
    return rounded == rounded.rounded() ? "\(Int64(rounded))" : "\(rounded)"
  }
}
