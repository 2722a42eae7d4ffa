package import SlipwayModel

/// A watch judged at its end as Keptn judges an evaluation.
///
/// Unlike there, a figure that is missing never lets anything pass, nor do objectives of which none was held against anything.
package enum KeptnJudge {
  /// Judges one look; reads nothing but its values.
  package static func judge(_ look: WatchLook, by spec: KeptnSpec) -> WatchJudgement {
    let watch = RuleWatch(look)
    let figures = figures(watch, spec.objectives)
    let score = KeptnScore(spec.objectives, figures, previous: look.previous)
    var best = score.objectives
    for index in best.indices where best[index].isMissing && best[index].status == .fail { best[index].status = .pass }
    let possible = KeptnScore(best, pass: spec.objectives.pass, warning: spec.objectives.warning)
    let scored = score.objectives.filter { $0.status != .info }
    let missing = scored.filter(\.isMissing).map(\.name)
    let shown = "keptn: score \(Words.number(score.value)) of \(Words.number(spec.objectives.pass))"
    var (verdict, result, reason) = (WatchVerdict.undecided, RuleEvaluation.Result.undecided, "")
    if scored.isEmpty {
      reason = "keptn: no objective has 'pass' criteria, so nothing is judged"
    } else if possible.result == .fail {
      (verdict, result, reason) = (.breach, .fail, shown + failures(score))
    } else if !missing.isEmpty {
      verdict = missing.count == scored.count ? .noData : .undecided
      reason = "keptn: no figure for \(missing.joined(separator: ", "))"
    } else if !scored.contains(where: \.isCompared) {
      reason = "keptn: every criterion compares with earlier results, and there are none yet"
    } else if score.result == .pass {
      (verdict, result, reason) = (.healthy, .pass, shown + failures(score))
    } else {
      (verdict, result) = (spec.onWarning == .pass ? .healthy : .pause, .warning)
      reason = "\(shown) is a warning\(failures(score))"
    }
    let evaluation = RuleEvaluation(
      rule: "keptn", result: result, score: score.value,
      items: score.objectives.map {
        RuleEvaluation.Item(name: $0.name, result: $0.status.rawValue, value: $0.value, reference: $0.reference)
      })
    if !watch.isOver, verdict == .breach || verdict == .pause {
      let left = look.duration - watch.elapsed
      return watch.judgement(.undecided, "\(reason); judged at the end of the watch, in \(left)", evaluation)
    }
    return watch.judgement(verdict, reason, evaluation)
  }

  private static func failures(_ score: KeptnScore) -> String {
    let failed = score.objectives.filter { [.warning, .fail].contains($0.status) && !$0.isMissing }
    guard !failed.isEmpty else { return "" }
    return ": "
      + failed.map { objective in
        let value = objective.value.map { " \(Words.number($0))" } ?? ""
        let reference = objective.reference.map { " (before: \(Words.number($0)))" } ?? ""
        return "\(objective.name)\(value)\(reference) \(objective.status.rawValue)\(objective.isKey ? ", key" : "")"
      }.joined(separator: ", ")
  }

  private static func figures(_ watch: RuleWatch, _ slo: ServiceLevelObjectives) -> [String: Double] {
    let series = RuleSeries(watch.look.samples)
    var figures: [String: Double] = [:]
    for objective in slo.objectives {
      let reading = series.reading(
        objective.figure, of: watch.look.green, after: watch.start, through: watch.look.now)
      // One that is only known to be greater could fulfil what the true one does not.
      if let reading, reading.precision == .exact { figures[objective.name] = reading.value }
    }
    return figures
  }
}
