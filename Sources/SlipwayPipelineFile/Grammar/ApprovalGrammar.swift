internal import SlipwayModel

/// Who must agree, ordinarily and for each way around a rule.
enum ApprovalGrammar {
  private struct Draft: Sendable {
    var rules: [ApprovalRule] = []
    var expires = Span.hours(24)
    var validFor: Span?
    var ownRequest = false
  }

  static let approval = Shape<Draft>.object(
    "approval", Draft(),
    [
      .required("by", \.rules, rules, "So many different people of each role; one person counts once."),
      .optional("expires", \.expires, .duration(), "After this time without a decision the promotion is rejected."),
      .optional(
        "valid_for", \.validFor, .duration(),
        "How long a yes counts, as long as 'expires' unless said; one that is older is asked for again."),
      .optional("own_request", \.ownRequest, .boolean, "Whether the person who asked may also agree."),
    ]
  ).map {
    ApprovalSpec(rules: $0.rules, expires: $0.expires, validFor: $0.validFor, ownRequest: $0.ownRequest)
  }

  static let rules = Shape<[Named<ApprovalRule>]>.names(
    .reference(to: .role), to: rule, what: "roles with numbers of people", minimum: 1
  ).checked { rules, node, reading in
    guard rules.count > 20 else { return }
    reading.report(.meaning, node.position, "\(rules.count) roles must agree", expected: "at most 20")
  }.map { rules in
    rules.map { ApprovalRule(role: RoleName($0.name), count: $0.value.count, distinct: $0.value.distinct) }
  }

  private static let count = Shape<Int>.integer(1...20, "a number of people")

  /// A number alone, or with the way it is counted.
  private static let rule: Shape<ApprovalRule> = {
    let whole = Shape<ApprovalRule>.object(
      "a rule", ApprovalRule(role: "", count: 1),
      [
        .required("count", \.count, count, "So many different people."),
        .optional(
          "distinct", \.distinct, .boolean,
          "Whether they count for this rule alone; false lets those of other rules count here too."),
      ])
    let schema: Schema = ["anyOf": .list([.object(count.schema), .object(whole.schema)])]
    return Shape(schema: schema, expectation: count.expectation) { node, reading in
      if case .mapping = node.content { return whole.read(node, reading) }
      return count.read(node, reading).map { ApprovalRule(role: "", count: $0) }
    }
  }()

  static let exceptions = Shape<ExceptionSpec>.object(
    "exceptions", ExceptionSpec(),
    [
      .optional(
        "emergency", \.emergency, agreement,
        "At any hour and in a freeze, for an incident, those on call being told; these people agree instead."),
      .optional(
        "freeze", \.freeze, agreement, "In a freeze; these people agree beside the ordinary ones."),
      .optional(
        "hotfix", \.hotfix, hotfix,
        "Without a stay in the environment before; these people, at least two, agree instead."),
      .optional(
        "break_glass", \.breakGlass, breakGlass,
        "Gates that did not pass are set aside by name, for one promotion; these people agree beside the ordinary ones."
      ),
    ])

  private static let agreement = Shape<ExceptionSpec.Agreement>.object(
    "an exception", ExceptionSpec.Agreement(rules: []),
    [
      .required("by", \.rules, rules, who), .optional("expires", \.expires, .duration(), deadline),
      .optional("review", \.review, .duration(), review),
    ])

  private static let hotfix = agreement.checked { agreement, node, reading in
    guard !agreement.rules.isEmpty, agreement.rules.reduce(0, { $0 + $1.count }) < 2 else { return }
    reading.report(
      .meaning, node.place("by"), "one person alone could send a hotfix past the environment before",
      expected: "at least two people")
  }

  private static let breakGlass = Shape<ExceptionSpec.BreakGlass>.object(
    "break_glass",
    ExceptionSpec.BreakGlass(roles: [], agreement: ExceptionSpec.Agreement(rules: [], review: .hours(72))),
    [
      .required(
        "roles", \.roles, .list(of: .reference(to: .role), what: "roles", minimum: 1, isUnique: true),
        "Who may ask for it."),
      .required("by", \.agreement.rules, rules, who),
      .optional("expires", \.agreement.expires, .duration(), deadline),
      .optional("review", \.agreement.review, .duration(), review),
    ])

  private static let who = "Who agrees, never the person who asked."
  private static let deadline = "After this time without a decision it is rejected."
  private static let review = "Within this time another person has to look back at it."
}
