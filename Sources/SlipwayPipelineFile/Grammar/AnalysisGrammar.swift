internal import SlipwayModel

/// An `AnalysisDefinition` of Keptn's lifecycle toolkit (`metrics.keptn.sh`).
enum AnalysisGrammar {
  private struct Spec: Sendable {
    var objectives: [SLOObjective] = []
    var total = Total()
  }

  private struct Total: Sendable {
    var pass = 0.0
    var warning: Double?
  }

  private struct Definition: Sendable {
    var kind = ""
    var ignored = true
    var spec = Spec()
  }

  private struct Objective: Sendable {
    var name = ""
    var weight = 1
    var isKey = false
    var target = Target()
  }

  private struct Target: Sendable {
    var failure: SLOBound?
    var warning: SLOBound?
  }

  private struct Reference: Sendable {
    var name = ""
    var ignored = true
  }

  private struct Range: Sendable {
    var low = 0.0
    var high = 0.0
  }

  private struct Fixed: Sendable { var value = 0.0 }

  static let definition = Shape<Definition>.object(
    "the AnalysisDefinition", Definition(),
    [
      .optional("apiVersion", \.ignored, .ignored(true), "The version of the format."),
      .required(
        "kind", \.kind, .words(["AnalysisDefinition": "AnalysisDefinition"], "kind", show: { $0 }), "What it is."),
      .optional("metadata", \.ignored, .ignored(true), "Its name."),
      .required("spec", \.spec, spec, "What is expected."),
    ]
  ).map {
    ServiceLevelObjectives(
      objectives: $0.spec.objectives, pass: $0.spec.total.pass, warning: $0.spec.total.warning)
  }

  private static let spec = Shape<Spec>.object(
    "spec", Spec(),
    [
      .required("objectives", \.objectives, .list(of: objective, what: "objectives", minimum: 1), "What is expected."),
      .required("totalScore", \.total, total, "What the score must reach."),
    ])

  private static let total = Shape<Total>.object(
    "totalScore", Total(),
    [
      .required("passPercentage", \.pass, SLOGrammar.percentage, "The score that passes."),
      .optional("warningPercentage", \.warning, SLOGrammar.percentage, "The score that passes with a warning."),
    ])

  private static let objective = Shape<Objective>.object(
    "an objective", Objective(),
    [
      .required(
        "analysisValueTemplateRef", \.name,
        Shape<Reference>.object(
          "analysisValueTemplateRef", Reference(),
          [
            .required("name", \.name, .text("the name of a figure"), "The figure."),
            .optional("namespace", \.ignored, .ignored(true), "Not used here."),
          ]
        ).map { $0.name }, "The figure."),
      .optional("target", \.target, target, "What fails and what warns."),
      .optional("weight", \.weight, .integer(0...1_000_000, "a weight"), "What it counts."),
      .optional("keyObjective", \.isKey, .boolean, "Failing here fails everything."),
    ]
  ).map { draft in
    SLOObjective(
      name: draft.name, figure: RuleFigure(name: draft.name.replacing("-", with: "_")), weight: draft.weight,
      isKey: draft.isKey, expectation: .target(failure: draft.target.failure, warning: draft.target.warning))
  }

  private static let target = Shape<Target>.object(
    "target", Target(),
    [
      .optional("failure", \.failure, bound, "What fails."),
      .optional("warning", \.warning, bound, "What warns."),
    ])

  private static let bound = Shape<SLOBound>.choice(
    "a bound",
    [
      .key("lessThan", fixed, "Less than it.") { .lessThan($0) },
      .key("lessThanOrEqual", fixed, "Not more than it.") { .lessThanOrEqual($0) },
      .key("greaterThan", fixed, "More than it.") { .greaterThan($0) },
      .key("greaterThanOrEqual", fixed, "Not less than it.") { .greaterThanOrEqual($0) },
      .key("equalTo", fixed, "Exactly it.") { .equalTo($0) },
      .key("inRange", range, "Between both, ends included.") { .inRange($0.low, $0.high) },
      .key("notInRange", range, "Outside of both.") { .notInRange($0.low, $0.high) },
    ])

  private static let fixed = Shape<Fixed>.object(
    "a bound", Fixed(), [.required("fixedValue", \.value, quantity, "The value.")]
  ).map { $0.value }

  private static let range = Shape<Range>.object(
    "a range", Range(),
    [
      .required("lowBound", \.low, quantity, "The lower end."),
      .required("highBound", \.high, quantity, "The upper end."),
    ]
  ).checked { range, node, reading in
    guard range.high < range.low else { return }
    reading.report(
      .meaning, node.place("highBound"), "the upper end is below the lower", expected: "more than \(range.low)")
  }

  /// A plain number; quantities such as `5m` have another meaning in Kubernetes than here.
  private static let quantity = Shape<Double>(schema: [:], expectation: "a number") { node, reading in
    guard let text = node.text, let value = SLOGrammar.number(text) else {
      reading.mismatch(node, expected: "a plain number", echo: true)
      return nil
    }
    return value
  }
}
