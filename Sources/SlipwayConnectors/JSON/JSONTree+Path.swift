internal import SlipwayModel

extension JSONTree {
  /// Everything that `path` leads to; members of an object in the order of their names.
  func values(at path: JSONPath) -> [JSONTree] {
    path.steps.reduce([self]) { found, step in found.flatMap { $0.values(at: step) } }
  }

  private func values(at step: JSONPath.Step) -> [JSONTree] {
    switch step {
    case .name(let name): return self[name].map { [$0] } ?? []
    case .index(let index):
      let list = list
      let place = index < 0 ? list.count + index : index
      return list.indices.contains(place) ? [list[place]] : []
    case .wildcard: return members
    case .filter(let key, let isNegated, let value):
      return members.filter { member in
        // A member that is not there equals nothing (RFC 9535, 2.3.5.2.2).
        let found = key.reduce(Optional(member)) { $0?[$1] }
        return (found.map { $0.equals(value) } ?? false) != isNegated
      }
    }
  }

  private var members: [JSONTree] {
    switch self {
    case .list(let list): list
    case .object(let object): object.sorted { $0.key < $1.key }.map(\.value)
    case .null, .boolean, .integer, .number, .text: []
    }
  }

  private func equals(_ literal: JSONPath.Literal) -> Bool {
    switch (self, literal) {
    case (.text(let own), .text(let other)): own == other
    case (.integer(let own), .number(let other)): Double(own) == other
    case (.number(let own), .number(let other)): own == other
    case (.boolean(let own), .truth(let other)): own == other
    case (.null, .null): true
    default: false
    }
  }
}
