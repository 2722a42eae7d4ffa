package import SlipwayModel

/// Judges a watch by evidence that may be looked at any moment: what it says about a release that is no worse is wrong with a probability that is
/// bounded over all looks together (canary-analysis, section 6). A pure function.
package enum SequentialJudge {
  /// Judges one look; the judgement carries what the next one needs.
  ///
  /// The verdict depends on the readings alone, not on how they were divided among looks.
  package static func judge(_ look: WatchLook, _ spec: SequentialSpec) -> WatchJudgement {
    var exactly = look.spec
    exactly.rules = look.spec.rules.filter { [.crashes, .databaseErrors].contains($0.metric) }
    let exact = WatchJudge.judge(
      spec: exactly, green: look.green, blue: look.blue, samples: look.samples, reference: [],
      crashesSince: look.crashesSince, now: look.now)
    var (run, bins) = begin(look, spec)
    bins.fold(into: &run)
    run.look()
    return SequentialVerdict(look: look, run: run, exact: exact, comparedFrom: bins.comparedFrom).judgement
  }

  /// The evidence as it stands before the readings of `look` that were not looked at yet, and what cuts these into intervals.
  package static func begin(_ look: WatchLook, _ spec: SequentialSpec) -> (run: SequentialRun, bins: SequentialBins) {
    let bins = SequentialBins(look, spec)
    let rules = look.spec.rules.filter { !$0.limits.isEmpty }
    let begun =
      look.state ?? SequentialState(dispersion: DispersionMeasure.measured(look.history, given: spec.dispersion))
    var run = SequentialRun(SequentialPlan(rules, spec), planned: look.planned, state: begun)
    if look.state == nil { run.close(at: nil, edges: bins.edgesBefore()) }
    if run.state.watch != look.startedAt { run.begin(watch: look.startedAt) }
    return (run, bins)
  }
}
