internal import SlipwayModel

/// Who judges a watch.
enum JudgeGrammar {
  static let judge = Shape<JudgeSpec>.choice(
    "a judge",
    [
      .key(
        "sequential", sequential, "Proves worsening, with a bound on false alarms that holds at every look.",
        bare: .sequential(SequentialSpec())
      ) { .sequential($0) },
      .key(
        "thresholds", JudgeGrammar.limits,
        "The figures of the newest window against the limits, as they stand; with keys: counted as other tools count.",
        bare: .thresholds
      ) { .limitedThresholds($0) },
      .key("kayenta", JudgeGrammar.kayenta, "As Spinnaker's Kayenta compares.") { .kayenta($0) },
      .key("keptn", JudgeGrammar.keptn, "As Keptn scores service level objectives.") { .keptn($0) },
    ])

  private static let sequential = Shape<SequentialSpec>.object(
    "sequential", SequentialSpec(),
    [
      .optional(
        "warm_up", \.warmUp, .duration(orNone: true),
        "So much of the time after a change of weights is left out of comparisons; a fifth of the watch, at most 60s."),
      .optional(
        "on_worse", \.onWorse, .word("a consequence"),
        "What follows when the candidate is proved to fail more than what serves now, by however little; pause where protected."
      ),
      .optional(
        "error_budget", \.errorBudget, budget,
        "How often a release that is no worse may be taken back, all roll-back limits of a run together; 2%."),
      .optional(
        "dispersion", \.dispersion, dispersion,
        "How much more than by chance errors come in clumps; measured on what served before."),
      .optional(
        "on_avoided", \.onAvoided, .word("a consequence"),
        "What follows when the candidate gets clearly less traffic than its share."),
    ])

  private static let budget = Shape<Double>.fraction.checked { value, node, reading in
    guard value < 0.0001 || value > 0.2 else { return }
    reading.report(
      .meaning, node.position, "'\(node.text ?? "")' is no useful bound on false alarms",
      expected: "a percentage from 0.01% to 20%")
  }

  private static let dispersion = Shape<Int>.integer(1...1_000, "a number").map { Double($0) }
}
