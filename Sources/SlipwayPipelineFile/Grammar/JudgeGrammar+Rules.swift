internal import SlipwayModel

/// The rules of other tools.
extension JudgeGrammar {
  static let limits = Shape<FailureLimits>.object(
    "thresholds", FailureLimits(),
    [
      .optional(
        "failure_limit", \.failureLimit, .integer(0...100_000, "a number"),
        "So many measurements may be beyond a roll-back limit; one more takes traffic back."),
      .optional(
        "inconclusive_limit", \.inconclusiveLimit, .integer(0...100_000, "a number"),
        "So many may be beyond a pause limit; one more asks a person."),
      .optional(
        "consecutive_error_limit", \.consecutiveErrorLimit, .integer(0...100_000, "a number"),
        "So many in a row may lack figures; with one more the watch cannot decide."),
      .optional("interval", \.interval, .duration(), "Time between two measurements, and what each looks at."),
    ])

  static let kayenta = Shape<KayentaSpec>.object(
    "kayenta", KayentaSpec(),
    [
      .required(
        "metrics", \.metrics, metrics,
        "What the candidate is compared in."),
      .optional(
        "groups", \.groups, weights, "Weights of groups in percent; groups without one share what is left of 100."),
      .optional("marginal", \.marginal, score, "An analysis whose score is not above this ends the watch at once."),
      .optional("pass", \.pass, score, "What the last analysis must reach."),
      .optional("interval", \.interval, .duration(), "Time between two analyses."),
      .optional("step", \.step, .duration(), "The time that one point of a metric stands for."),
      .optional("lookback", \.lookback, lookback, "growing: everything since the watch began. A duration: the newest."),
    ]
  ).checked { spec, node, reading in
    if spec.pass < spec.marginal {
      reading.report(
        .meaning, node.place("pass"), "'pass' is below 'marginal', so it decides nothing",
        expected: "a score above \(spec.marginal)")
    }
    if spec.interval < spec.step {
      reading.report(
        .meaning, node.place("step"), "one step (\(spec.step)) is longer than an interval (\(spec.interval))",
        expected: "an interval of many steps; Kayenta asks for 50")
    }
    let known = Set(spec.metrics.map(\.group))
    for name in spec.groups.keys.sorted() where !known.contains(name) {
      reading.report(
        .meaning, node["groups"]?.keyPlace(name) ?? node.position, "no metric is in the group '\(name)'",
        expected: "'group: \(name)' at a metric", suggestion: reading.near(name, known.sorted()))
    }
  }

  private static let metric = Shape<KayentaMetric>.object(
    "a metric", KayentaMetric(name: "", source: .errorRate),
    [
      .required("name", \.name, .name("a name"), "How it is called in reports."),
      .required(
        "source", \.source, figure,
        "error_rate (percent), p50, p90, p95, p99 (ms), throughput (a second), or a gauge of the environment."),
      .optional("direction", \.direction, .word("a direction"), "What counts as worse."),
      .optional("nan", \.nan, .word("a rule"), "What becomes of points without a value; 'replace' makes them 0."),
      .optional("outliers", \.outliers, .word("a rule"), "What becomes of points far from the others."),
      .optional("critical", \.critical, .boolean, "A difference here fails the analysis, whatever the score."),
      .optional("must_have_data", \.mustHaveData, .boolean, "Without data it counts as failed and not as absent."),
      .optional(
        "effect_size", \.effectSize, .word("an effect size"),
        "mean_ratio (1 is no difference) or cles, the chance that a point is greater (0.5 is none)."),
      .optional("allowed_increase", \.allowedIncrease, .effect, "Smaller effects are no increase."),
      .optional("allowed_decrease", \.allowedDecrease, .effect, "Greater effects are no decrease."),
      .optional("critical_increase", \.criticalIncrease, .effect, "From here an increase is critical."),
      .optional("critical_decrease", \.criticalDecrease, .effect, "From here down a decrease is critical."),
      .optional("group", \.group, .name("a group"), "The group it is counted in."),
    ])

