internal import SlipwayModel

/// What stands in the registry of guardrails.
enum GuardrailGrammar {
  private struct Draft: Sendable {
    var id = GuardrailID.evidenceRequired
    var enforce = true
    var reason = ""
    var by: Person?
    var except: [ExceptionWord] = []
  }

  private static let entry = Shape<Draft>.object(
    "a guardrail", Draft(),
    [
      .required("id", \.id, .word("guardrail"), "Which one."),
      .required("enforce", \.enforce, .boolean, "Whether it holds. One that is not named here holds."),
      .required("reason", \.reason, .text("why, as people will read it"), "Why it holds, or why it does not."),
      .optional("by", \.by, .person, "Who turned it off; needed with 'enforce: false'."),
      .optional(
        "except", \.except, .list(of: .word("exception"), what: "exceptions", minimum: 1, isUnique: true),
        "Exceptions of the pipeline file that may set it aside."),
    ]
  ).checked { draft, node, reading in
    if !draft.enforce, draft.by == nil, node["by"] == nil {
      reading.report(
        .structure, node.position, "'\(draft.id.rawValue)' is turned off, and nobody stands by it",
        expected: "'by:' with a name")
    }
  }

  private static let entries = Shape<[Located<Draft>]>.list(
    of: entry.located, what: "guardrails, each with 'id', 'enforce' and 'reason'", minimum: 1
  ).checked { entries, _, reading in
    var seen: Set<GuardrailID> = []
    for entry in entries where !seen.insert(entry.value.id).inserted {
      reading.report(
        .structure, entry.node.place("id"), "'\(entry.value.id.rawValue)' stands here already", expected: "each once")
    }
  }

  /// The lines of the registry.
  static func rules(_ root: YAMLNode, protected: [EnvironmentName], _ reading: Reading) -> [Guardrail] {
    (entries.read(root, reading) ?? []).map { entry in
      let draft = entry.value
      // Whatever its owner writes: some things nobody may turn off (E17).
      if !draft.enforce, draft.id.isSacred, let name = protected.first {
        reading.report(
          .meaning, entry.node.place("enforce"),
          "'\(draft.id.rawValue)' cannot be turned off, because '\(name)' is protected", expected: "'enforce: true'")
      }
      return Guardrail(
        id: draft.id, enforce: draft.enforce, reason: draft.reason, by: draft.by, except: draft.except,
        line: entry.node.position.line)
    }
  }
}
