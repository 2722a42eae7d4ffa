internal import SlipwayModel

/// A gate as written; where the release comes from is known only to the promotion around it.
enum GateDraft: Sendable, Equatable {
  case verified(EnvironmentName?)
  case soak(EnvironmentName?, Span)
  case sameCommit(EnvironmentName?)
  case whole(GateSpec)

  /// The gate in a promotion that starts from `origin`; nil when it needs one and there is none.
  func spec(from origin: EnvironmentName?) -> GateSpec? {
    switch self {
    case .verified(let named): (named ?? origin).map { .verified(in: $0) }
    case .soak(let named, let span): (named ?? origin).map { .soak(in: $0, atLeast: span) }
    case .sameCommit(let named): (named ?? origin).map { .sameCommit(as: $0) }
    case .whole(let gate): gate
    }
  }
}

/// The gates of a promotion.
enum GateGrammar {
  static let gate = Shape<GateDraft>.choice(
    "gate",
    [
      .key(
        "verified", place, "The release was verified, with this very digest, in the environment it comes from.",
        bare: .verified(nil)
      ) { .verified($0.environment) },
      .key("soak", soak, "The release stayed live there without a break for at least this long; the promotion waits.") {
        .soak($0.environment, $0.span)
      },
      .key("reviews", reviews, "Review reports of these kinds were handed in and passed.") {
        .whole(.reviews($0.kinds, maxAge: $0.maxAge))
      },
      .key(
        "tests", tests, "A test report with this many executed tests and no failure.",
        bare: .whole(.tests(minimum: Tests().minimum))
      ) { .whole(.tests(minimum: $0.minimum, name: $0.name, maxAge: $0.maxAge)) },
      .key("coverage", coverage, "Lines covered by tests.") { .whole(.coverage(lines: $0.lines, maxAge: $0.maxAge)) },
      .key("vulnerabilities", vulnerabilities, "At most so many findings of each severity.") {
        .whole(.vulnerabilities(limits: $0.limits, maxAge: $0.maxAge))
      },
      .key(
        "immutable-reference", RegistryGrammar.image,
        "The artifact is named by digest and still has it; an image's registry serves it now.",
        bare: .whole(.immutableReference())
      ) { .whole(.immutableReference(platform: $0.platform, registry: $0.registry)) },
      .key("provenance", RegistryGrammar.provenance, "Signed attestations say who built this digest, and from what.") {
        .whole(.provenance($0))
      },
      .key("window", .reference(to: .window), "The named deployment window is open.") { .whole(.window($0)) },
      .word("no-freeze", .whole(.noFreeze), "No freeze covers the environment."),
      .word(
        "rollback-target", .whole(.rollbackTarget), "The release that serves now is known and can be gone back to."),
      .key(
        "same-commit", place, "What serves where the release comes from is this release, or of the same commit.",
        bare: .sameCommit(nil)
      ) { .sameCommit($0.environment) },
      .key(
        "data-ready", dataReady, "Databases and files can be reached, with the rights and the room that are needed.",
        bare: .whole(.dataReady())
      ) { .whole(.dataReady(factor: Double($0.factor))) },
      .key("dependencies", DependencyGrammar.dependencies, "Everything that the release depends on answers.") {
        .whole(.dependencies($0))
      },
      .key("command", command, "A command that exits 0; what it prints is the proof.") {
        .whole(.command(name: $0.name, run: $0.run, timeout: $0.timeout))
      },
    ])

  private struct Place: Sendable {
    var environment: EnvironmentName?
    var span = Span.zero
  }

  private struct DataReady: Sendable {
    var factor = 3
  }

  private static let dataReady = Shape<DataReady>.object(
    "data-ready", DataReady(),
    [
      .optional(
        "factor", \.factor, .integer(1...100, "a number"), "So many times the size of the data must be free.")
    ])

  private static let place = Shape<Place>.object(
    "verified", Place(),
    [.required("in", \.environment, origin, "Another environment than the one the release comes from.")])

  private static let origin = Shape<EnvironmentName>.reference(to: .environment).map { Optional($0) }

  private static let soakPlace = Shape<Place>.object(
    "soak", Place(),
    [
      .required("at_least", \.span, .duration(), "How long."),
      .optional("in", \.environment, origin, "Another environment than the one the release comes from."),
    ])

