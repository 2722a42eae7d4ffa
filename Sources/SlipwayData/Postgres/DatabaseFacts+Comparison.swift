package import SlipwayModel

extension DatabaseFacts {
  /// Whether a copy holds what this holds: rows of each table, validated constraints, extensions.
  package func checks(of copy: DatabaseFacts) -> [DataCheck] {
    let own = Dictionary(tables.map { ($0.name, $0.rows) }) { first, _ in first }
    let other = Dictionary(copy.tables.map { ($0.name, $0.rows) }) { first, _ in first }
    var wrong: [String] = []
    for name in Set(own.keys).union(other.keys).sorted() where own[name] != other[name] {
      switch (own[name], other[name]) {
      case (let rows?, nil): wrong.append("\(name) is missing (\(rows) rows)")
      case (nil, _): wrong.append("\(name) is there and should not be")
      case (let rows?, let found?): wrong.append("\(name) has \(found) rows, not \(rows)")
      }
    }
    let missing = Set(constraints).subtracting(copy.constraints).sorted()
    let absent = Set(extensions.map(\.name)).subtracting(copy.extensions.map(\.name)).sorted()
    return [
      DataCheck(
        "rows", passed: wrong.isEmpty,
        detail: wrong.isEmpty ? "\(rows) rows in \(tables.count) tables, as in \(name)" : Self.list(wrong)),
      DataCheck(
        "constraints", passed: missing.isEmpty,
        detail: missing.isEmpty
          ? "\(constraints.count) constraints valid" : "not there or not valid: " + Self.list(missing)),
      DataCheck(
        "extensions", passed: absent.isEmpty,
        detail: absent.isEmpty ? "\(extensions.count) extensions" : "missing: " + Self.list(absent)),
    ]
  }

  private static func list(_ items: [String]) -> String {
    items.prefix(10).joined(separator: "; ") + (items.count > 10 ? "; and \(items.count - 10) more" : "")
  }
}
