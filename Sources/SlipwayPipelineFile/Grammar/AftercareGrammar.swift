internal import SlipwayModel

/// What is looked at once a release serves (E14).
enum AftercareGrammar {
  /// `standard`, or the phases as they are to be.
  static let after: Shape<AftercareSpec> = {
    let word: Schema = [
      "const": .text("standard"),
      "description": .text("Three phases with the usual checks: 5 minutes, 30 minutes, 24 hours."),
    ]
    let what = "'standard', or a mapping with 'alive:', 'healthy:', 'lasting:'"
    return Shape(schema: ["anyOf": .list([.object(word), .object(phases.schema)])], expectation: what) {
      node, reading in
      guard case .scalar = node.content else { return phases.read(node, reading) }
      if node.scalar == .text("standard") { return .standard }
      reading.mismatch(node, expected: what, echo: true)
      return nil
    }
  }()

  private static let phases = Shape<AftercareSpec>.object(
    "'after'", .standard,
    [
      .optional(
        "alive", \.alive, phase(.alive), "Whether it is there, from the moment it serves; left out: the standard one."),
      .optional(
        "healthy", \.healthy, phase(.healthy),
        "Whether it is as good as what served before; left out: the standard one."),
      .optional("lasting", \.lasting, phase(.lasting), "Whether it stays so; left out: the standard one."),
    ]
  ).checked { spec, node, reading in
    checkOrder(spec, node, reading)
    checkNumber(spec, node, reading)
  }

  private static func checkOrder(_ spec: AftercareSpec, _ node: YAMLNode, _ reading: Reading) {
    for (earlier, later) in zip(AftercarePhase.allCases, AftercarePhase.allCases.dropFirst())
    where spec[later].until < spec[earlier].until {
      reading.report(
        .meaning, node[later.rawValue]?.place("until") ?? node.place(earlier.rawValue),
        "'\(later.rawValue)' ends \(spec[later].until) after the release serves, before '\(earlier.rawValue)' does "
          + "(\(spec[earlier].until))", expected: "later ends for later phases")
    }
  }

  /// Each look is an entry of the journal.
  private static let mostLooks: Int64 = 3_000

  private static func checkNumber(_ spec: AftercareSpec, _ node: YAMLNode, _ reading: Reading) {
    for phase in AftercarePhase.allCases where spec[phase].every > .zero {
      let looks = (spec[phase].until - spec.start(of: phase)).milliseconds / spec[phase].every.milliseconds
      guard looks > mostLooks else { continue }
      reading.report(
        .meaning, node[phase.rawValue]?.place("every") ?? node.position,
        "'\(phase.rawValue)' would look \(looks) times, and each look is kept",
        expected: "at most \(mostLooks) looks in a phase")
    }
  }

  private static func phase(_ phase: AftercarePhase) -> Shape<AftercarePhaseSpec> {
    .object(
      "'\(phase.rawValue)'", AftercareSpec.standard[phase],
      [
        .optional("until", \.until, .duration(), "When it ends, counted from the moment the release serves."),
        .optional("every", \.every, .duration(), "Time between two looks."),
        .optional("checks", \.checks, checks, "What is looked at; left out: the standard checks of the phase."),
      ])
  }

  private static let checks = Shape<[Located<AftercareCheck>]>.list(of: check.located, what: "checks").checked {
    checks, _, reading in
    var seen: Set<String> = []
    for check in checks where !seen.insert(check.value.name).inserted {
      reading.report(
        .structure, check.node.position, "a check named '\(check.value.name)' stands in this phase already",
        expected: "a name of its own")
    }
  }.map { $0.map(\.value) }

  private static let check = Shape<AftercareCheck>.choice(
    "check", counted + outside + CheckGrammar.variants.map { $0.map { AftercareCheck(.check($0)) } })

  private static let counted: [Variant<AftercareCheck>] = [
    variant("liveness", [], "The release's own slot answers health.", bare: .liveness) { _ in .liveness },
    variant("readiness", [], "The front door answers health.", bare: .readiness) { _ in .readiness },
    variant("processes", [], "No process crashed.", bare: .processes, looks: 1) { _ in .processes },
    variant("version", [], "The front door says that it is this release.", bare: .version) { _ in .version },
    variant(
      "dependencies", [], "The dependencies of the promotion's gates answer.", bare: .dependencies
    ) { _ in .dependencies },
    variant(
      "traffic",
      [.optional("minimum", \.minimum, .integer(1...1_000_000_000, "a number of requests"), "So many at least.")],
      "Requests came in since it serves.", bare: .traffic(minimum: 1), looks: 4
    ) { .traffic(minimum: $0.minimum) },
    variant(
      "error_rate", [.optional("above", \.above, .fraction, "Not more than this; 1% when left out.")],
      "Share of failed requests in the newest five minutes.", bare: .errorRate(above: 0.01)
    ) { .errorRate(above: $0.above ?? 0.01) },
    variant(
      "p99_increase", [.optional("above", \.above, .fraction, "Not more than this; 10% when left out.")],
      "99th percentile of latency against what served before the promotion: 10% is 1.1 times.",
      bare: .p99Increase(above: 0.1), looks: 3
    ) { .p99Increase(above: $0.above ?? 0.1) },
    variant(
      "throughput",
      [
        .optional("below", \.below, .fraction, "Not less than this share; 50% when left out."),
        .optional("above", \.above, .fraction, "Not more than this share; 200% when left out."),
      ], "Requests a second against those before the promotion.", bare: .throughput(below: 0.5, above: 2), looks: 3
    ) { .throughput(below: $0.below ?? 0.5, above: $0.above ?? 2) },
  ]

  // MARK: What every check has

  /// A check as written; each kind has its own part of the fields.
  struct Draft: Sendable {
    var name: String?
    var then = AftercareConsequence.alert
    var looks: Int?
    var minimum = 1
    var above: Double?
    var below: Double?
    var url = SecretText("")
    var alertmanager: SecretText?
    var matchers: [String] = []
    var rules = MonitoringRule.standard
    var headers: [String: SecretText] = [:]
    var timeout: Span?
    var gauge: String?
    var within: Span?
    var rises: Double?
    var falls: Double?
    var grows: Double?
    var drop: Double?
    var rise: Double?
    var source: FigureSpec.Source?
    var test: CheckSpec?
  }

  /// A key of its own fields beside name, consequence and patience; with `bare` the word alone too.
  static func variant(
    _ name: String, _ fields: [Field<Draft>], _ description: String, bare: AftercareQuestion? = nil, looks: Int = 2,
    checked: @escaping @Sendable (Draft, YAMLNode, Reading) -> Void = { _, _, _ in },
    _ question: @escaping @Sendable (Draft) -> AftercareQuestion
  ) -> Variant<AftercareCheck> {
    let common: [Field<Draft>] = [
      .optional("name", \.name, .name("a name for the check"), "How messages and evidence call it."),
      .optional(
        "then", \.then, .word("a consequence"),
        "alert: people are told. ask-rollback: told with the command that goes back; nothing goes back by itself."),
      .optional(
        "looks", \.looks, .integer(1...1_000, "a number of looks"),
        "So many in a row must find it before people are told, and so many must not before it is over; \(looks) when left out."
      ),
    ]
    let shape = Shape<Draft>.object("'\(name)'", Draft(), common + fields).checked(checked)
    return .key(name, shape, description, bare: bare.map { AftercareCheck($0, patience: looks) }) {
      AftercareCheck(question($0), name: $0.name, then: $0.then, patience: $0.looks ?? looks)
    }
  }
}
