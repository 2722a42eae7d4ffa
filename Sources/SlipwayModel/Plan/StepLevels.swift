/// Puts people into the order of a promotion: before each step that is not automatic somebody is asked.
struct StepLevels {
  let automation: AutomationSpec
  let handwork: Handwork

  /// `steps` with their levels, each that is assisted or manual after a step `confirm-…`.
  func applied(to steps: [Step]) -> [Step] {
    var result: [Step] = []
    for step in steps {
      var step = step
      step.level = automation.level(of: step)
      switch step.level {
      case .automatic: break
      case .assisted:
        let recheck = recheck(&result, steps)
        result += [question(before: step)] + recheck
      // Whoever does it by hand begins when they are asked, so the gates are looked at again before that.
      case .manual: result.append(question(before: step))
      }
      result.append(step)
    }
    return result
  }

  /// What was true when a person was asked may be so no more when they say yes: before the first effect the gates come after the question.
  private func recheck(_ result: inout [Step], _ steps: [Step]) -> [Step] {
    if let last = result.last, case .recheck = last.action {
      result.removeLast()
      return [last]
    }
    let gates = steps.compactMap { step -> (gate: GateSpec, timeout: Span)? in
      if case .gate(let gate) = step.action { (gate, step.timeout) } else { nil }
    }
    guard !gates.isEmpty, !result.contains(where: { $0.action.changesTarget || $0.isRecheck }) else { return [] }
    return [PromotionSteps.recheck(gates.map(\.gate), taking: gates.map(\.timeout))]
  }

  private func question(before step: Step) -> Step {
    let spec = ConfirmSpec(
      id: step.id.text, instructions: handwork.instructions(for: step), place: .beforeTraffic, step: step.id)
    return Step(
      id: StepID("confirm-" + step.id.text), action: .confirm(spec), timeout: .hours(24), retry: .once, undo: .nothing)
  }
}

extension Step {
  fileprivate var isRecheck: Bool { if case .recheck = action { true } else { false } }
}

extension PromotionSpec {
  /// Every step that a promotion by this file may have, with a release that serves and without one; people's part is left out.
  package func possibleSteps(in environment: EnvironmentSpec) -> [Step] {
    let usual = PromotionSteps(spec: self, environment: environment, hasBlue: true).all
    let first = PromotionSteps(spec: self, environment: environment, hasBlue: false).all
    return usual + first.filter { step in !usual.contains { $0.id == step.id } }
  }
}
