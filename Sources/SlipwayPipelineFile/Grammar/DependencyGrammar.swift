internal import SlipwayModel

/// What a release depends on, and how it is asked.
enum DependencyGrammar {
  static let dependencies = Shape<[Located<DependencySpec>]>.list(
    of: dependency.located, what: "dependencies, each with 'name' and a question", minimum: 1
  ).checked { dependencies, _, reading in
    var seen: Set<String> = []
    for dependency in dependencies where !seen.insert(dependency.value.name).inserted {
      reading.report(
        .structure, dependency.node.place("name"), "a dependency '\(dependency.value.name)' stands here already",
        expected: "a name of its own")
    }
  }.map { $0.map(\.value) }

  /// What is written, before the one question is told apart.
  private struct Draft: Sendable {
    var name = ""
    var critical = true
    var timeout = Span.seconds(10)
    var http: DependencySpec.HTTPQuestion?
    var sql: DependencySpec.SQLQuestion?
    var smtp: DependencySpec.SMTPQuestion?
    var command: Command?
    var environment: [String]?
    var secret: SecretText?
    var tcp: String?

    var questions: [DependencySpec.Question] {
      let all: [DependencySpec.Question?] = [
        http.map { .http($0) }, sql.map { .sql($0) }, smtp.map { .smtp($0) },
        command.map { .command(run: $0.run, environment: $0.environment) }, environment.map { .environment($0) },
        secret.map { .secret($0) }, tcp.map { .tcp($0) },
      ]
      return all.compactMap(\.self)
    }
  }

  private struct Command: Sendable {
    var run = ""
    var environment: [String: SecretText] = [:]
  }

  private static let kinds = ["http", "sql", "smtp", "command", "environment", "secret", "tcp"]

  private static let dependency: Shape<DependencySpec> = {
    let draft = Shape<Draft>.object(
      "a dependency", Draft(),
      [
        .required("name", \.name, .name("a name for the dependency"), "How status and evidence call it."),
        .optional(
          "critical", \.critical, .boolean, "Whether a promotion is blocked without it; otherwise people are only told."
        ),
        .optional("timeout", \.timeout, .duration(), "How long asking may take; then it has failed."),
        .optional("http", \.http, http, "A GET that must answer as said, such as a status page."),
        .optional("sql", \.sql, sql, "A statement in a transaction that is taken back."),
        .optional("smtp", \.smtp, smtp, "A test e-mail that the server must take."),
        .optional("command", \.command, command, "A command that exits 0."),
        .optional(
          "environment", \.environment, .list(of: variable, what: "variables", minimum: 1, isUnique: true),
          "Variables that the service must find set where it will run; values are never shown."),
        .optional(
          "secret", \.secret, .secretText("a reference such as ${env:NAME} or ${file:PATH}"),
          "A secret that must be there and not empty; never shown."),
        .optional("tcp", \.tcp, .address, "host:port that must take a connection."),
      ])
    return Shape(schema: draft.schema, expectation: draft.expectation) { node, reading in
      guard let value = draft.read(node, reading) else { return nil }
      let written = kinds.filter { node[$0] != nil }
      guard written.count == 1, let question = value.questions.first else {
        if written.count != 1 {
          reading.report(
            .structure, node.position,
            written.isEmpty
              ? "nothing is asked of '\(value.name)'"
              : "'\(value.name)' asks several things: \(written.joined(separator: ", "))",
            expected: "one of \(kinds.joined(separator: ", "))")
        }
        return nil
      }
      if case .secret(let secret) = question, !secret.isSecret {
        reading.report(
          .secret, node.place("secret"), "this is no reference", expected: "${env:NAME} or ${file:PATH}")
      }
      return DependencySpec(
        name: value.name, critical: value.critical, timeout: value.timeout, question: question)
    }
  }()

  private static let variable = Shape<String>.pattern(
    "[A-Za-z_][A-Za-z0-9_]{0,99}", "the name of a variable", show: { .text($0) }, parse: { $0 })

  private static let http = Shape<DependencySpec.HTTPQuestion>.object(
    "http", DependencySpec.HTTPQuestion(url: SecretText("")),
    [
      .required("url", \.url, .secretURL, "Asked with GET; redirects are not followed."),
      .optional("status", \.status, .integer(100...599, "an HTTP status"), "The status it must answer."),
      .optional("contains", \.contains, .text("text of the body"), "What the body must contain."),
      .optional("headers", \.headers, .headers, "Headers; values may refer to ${env:NAME} or ${file:PATH}."),
    ])

  private static let sql = Shape<DependencySpec.SQLQuestion>.object(
    "sql", DependencySpec.SQLQuestion(url: SecretText(""), query: ""),
    [
      .required(
        "url", \.url, .secretText("postgresql://user@host:port/database"), "The database; parts may be references."),
      .required("query", \.query, .text("a statement"), "Run in a transaction that is taken back."),
      .optional(
        "expect", \.expect, scalar, "What the first value of the first row must be; there must be a row when left out."),
    ])

  /// A value as PostgreSQL would print it: `12` and `t` need no quotes here.
  private static let scalar = Shape<String>(
    schema: ["type": .list([.text("string"), .text("number"), .text("boolean")])], expectation: "a value"
  ) { node, reading in
    guard let text = node.text, node.scalar != .null else {
      reading.mismatch(node, expected: "a value", echo: false)
      return nil
    }
    switch node.scalar {
    case .boolean(let value)?: return value ? "t" : "f"
    default: return text
    }
  }

  private static let mailbox = Shape<String>.pattern(
    "[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?",
    "an address such as checks@example.com", show: { .text($0) }, parse: { $0 })

  private static let host = Shape<String>.pattern(
    "[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,45}", "a host such as mail.example.com",
    show: { .text($0) }, parse: { $0 })

  private static let smtp = Shape<DependencySpec.SMTPQuestion>.object(
    "smtp", DependencySpec.SMTPQuestion(host: "", from: "", to: ""),
    [
      .required("host", \.host, host, "The mail server."),
      .optional("port", \.port, .port, "Its port."),
      .optional("tls", \.tls, .word("tls"), "none, starttls, or tls from the first byte on."),
      .optional("user", \.user, .secretText("a user's name"), "Who signs in; nobody when left out."),
      .optional("password", \.password, .secretText("a reference such as ${env:NAME}"), "The user's password."),
      .required("from", \.from, mailbox, "Who the test mail is from."),
      .required("to", \.to, mailbox, "Who gets the test mail: best a sink."),
      .optional("ca", \.ca, .text("a file with certificates"), "PEM file with the certificates that sign its own."),
    ]
  ).checked { smtp, node, reading in
    if (node["user"] == nil) != (node["password"] == nil) {
      reading.report(
        .meaning, node.position, "a user needs a password, and a password a user", expected: "both, or neither")
    }
    if smtp.ca != nil, smtp.tls == .none {
      reading.report(
        .meaning, node.place("ca"), "without TLS there are no certificates", expected: "'tls: starttls' or 'tls: tls'")
    }
  }

  private static let command = Shape<Command>.object(
    "command", Command(),
    [
      .required("run", \.run, .command, "Run by sh -c; exit code 0 passes; sees the variables of a deployment."),
      .optional(
        "environment", \.environment, .variables, "Variables; values may refer to ${env:NAME} or ${file:PATH}."),
    ]
  ).checked { command, node, reading in
    guard !command.run.isEmpty, command.run.isNoCommand else { return }
    reading.report(
      .meaning, node.place("run"), "this command cannot fail", expected: "a command whose exit code says something")
  }
}
