internal import SlipwayModel

/// Refuses approvals that nobody can ever give.
struct ApprovalChecks {
  let roles: [Named<[Person]>]
  let reading: Reading

  func run(_ promotion: Located<PromotionDraft>) {
    guard let approval = promotion.value.approval, let by = promotion.node["approval"]?["by"] else { return }
    var isEnough = true
    for rule in approval.rules {
      // An unknown role is reported as an unknown name, an empty one as an empty list.
      guard let people = people(rule.role), !people.isEmpty else { return }
      guard people.count < rule.count else { continue }
      isEnough = false
      reading.report(
        .meaning, by.place(rule.role.text),
        "\(rule.count) people of role '\(rule.role)' can never agree: \(people.count) hold it",
        expected: "at most \(people.count), or more people in the role")
    }
    let needed = approval.rules.reduce(0) { $0 + $1.count }
    let found = matched(approval.rules)
    guard isEnough, found < needed else { return }
    reading.report(
      .meaning, by.position,
      "this approval can never be given: one person counts once, and of \(needed) only \(found) can agree",
      expected: "smaller numbers or more people in the roles")
  }

  private func people(_ role: RoleName) -> [Person]? { roles.first { $0.name == role.text }?.value }

  /// How many of the required people can be different ones (augmenting paths).
  private func matched(_ rules: [ApprovalRule]) -> Int {
    var seat: [Person: Int] = [:]
    let seats = rules.flatMap { rule in Array(repeating: people(rule.role) ?? [], count: rule.count) }
    func assign(_ index: Int, _ visited: inout Set<Person>) -> Bool {
      for person in seats[index] where visited.insert(person).inserted {
        if let other = seat[person], !assign(other, &visited) { continue }
        seat[person] = index
        return true
      }
      return false
    }
    return seats.indices.count { index in
      var visited: Set<Person> = []
      return assign(index, &visited)
    }
  }
}
