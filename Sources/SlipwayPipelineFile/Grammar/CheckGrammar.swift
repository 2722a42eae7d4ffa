internal import SlipwayModel

/// Smoke tests, and commands with a name.
enum CheckGrammar {
  static let checks = Shape<[Located<CheckSpec>]>.list(of: check.located, what: "checks").checked {
    checks, _, reading in
    var seen: Set<String> = []
    for check in checks where !seen.insert(check.value.name).inserted {
      reading.report(
        .structure, check.node.position, "a check named '\(check.value.name)' stands in this list already",
        expected: "a name of its own")
    }
  }.map { $0.map(\.value) }

  static let check = Shape<CheckSpec>.choice("check", variants)

  /// Each kind of check.
  static let variants: [Variant<CheckSpec>] =
    [
      .key("http", http, "A GET that must answer as said.") {
        .http(name: $0.name, path: $0.path, status: $0.status, contains: $0.contains, timeout: $0.timeout)
      },
      .key(
        "command", command("a check's command"),
        "A command that exits 0; sees SLIPWAY_URL and the deployment's variables."
      ) {
        .command(name: $0.name, run: $0.run, timeout: $0.timeout)
      },
    ] + dataVariants + [signInVariant]

  private struct Request: Sendable {
    var name = ""
    var path = ""
    var status = 200
    var contains: String?
    var timeout = Span.seconds(5)
  }

  private static let http = Shape<Request>.object(
    "an http check", Request(),
    [
      .required("name", \.name, .name("a name for the check"), "How status and evidence call it."),
      .required("path", \.path, .path(.release), "Asked with GET; ${release} is replaced."),
      .optional("status", \.status, .integer(100...599, "an HTTP status"), "The status it must answer."),
      .optional(
        "contains", \.contains, .text("text of the body", .release),
        "What the body must contain; ${release} is replaced."),
      .optional("timeout", \.timeout, .duration(), "How long the answer may take."),
    ])

  /// A command with a name and a time limit.
  struct Command: Sendable {
    var name = ""
    var run = ""
    var timeout = Span.minutes(1)
  }

  static func command(_ what: String) -> Shape<Command> {
    .object(
      what, Command(),
      [
        .required("name", \.name, .name("a name for the command"), "How status and evidence call it."),
        .required("run", \.run, .command, "Run by sh -c; exit code 0 passes."),
        .optional("timeout", \.timeout, .duration(), "How long it may take; then it has failed."),
      ]
    ).checked { command, node, reading in
      guard !command.run.isEmpty, command.run.isNoCommand else { return }
      reading.report(
        .meaning, node.place("run"), "this command cannot fail", expected: "a command whose exit code says something")
    }
  }
}
