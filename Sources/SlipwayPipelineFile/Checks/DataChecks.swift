internal import SlipwayModel

/// Whether a promotion's way with data can be gone at all.
struct DataChecks {
  let draft: PipelineGrammar.Draft
  let reading: Reading

  func run(_ promotion: Located<PromotionDraft>, _ environment: EnvironmentSpec) {
    let position = promotion.node.place("green_data")
    guard promotion.value.greenData != .shared else { return checkShared(promotion, environment) }
    guard case .postgres? = environment.data else {
      return reading.report(
        .meaning, position, "nobody can give green data of its own in '\(promotion.value.to)'",
        expected: "'data: {postgres: …}' in the environment")
    }
    if promotion.value.greenData == .source { checkSource(promotion) }
    if promotion.value.rollout.steps != [100] {
      reading.report(
        .meaning, promotion.node["rollout"]?.place("steps") ?? position,
        "two versions with data of their own cannot share traffic: each would write what the other does not see",
        expected: "'steps: [100%]' under 'rollout'")
    }
  }

  private func checkSource(_ promotion: Located<PromotionDraft>) {
    let position = promotion.node.place("green_data")
    guard let from = promotion.value.from else {
      return reading.report(
        .meaning, position, "there is no environment before, whose data green could get", expected: "'from: …'")
    }
    guard let source = draft.environments.first(where: { $0.name == from.text }) else { return }
    guard case .postgres? = source.value.data else {
      return reading.report(
        .meaning, position, "'\(from)' keeps no data that could be copied",
        expected: "'data: {postgres: …}' in '\(from)'")
    }
  }

  /// One database that both versions work on has one name.
  private func checkShared(_ promotion: Located<PromotionDraft>, _ environment: EnvironmentSpec) {
    guard case .postgres(let spec)? = environment.data, case .slots = spec.databases else { return }
    reading.report(
      .meaning, promotion.node["green_data"]?.position ?? promotion.node.place("to"),
      "each slot of '\(promotion.value.to)' has a database of its own, and green gets none",
      expected: "'green_data: copy' or 'green_data: source', or one 'database' in the environment")
  }
}
