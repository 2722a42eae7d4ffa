internal import SlipwayModel

/// Refuses approvals that nobody can ever give.
struct ApprovalChecks {
  let roles: [Named<RoleSpec>]
  let reading: Reading

  func run(_ promotion: Located<PromotionDraft>) {
    let ordinary = promotion.value.approval?.rules ?? []
    check(ordinary, promotion.node["approval"]?["by"])
    let exceptions = promotion.value.exceptions
    let node = promotion.node["exceptions"]
    check(exceptions.emergency?.rules, node?["emergency"]?["by"])
    check(exceptions.hotfix?.rules, node?["hotfix"]?["by"])
    // Beside the ordinary people.
    check((exceptions.freeze?.rules).map { $0 + ordinary }, node?["freeze"]?["by"])
    check((exceptions.breakGlass?.agreement.rules).map { $0 + ordinary }, node?["break_glass"]?["by"])
  }

  private func check(_ rules: [ApprovalRule]?, _ by: YAMLNode?) {
    guard let rules, !rules.isEmpty, let by else { return }
    var isEnough = true
    for rule in rules {
      // An unknown role is reported as an unknown name, an empty one as an empty list; who is in a group only the provider knows.
      guard let role = role(rule.role) else { return }
      guard let size = role.size else { continue }
      if size == 0 { return }
      guard size < rule.count else { continue }
      isEnough = false
      reading.report(
        .meaning, by.place(rule.role.text),
        "\(rule.count) people of role '\(rule.role)' can never agree: \(size) hold it",
        expected: "at most \(size), or more people in the role")
    }
    // Groups may hold anybody; only rules over named people can be seen to ask for too many.
    let named = rules.filter { $0.distinct && role($0.role)?.size != nil }
    let needed = named.reduce(0) { $0 + $1.count }
    let found = matched(named)
    guard isEnough, found < needed else { return }
    reading.report(
      .meaning, by.position,
      "this approval can never be given: one person counts once, and of \(needed) only \(found) can agree",
      expected: "smaller numbers or more people in the roles")
  }

  private func role(_ name: RoleName) -> RoleSpec? { roles.first { $0.name == name.text }?.value }

  /// How many of the required people can be different ones (augmenting paths).
  private func matched(_ rules: [ApprovalRule]) -> Int {
    var seat: [Person: Int] = [:]
    let seats = rules.flatMap { rule in Array(repeating: role(rule.role)?.people ?? [], count: rule.count) }
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
