extension ApprovalSpec {
  /// What is still missing, in words; empty when every rule is met by its own people.
  ///
  /// One person counts once over all rules that ask for people of their own, so it is a matching problem; rules and people are few, a search is enough.
  package func missing(in approvals: [Approval]) -> [String] {
    if Mutant.approveWithoutQuorum.isActive, !approvals.isEmpty { return [] }
    let own = rules.filter(\.distinct)
    let needs = own.flatMap { rule in Array(repeating: rule.role, count: max(0, rule.count)) }
    if rules.allSatisfy({ $0.count <= 0 }) { return ["a rule that says who approves"] }
    let people = distinct(approvals)
    let matched = Self.match(needs, people)
    var open: [RoleName: Int] = [:]
    for (need, isMet) in zip(needs, matched) where !isMet { open[need, default: 0] += 1 }
    for rule in rules where !rule.distinct {
      let found = people.count { $0.roles.contains(rule.role) }
      if found < rule.count { open[rule.role, default: 0] += rule.count - found }
    }
    return open.sorted { $0.key < $1.key }.map {
      "\($0.value) more approval\($0.value == 1 ? "" : "s") by role \($0.key)"
    }
  }

  /// Those of `approvals` that still count at `now`; one from before the clock was set back counts.
  package func standing(_ approvals: [Approval], at now: Timestamp) -> [Approval] {
    Mutant.ageless.isActive ? approvals : approvals.filter { now < $0.at + validFor }
  }

  private func distinct(_ approvals: [Approval]) -> [Approval] {
    var seen: Set<Person> = []
    return approvals.filter { seen.insert($0.person).inserted }
  }

  /// Augmenting paths (Kuhn): which needs can be met by different people.
  private static func match(_ needs: [RoleName], _ people: [Approval]) -> [Bool] {
    var needOfPerson: [Int?] = Array(repeating: nil, count: people.count)
    func assign(_ need: Int, _ visited: inout Set<Int>) -> Bool {
      for person in people.indices where people[person].roles.contains(needs[need]) && visited.insert(person).inserted {
        if let other = needOfPerson[person], !assign(other, &visited) { continue }
        needOfPerson[person] = need
        return true
      }
      return false
    }
    for need in needs.indices {
      var visited: Set<Int> = []
      _ = assign(need, &visited)
    }
    let met = Set(needOfPerson.compactMap(\.self))
    return needs.indices.map { met.contains($0) }
  }
}
