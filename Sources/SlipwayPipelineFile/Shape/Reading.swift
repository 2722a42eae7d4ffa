/// What has been found while one file is read: mistakes, names, and claims to things that only one can have.
///
/// Confined to the reading of one file.
final class Reading {
  /// How many near misses are looked for; whoever makes more mistakes than this reads the first of them.
  private static let mostSuggestions = 100

  /// What a name can stand for.
  enum Kind: String, CaseIterable {
    case environment, role, window
  }

  /// Something that two places must not share.
  struct Claim {
    var what: String
    /// For network addresses: equal ports collide where one host is a wildcard.
    var port: Int?
    var position: YAMLPosition
  }

  var problems: [PipelineProblem] = []
  /// Where the file lies, for files that it names; nil where that is not known, and they are not looked at.
  var folder: String?
  private var definitions: [Kind: [String: YAMLPosition]] = [:]
  private var references: [(kind: Kind, name: String, position: YAMLPosition)] = []
  private var claims: [Claim] = []
  private var suggestions = 0

  /// The name that was probably meant; bounded in all, because the search is quadratic.
  func near(_ word: String, _ known: [String]) -> String? {
    suggestions += 1
    return suggestions <= Self.mostSuggestions ? NearMiss.of(word, among: known.prefix(1_000)) : nil
  }

  /// A list of names for a message.
  private func oneOf(_ known: [String]) -> String {
    "one of " + known.prefix(20).joined(separator: ", ") + (known.count > 20 ? ", …" : "")
  }

  func report(
    _ code: PipelineProblem.Code, _ position: YAMLPosition, _ message: String, expected: String? = nil,
    suggestion: String? = nil
  ) {
    problems.append(PipelineProblem(code, at: position, message, expected: expected, suggestion: suggestion))
  }

  /// Reports a value of the wrong kind; `echo` only where it can be no secret.
  func mismatch(_ node: YAMLNode, expected: String, echo: Bool, suggestion: String? = nil) {
    let found: String
    switch node.content {
    case .sequence: found = "a list"
    case .mapping: found = "a mapping"
    case .scalar(let text, let isPlain):
      let scalar = YAMLScalar(text, isPlain: isPlain)
      found = scalar == .null ? "nothing" : echo ? "'\(text.shortened)'" : scalar.kind
    }
    report(.structure, node.position, "\(found) stands here", expected: expected, suggestion: suggestion)
  }

  func unknownKey(_ entry: YAMLEntry, in what: String, known: [String]) {
    report(
      .structure, entry.position, "\(what) has no key '\(entry.key.shortened)'",
      expected: known.isEmpty ? nil : oneOf(known),
      suggestion: near(entry.key, known))
  }

  func unknownWord(_ text: String, _ position: YAMLPosition, what: String, known: [String]) {
    let kind = ["a ", "an "].first(where: what.hasPrefix).map { what.dropFirst($0.count) } ?? what[...]
    report(
      .structure, position, "'\(text.shortened)' is no \(kind)", expected: oneOf(known),
      suggestion: near(text, known))
  }

  func refuseRepeats(in nodes: [YAMLNode]) {
    var seen: Set<String> = []
    for node in nodes {
      if case .scalar(let text, _) = node.content, !seen.insert(text).inserted {
        report(.structure, node.position, "'\(text.shortened)' stands in this list twice", expected: "each once")
      }
    }
  }

  /// Notes that `name` exists.
  func define(_ kind: Kind, _ name: String, _ position: YAMLPosition) {
    definitions[kind, default: [:]][name] = position
  }

  /// Notes that `name` must exist.
  func refer(_ kind: Kind, _ name: String, _ position: YAMLPosition) { references.append((kind, name, position)) }

  /// Whether `name` stands in the file, well formed or not.
  func knows(_ kind: Kind, _ name: String) -> Bool { definitions[kind]?[name] != nil }

  func claim(_ what: String, port: Int? = nil, _ position: YAMLPosition) {
    claims.append(Claim(what: what, port: port, position: position))
  }

  /// Reports names that lead nowhere and things that two places claim.
  func settle() {
    let names = definitions.mapValues { $0.keys.sorted() }
    for reference in references where !knows(reference.kind, reference.name) {
      let known = names[reference.kind] ?? []
      let expected = known.isEmpty ? "'\(reference.kind)s:' to define it" : oneOf(known)
      report(
        .unknownName, reference.position, "\(reference.kind) '\(reference.name.shortened)' is not in this file",
        expected: expected, suggestion: near(reference.name, known))
    }
    var taken: [String: YAMLPosition] = [:]
    let wildcards = Set(claims.filter(\.isWildcard).compactMap(\.port))
    // By place, so that the first in the file owns it.
    for claim in claims.sorted(by: { $0.position < $1.position }) {
      let key = claim.port.flatMap { wildcards.contains($0) ? "port \($0)" : nil } ?? claim.what
      if let first = taken[key] {
        report(
          .meaning, claim.position, "\(claim.what) is taken already in line \(first.line)",
          expected: "one of its own for every router, slot and environment")
      } else {
        taken[key] = claim.position
      }
    }
  }
}

extension Reading.Claim {
  fileprivate var isWildcard: Bool { ["0.0.0.0:", "[::]:", "*:"].contains { what.hasPrefix($0) } }
}