  private static let metrics = Shape<[Located<KayentaMetric>]>.list(
    of: metric.located, what: "metrics", minimum: 1
  ).checked { metrics, _, reading in
    var seen: Set<String> = []
    for metric in metrics where !seen.insert(metric.value.name).inserted {
      reading.report(
        .structure, metric.node.place("name"), "a metric '\(metric.value.name)' stands here already",
        expected: "a name of its own")
    }
  }.map { $0.map(\.value) }

  private static let figure = Shape<String>.name("a figure").map(show: { .text($0.name) }) { RuleFigure(name: $0) }

  private static let score = Shape<Double>.number(0...100, "a score")

  private static let weights = Shape<[Named<Double>]>.names(
    .name("a group"), to: .number(0...100, "a weight in percent"), what: "weights of groups"
  ).checked { weights, node, reading in
    let sum = weights.reduce(0) { $0 + $1.value }
    guard sum > 100 else { return }
    reading.report(.meaning, node.position, "the weights are \(sum) percent together", expected: "at most 100")
  }.map { Dictionary($0.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }) }

  private static let lookback = Shape<KayentaSpec.Lookback>(
    schema: [
      "anyOf": .list([
        .object(["const": .text("growing")]), .object(Shape<Span>.duration().schema),
      ])
    ], expectation: "'growing' or a duration such as 10m",
    show: { value in if case .sliding(let span) = value { .text(span.description) } else { .text("growing") } }
  ) { node, reading in
    if node.text == "growing" { return .growing }
    return Shape<Span>.duration().read(node, reading).map { .sliding($0) }
  }

  private struct KeptnDraft: Sendable {
    var file = ""
    var onWarning = KeptnSpec.OnWarning.pause
  }

  private static let keptnWhole = Shape<KeptnDraft>.object(
    "keptn", KeptnDraft(),
    [
      .required("file", \.file, .text("an SLO file, from the folder of the pipeline file"), "The objectives."),
      .optional(
        "on_warning", \.onWarning, .word("a consequence"), "What follows from a score between warning and pass."),
    ])

  private static let keptnFile = Shape<String>.text("an SLO file, from the folder of the pipeline file")

  /// The file alone, or with what follows from a warning. The file is read here, so that its content is part of every plan.
  static let keptn = Shape<KeptnSpec>(
    schema: ["anyOf": .list([.object(keptnFile.schema), .object(keptnWhole.schema)])],
    expectation: keptnFile.expectation
  ) { node, reading in
    var draft = KeptnDraft()
    if case .mapping = node.content {
      guard let whole = keptnWhole.read(node, reading) else { return nil }
      draft = whole
    } else {
      guard let file = keptnFile.read(node, reading) else { return nil }
      draft.file = file
    }
    let spec = KeptnSpec(file: draft.file, onWarning: draft.onWarning)
    guard let folder = reading.folder else { return spec }
    return SLOFile.read(into: spec, at: node["file"]?.position ?? node.position, reading, folder: folder)
  }
}

extension Shape where Value == Double {
  /// A number, whole or with a fraction.
  static func number(_ range: ClosedRange<Double>, _ what: String) -> Shape {
    let schema: Schema = [
      "type": .text("number"), "minimum": .number(range.lowerBound), "maximum": .number(range.upperBound),
    ]
    let expectation = "\(what) from \(range.lowerBound) to \(range.upperBound)"
    return Shape(schema: schema, expectation: expectation, show: { .number($0) }) { node, reading in
      switch node.scalar {
      case .integer(let value)? where range.contains(Double(value)): return Double(value)
      case .number(let value)? where range.contains(value): return value
      default:
        reading.mismatch(node, expected: expectation, echo: true)
        return nil
      }
    }
  }

  /// An effect size.
  fileprivate static let effect = number(0...1_000_000, "an effect size")
}
