internal import Foundation
internal import SlipwayModel

/// What closes a promotion.
enum ExitGrammar {
  private struct Draft: Sendable {
    var id = ""
    var run: String?
    var environment: [String: SecretText] = [:]
    var timeout = Span.minutes(1)
    var sql: SQLExit?
    var handoff: String?
    var isBlocking = true

    var gate: ExitGate {
      let deed: ExitGate.Deed =
        if let sql { .sql(sql) } else if let handoff { .handoff(path: handoff) } else {
          .command(run: run ?? "", environment: environment, timeout: timeout)
        }
      return ExitGate(id: id, deed: deed, isBlocking: isBlocking)
    }
  }

  static let exits = Shape<[Located<ExitGate>]>.list(of: exit.located, what: "exit gates").checked {
    gates, _, reading in
    var seen: Set<String> = []
    for gate in gates where !seen.insert(gate.value.id).inserted {
      reading.report(
        .structure, gate.node.place("id"), "an exit gate '\(gate.value.id)' stands here already",
        expected: "an id of its own")
    }
  }.map { $0.map(\.value) }

  private static let exit = Shape<Draft>.object(
    "an exit gate", Draft(),
    [
      .required("id", \.id, .name("an id"), "How status and evidence call it."),
      .optional(
        "run", \.run, DeployGrammar.effective,
        "A command that ends with 0, such as a test alert that is seen; must be harmless when repeated."),
      .optional("environment", \.environment, .variables, DeployGrammar.variables),
      .optional("timeout", \.timeout, .duration(), "How long the command may take."),
      .optional("sql", \.sql, sql, "One change in the project's own database."),
      .optional(
        "handoff", \.handoff, path,
        "The handoff document is written to this file; ${release}, ${environment}, ${project} and ${run} are replaced."),
      .optional(
        "blocking", \.isBlocking, .boolean, "Whether changes in databases after it are left out when it fails."),
    ]
  ).checked { _, node, reading in
    let deeds = ["run", "sql", "handoff"].filter { node[$0] != nil }
    guard deeds.count != 1 else { return }
    reading.report(
      .structure, node.position, deeds.isEmpty ? "this exit gate does nothing" : "this exit gate does several things",
      expected: "one of 'run', 'sql', 'handoff'")
  }.map { $0.gate }

  private static let sql = Shape<SQLExit>.object(
    "sql", SQLExit(database: SecretText(""), update: SQLTemplate("")),
    [
      .required(
        "database", \.database, .secretText("postgresql://user@host:port/database"), "Where the change is made."),
      .required(
        "update", \.update, template(["UPDATE", "INSERT", "DELETE"]),
        "One UPDATE, INSERT or DELETE; ${project}, ${release} and other facts stand in it as values, without quotes."),
      .optional("rows", \.rows, .integer(0...1_000_000, "a number of rows"), "How many rows it must change, exactly."),
      .optional(
        "read_back", \.readBack, template(["SELECT", "TABLE", "VALUES"]),
        "A query whose first value is true once the change is there; with it a repeat of any change is harmless."),
    ])

  private static func template(_ verbs: [String]) -> Shape<SQLTemplate> {
    Shape<String>.text("one SQL statement", .shell).map { SQLTemplate($0) }.checked { template, node, reading in
      if let problem = template.problem {
        reading.report(
          .meaning, node.position, "this SQL cannot be used: \(problem)",
          expected: "one statement with facts such as ${\(SQLTemplate.facts.joined(separator: "}, ${"))}")
      } else if !verbs.contains(template.verb) {
        reading.report(
          .meaning, node.position, "this SQL begins with '\(template.verb.prefix(20))'",
          expected: "one of \(verbs.joined(separator: ", "))")
      } else if template.text.lowercased().contains("returning") {
        reading.report(.meaning, node.position, "the rows are counted by Slipway", expected: "no RETURNING")
      }
    }
  }

  private static let path = Shape<String>.text("a path of a file", .shell).checked { path, node, reading in
    if path.split(separator: "/").contains("..") || path.hasSuffix("/") {
      reading.report(
        .meaning, node.position, "this is no path of a file below the pipeline file's folder",
        expected: "such as handoff/${release}.md")
    }
    for piece in path.components(separatedBy: "${").dropFirst() {
      let name = piece.prefix { $0 != "}" }
      guard !HandoffPath.facts.contains(String(name)) else { continue }
      reading.report(
        .meaning, node.position, "'${\(name.prefix(40))}' is not replaced in a path",
        expected: "${\(HandoffPath.facts.joined(separator: "}, ${"))}")
    }
  }
}
