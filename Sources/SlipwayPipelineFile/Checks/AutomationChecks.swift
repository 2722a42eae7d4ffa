internal import SlipwayModel

/// Refuses levels of steps that there are not, that people have no part in, or that no person can do.
struct AutomationChecks {
  let promotion: Located<PromotionDraft>
  let environment: EnvironmentSpec
  let reading: Reading

  init(_ promotion: Located<PromotionDraft>, to environment: Named<EnvironmentSpec>, _ reading: Reading) {
    self.promotion = promotion
    self.reading = reading
    var named = environment.value
    named.name = EnvironmentName(environment.name)
    self.environment = named
  }

  func run() {
    let spec = promotion.value.spec
    let steps = spec.possibleSteps(in: environment)
    let open = steps.filter(\.isOpenToPeople)
    let node = promotion.node["automation"]
    for name in spec.automation.named.keys.sorted() { check(name, steps, open, node) }
    for step in open where spec.automation.level(of: step) != .automatic {
      checkName(of: step)
      guard spec.automation.level(of: step) == .manual,
        let obstacle = Handwork.obstacle(to: step, in: environment, greenData: spec.greenData)
      else { continue }
      let position = place(of: step, in: node)
      reading.report(
        .meaning, position, "'\(step.id)' cannot be done by hand: \(obstacle)",
        expected: "'assisted' or 'automatic' for it, such as '\(step.kind.rawValue): assisted'")
    }
  }

  private func check(_ name: String, _ steps: [Step], _ open: [Step], _ node: YAMLNode?) {
    func isMeant(_ step: Step) -> Bool { step.id.text == name || step.kind.rawValue == name }
    guard !open.contains(where: isMeant) else { return }
    let known = Set(open.flatMap { [$0.id.text, $0.kind.rawValue] }).union([AutomationGrammar.rest]).sorted()
    let isAutomatic = steps.contains(where: isMeant) || StepKind(rawValue: name).map { $0 != .destroy } ?? false
    reading.report(
      .meaning, node?.keyPlace(name) ?? promotion.node.position,
      isAutomatic
        ? "people have no part in '\(name)', or it is no step of this promotion"
        : "there is no step '\(name.shortened)' in this promotion",
      expected: "one of \(known.joined(separator: ", "))", suggestion: reading.near(name, known))
  }

  /// The question before a step is called after it; a confirmation of the file's own must not take that name.
  private func checkName(of step: Step) {
    guard let index = promotion.value.confirms.firstIndex(where: { $0.id == step.id.text }) else { return }
    let elements = promotion.node["confirm"]?.elements ?? []
    let node = elements.count == promotion.value.confirms.count ? elements[index] : nil
    reading.report(
      .meaning, node?.place("id") ?? promotion.node.position,
      "'confirm-\(step.id)' is the name of the question before step '\(step.id)'", expected: "another id")
  }

  private func place(of step: Step, in node: YAMLNode?) -> YAMLPosition {
    guard let node else { return promotion.node.position }
    for key in [step.id.text, step.kind.rawValue, AutomationGrammar.rest] where node[key] != nil {
      return node.place(key)
    }
    return node.position
  }
}
