/// The path of a handoff document, with what may stand in it.
package enum HandoffPath {
  package static let facts = ["release", "environment", "project", "run"]

  /// `path` with its facts; whatever would lead to another folder becomes a dash.
  package static func resolved(_ path: String, _ facts: [String: String?]) -> String {
    var path = path
    for name in Self.facts {
      let value = (facts[name] ?? nil) ?? ""
      let safe = String(value.map { $0 == "/" || $0 == "\0" || $0.isNewline ? "-" : $0 })
      path = path.replacing("${\(name)}", with: safe.allSatisfy { $0 == "." } ? "-" : safe)
    }
    return path
  }
}