  /// A duration alone, or with the place.
  private static let soak: Shape<Place> = {
    let short = Shape<Span>.duration()
    let schema: Schema = ["anyOf": .list([.object(short.schema), .object(soakPlace.schema)])]
    return Shape(schema: schema, expectation: short.expectation) { node, reading in
      if case .mapping = node.content { return soakPlace.read(node, reading) }
      return short.read(node, reading).map { Place(span: $0) }
    }
  }()

  private static let oldest = "How old a report may be when it is used; any age when left out."

  /// The short form, or an object with it and more; a mapping is always the object.
  private static func short<Short, Long>(
    _ short: Shape<Short>, or long: Shape<Long>, _ make: @escaping @Sendable (Short) -> Long
  ) -> Shape<Long> {
    let schema: Schema = ["anyOf": .list([.object(short.schema), .object(long.schema)])]
    return Shape(schema: schema, expectation: short.expectation) { node, reading in
      if case .mapping = node.content { return long.read(node, reading) }
      return short.read(node, reading).map(make)
    }
  }

  private struct Reviews: Sendable {
    var kinds: [ReviewKind] = []
    var maxAge: Span?
  }

  private static let kinds = Shape<[ReviewKind]>.list(
    of: .word("review"), what: "reviews", minimum: 1, isUnique: true)

  private static let reviews = short(
    kinds,
    or: Shape<Reviews>.object(
      "reviews", Reviews(),
      [
        .required("kinds", \.kinds, kinds, "Which reviews."),
        .optional("max_age", \.maxAge, .duration(), oldest),
      ])
  ) { Reviews(kinds: $0) }

  private struct Tests: Sendable {
    var minimum = 1
    var name: String?
    var maxAge: Span?
  }

  private static let tests = Shape<Tests>.object(
    "tests", Tests(),
    [
      .optional("minimum", \.minimum, .integer(0...10_000_000, "a number of tests"), "So many tests must have run."),
      .optional(
        "name", \.name, .name("the name under which a test report was handed in"),
        "Only reports handed in with --name and this name; all together when left out."),
      .optional("max_age", \.maxAge, .duration(), oldest),
    ]
  ).checked { tests, node, reading in
    guard tests.minimum == 0 else { return }
    cannotFail(node.place("minimum"), "no test at all would pass", expected: "at least 1", reading)
  }

  private struct Coverage: Sendable {
    var lines = 0.0
    var maxAge: Span?
  }

  private static let lines = Shape<Double>.percent.checked { percent, node, reading in
    if percent == 0 { cannotFail(node.position, "no coverage at all would pass", expected: "more than 0%", reading) }
    if percent > 100 {
      reading.report(.meaning, node.position, "more than everything cannot be covered", expected: "at most 100%")
    }
  }

  private static let coverage = short(
    lines,
    or: Shape<Coverage>.object(
      "coverage", Coverage(),
      [
        .required("lines", \.lines, lines, "So much of all lines."),
        .optional("max_age", \.maxAge, .duration(), oldest),
      ])
  ) { Coverage(lines: $0) }

  private struct Findings: Sendable {
    var critical: Int?
    var high: Int?
    var medium: Int?
    var low: Int?
    var maxAge: Span?

    var limits: [Severity: Int] {
      let all: [(Severity, Int?)] = [(.critical, critical), (.high, high), (.medium, medium), (.low, low)]
      return Dictionary(uniqueKeysWithValues: all.compactMap { pair in pair.1.map { (pair.0, $0) } })
    }
  }

  private static let limit = Shape<Int>.integer(0...1_000_000, "a number of findings")

  private static let vulnerabilities = Shape<Findings>.object(
    "vulnerabilities", Findings(),
    [
      .optional("critical", \.critical, limit, "At most so many critical findings."),
      .optional("high", \.high, limit, "At most so many high findings."),
      .optional("medium", \.medium, limit, "At most so many medium findings."),
      .optional("low", \.low, limit, "At most so many low findings."),
      .optional("max_age", \.maxAge, .duration(), oldest),
    ]
  ).checked { findings, node, reading in
    guard case .mapping(let entries) = node.content, entries.allSatisfy({ $0.key == "max_age" }) else { return }
    cannotFail(node.position, "no severity is limited", expected: "a limit such as 'critical: 0'", reading)
  }

  private static let command = CheckGrammar.command("a gate's command")

  private static func cannotFail(_ position: YAMLPosition, _ why: String, expected: String, _ reading: Reading) {
    reading.report(.meaning, position, "this gate cannot fail: \(why)", expected: expected)
  }
}
