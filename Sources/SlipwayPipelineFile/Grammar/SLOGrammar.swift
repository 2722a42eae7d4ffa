internal import SlipwayModel

/// Keptn's `slo.yaml` (specification 0.1.0 to 1.0).
enum SLOGrammar {
  /// The objectives in either of the two formats.
  static func objectives(_ root: YAMLNode, _ reading: Reading) -> ServiceLevelObjectives? {
    let found = root["kind"] == nil ? slo.read(root, reading)?.spec : AnalysisGrammar.definition.read(root, reading)
    guard let found else { return nil }
    let place = root["objectives"] ?? root["spec"]?["objectives"] ?? root
    if !found.objectives.contains(where: \.isScored) {
      reading.report(
        .meaning, place.position, "no objective counts in the score, so nothing would be judged",
        expected: "'pass:' with criteria at one objective")
    }
    var seen: Set<String> = []
    for (objective, node) in zip(found.objectives, place.elements) where !seen.insert(objective.name).inserted {
      reading.report(
        .structure, node.position, "an objective for '\(objective.name)' stands here already", expected: "one for each")
    }
    return found
  }

  private struct Draft: Sendable {
    var comparison = Comparison()
    var objectives: [SLOObjective] = []
    var total = Total()
    var ignored = true

    var spec: ServiceLevelObjectives {
      let count = comparison.isSingle == true ? 1 : comparison.count
      return ServiceLevelObjectives(
        comparison: SLOComparison(count: count, included: comparison.included, aggregate: comparison.aggregate),
        objectives: objectives, pass: total.pass, warning: total.warning)
    }
  }

  private struct Comparison: Sendable {
    var isSingle: Bool?
    var count = SLOComparison().count
    var included = SLOComparison().included
    var aggregate = SLOComparison().aggregate
  }

  private struct Total: Sendable {
    var pass = 0.0
    var warning: Double?
  }

  private struct Objective: Sendable {
    var sli = ""
    var weight = 1
    var isKey = false
    var pass: [[SLOCriterion]] = []
    var warning: [[SLOCriterion]] = []
    var ignored = true
  }

  private static let slo = Shape<Draft>.object(
    "the SLO file", Draft(),
    [
      .optional("spec_version", \.ignored, .ignored(true), "The version of the format."),
      .optional("filter", \.ignored, .ignored(true), "Not used here: figures come from the watch."),
      .optional("comparison", \.comparison, comparison, "Which earlier results count."),
      .required("objectives", \.objectives, .list(of: objective, what: "objectives", minimum: 1), "What is expected."),
      .required("total_score", \.total, total, "What the score must reach."),
    ])

  private static let comparison = Shape<Comparison>.object(
    "comparison", Comparison(),
    [
      .optional(
        "compare_with", \.isSingle,
        .words(["single_result": true, "several_results": false], "a way to compare", show: { _ in "" }),
        "One earlier result or several."),
      .optional(
        "number_of_comparison_results", \.count, .integer(1...1_000, "a number"), "How many earlier results."),
      .optional("include_result_with_score", \.included, .word("which results"), "What they must have come to."),
      .optional("aggregate_function", \.aggregate, .word("a function"), "How several become one."),
    ])

  private static let total = Shape<Total>.object(
    "total_score", Total(),
    [
      .required("pass", \.pass, percentage, "The score that passes."),
      .optional("warning", \.warning, percentage, "The score that passes with a warning."),
    ]
  ).checked { total, node, reading in
    guard let warning = total.warning, warning > total.pass else { return }
    reading.report(
      .meaning, node.place("warning"), "'warning' is above 'pass', so it is never reached", expected: "less than that")
  }

  /// `"90%"`, `90%`, `"90"` or `90`.
  static let percentage = Shape<Double>(schema: [:], expectation: "a percentage such as \"90%\"") { node, reading in
    guard let text = node.text, let value = number(text.hasSuffix("%") ? String(text.dropLast()) : text),
      (0...100).contains(value)
    else {
      reading.mismatch(node, expected: "a percentage from 0% to 100%", echo: true)
      return nil
    }
    return value
  }

  private static let objective = Shape<Objective>.object(
    "an objective", Objective(),
    [
      .required("sli", \.sli, .text("the name of a figure"), "The figure."),
      .optional("displayName", \.ignored, .ignored(true), "For people."),
      .optional("key_sli", \.isKey, .boolean, "Failing here fails everything."),
      .optional("weight", \.weight, .integer(0...1_000_000, "a weight"), "What it counts."),
      .optional("pass", \.pass, criteria, "One of the lists must hold to pass."),
      .optional("warning", \.warning, criteria, "One of the lists must hold to pass with a warning."),
    ]
  ).map { draft in
    SLOObjective(
      name: draft.sli, weight: draft.weight, isKey: draft.isKey,
      expectation: .criteria(pass: draft.pass, warning: draft.warning))
  }

  private static let criteria = Shape<[[SLOCriterion]]>.list(of: criteriaSet, what: "'criteria:'")

  private struct CriteriaSet: Sendable { var criteria: [SLOCriterion] = [] }

  private static let criteriaSet = Shape<CriteriaSet>.object(
    "criteria", CriteriaSet(),
    [
      .required(
        "criteria", \.criteria, .list(of: criterion, what: "criteria such as \"<=+10%\"", minimum: 1), "All must hold.")
    ]
  ).map { $0.criteria }

  private static let criterion = Shape<SLOCriterion>(
    schema: [:], expectation: "a criterion such as \"<=+10%\" or \"<600\""
  ) { node, reading in
    guard case .text(let text)? = node.scalar, let criterion = SLOCriterion(text) else {
      reading.mismatch(node, expected: "a criterion such as \"<=+10%\", \"<600\" or \"=0\"", echo: true)
      return nil
    }
    return criterion
  }

  /// A number as the file may spell it; nothing that is no finite number.
  static func number(_ text: String) -> Double? {
    guard text.utf8.count <= 30, text.isMatch(of: "[+-]?[0-9]*\\.?[0-9]+(?:[eE][+-]?[0-9]{1,3})?"),
      let value = Double(text), value.isFinite
    else { return nil }
    return value
  }
}

extension Shape {
  /// Anything, not looked at.
  static func ignored(_ value: Value) -> Shape { Shape(schema: [:], expectation: "anything") { _, _ in value } }
}

extension SLOCriterion {
  /// Reads `<=+10%`, `<600`, `=0`; nil when it is no criterion.
  package init?(_ text: String) {
    let dense = text.filter { $0 != " " }
    guard let comparator = Operator.allCases.first(where: { dense.hasPrefix($0.rawValue) }) else { return nil }
    var rest = dense.dropFirst(comparator.rawValue.count)
    let isPercentage = rest.hasSuffix("%")
    if isPercentage { rest = rest.dropLast() }
    let sign = rest.first.flatMap { $0 == "+" || $0 == "-" ? $0 : nil }
    if sign != nil { rest = rest.dropFirst() }
    guard rest.first != "+", rest.first != "-", let value = SLOGrammar.number(String(rest)) else { return nil }
    self.init(
      comparator, value, isPercentage: isPercentage, isComparison: isPercentage || sign != nil,
      isIncrease: sign == "+" || (isPercentage && sign == nil))
  }
}
