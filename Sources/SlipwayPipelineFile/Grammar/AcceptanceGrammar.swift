internal import SlipwayModel

/// Where risk acceptances are recorded, and what one looks like.
enum AcceptanceGrammar {
  private static let file = Shape<String>.text("a file, from the folder of the pipeline file")
    .map { AcceptanceSpec(file: $0) }

  private static let whole = Shape<AcceptanceSpec>.object(
    "acceptances", AcceptanceSpec(file: ""),
    [
      .required(
        "file", \.file, .text("a file, from the folder of the pipeline file"), "A YAML list of accepted findings."),
      .optional(
        "roles", \.roles, .list(of: .reference(to: .role), what: "roles", minimum: 1, isUnique: true),
        "Who may take a risk: 'by' must be named in one of these roles; anybody when left out."),
    ])

  /// The file alone, or with the roles.
  static let spec = Shape<AcceptanceSpec>(
    schema: ["anyOf": .list([.object(file.schema), .object(whole.schema)])], expectation: file.expectation
  ) { node, reading in
    if case .mapping = node.content { return whole.read(node, reading) }
    return file.read(node, reading)
  }

  private struct Scope: Sendable {
    var environments: [EnvironmentName] = []
    var releases: [ReleaseID] = []
    var packages: [String] = []
  }

  private struct Draft: Sendable {
    var id = ""
    var reason = ""
    var by = Person("")
    var until = Timestamp(milliseconds: 0)
    var scope = Scope()
  }

  private static let scope = Shape<Scope>.object(
    "scope", Scope(),
    [
      .optional(
        "environments", \.environments,
        .list(of: .reference(to: .environment), what: "environments", minimum: 1, isUnique: true),
        "Where it holds; everywhere when left out."),
      .optional(
        "releases", \.releases,
        .list(of: Shape<String>.name("a release").map { ReleaseID($0) }, what: "releases", minimum: 1, isUnique: true),
        "For which releases it holds; for all when left out."),
      .optional(
        "packages", \.packages, .list(of: .text("a package or a file"), what: "packages", minimum: 1, isUnique: true),
        "The packages or files it is about, with or without version; all when left out."),
    ])

  /// A day ends with its last second in UTC.
  private static let end = Shape<Timestamp>.pattern(
    "[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2}))?",
    "the day on which it ends, such as 2026-12-31, or an instant; an acceptance without end is none",
    show: { .text($0.description) },
    parse: { text in
      Timestamp(rfc3339: text) ?? Timestamp(rfc3339: text + "T00:00:00Z").map { $0 + .hours(24) }
    })

  private static let entry = Shape<Draft>.object(
    "an acceptance", Draft(),
    [
      .required("id", \.id, .text("the finding's id, such as CVE-2026-12345"), "The finding's id or an alias of it."),
      .required("reason", \.reason, .text("why the risk is taken, as people will read it"), "Why the risk is taken."),
      .required("by", \.by, .person, "Who takes it."),
      .required("until", \.until, end, "When it ends; without an end nothing is accepted."),
      .optional("scope", \.scope, scope, "What it is limited to."),
    ])

  /// The whole file.
  static let entries = Shape<[RiskAcceptance]>.list(
    of: entry.map { draft in
      RiskAcceptance(
        id: draft.id, reason: draft.reason, by: draft.by, until: draft.until, environments: draft.scope.environments,
        releases: draft.scope.releases, packages: draft.scope.packages)
    }, what: "acceptances, each with 'id', 'reason', 'by' and 'until'")
}
