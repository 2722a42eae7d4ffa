/// Who holds a role: people by name, or by what a signed token says of them.
package struct RoleSpec: Codable, Sendable, Equatable, ExpressibleByArrayLiteral {
  package var people: [Person]
  /// Groups of the identity provider whose members hold the role.
  package var groups: [String]
  /// Teams of which the holder must also be a member of one; empty asks for none.
  package var teams: [String]
  /// Whether the holder must have proven a second factor (E8).
  package var needsMFA: Bool

  package init(people: [Person] = [], groups: [String] = [], teams: [String] = [], needsMFA: Bool = false) {
    self.people = people
    self.groups = groups
    self.teams = teams
    self.needsMFA = needsMFA
  }

  package init(arrayLiteral people: Person...) { self.init(people: people) }

  /// Whether `identity` holds the role: by name or group, and by team and second factor where they are asked for.
  package func isHeld(by identity: Identity) -> Bool { obstacle(to: identity) == nil }

  /// What keeps `identity` from holding the role, in words that continue "because …"; nil when nothing does.
  package func obstacle(to identity: Identity) -> String? {
    let isNamed = people.contains(identity.person) || !Set(groups).isDisjoint(with: identity.groups)
    guard isNamed else {
      return groups.isEmpty
        ? "the file does not name them" : "they are neither named nor in group \(groups.joined(separator: " or "))"
    }
    if !teams.isEmpty, Set(teams).isDisjoint(with: identity.teams) {
      return "they are in none of the teams \(teams.joined(separator: ", "))"
    }
    if needsMFA, !identity.mfa, !Mutant.forgetSecondFactor.isActive { return "no second factor was proven" }
    return nil
  }

  /// How many different people can hold it at most, as far as the file says; nil where the identity provider knows.
  package var size: Int? { groups.isEmpty ? Set(people).count : nil }
}
