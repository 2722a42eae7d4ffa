internal import SlipwayModel

/// Who holds a role: a list of people, or what a signed token must say.
enum RoleGrammar {
  static let role: Shape<RoleSpec> = {
    let schema: Schema = ["anyOf": .list([.object(people.schema), .object(whole.schema)])]
    return Shape(schema: schema, expectation: people.expectation) { node, reading in
      if case .mapping = node.content { return whole.read(node, reading) }
      return people.read(node, reading).map { RoleSpec(people: $0) }
    }
  }()

  private static let people = Shape<[Person]>.list(of: .person, what: "people", minimum: 1, isUnique: true)

  private static let names = Shape<[String]>.list(
    of: .text("a group or team as the identity provider names it"), what: "groups or teams", minimum: 1, isUnique: true)

  private static let whole = Shape<RoleSpec>.object(
    "a role", RoleSpec(people: []),
    [
      .optional("people", \.people, people, "People who hold it by name."),
      .optional("groups", \.groups, names, "Groups of the identity provider whose members hold it."),
      .optional("teams", \.teams, names, "Teams of which the holder must be a member of one."),
      .optional("mfa", \.needsMFA, .boolean, "Whether the holder must have proven a second factor."),
    ]
  ).checked { role, node, reading in
    guard role.people.isEmpty, role.groups.isEmpty, node["people"] == nil, node["groups"] == nil else { return }
    reading.report(
      .meaning, node.position, "nobody can hold this role", expected: "'people:', or 'groups:' of the identity provider"
    )
  }
}
