/// What an exception does to a promotion: which gates it sets aside, and who agrees then.
extension Planner {
  /// The promotion as the exception leaves it.
  ///
  /// - Throws: ``PlanError`` when the file does not open this way, or the ask is incomplete.
  func excepted(
    _ spec: PromotionSpec, _ exception: PromotionException, _ environment: EnvironmentSpec
  ) throws(PlanError) -> (spec: PromotionSpec, waived: [String], review: Span?) {
    let agreement = try agreement(spec, exception)
    let gates = PromotionSteps.gateSpecs(spec, environment, hasBlue: true)
    let waived = gates.filter { exception.waives($0) }.map(\.name)
    if case .breakGlass(let asked, _) = exception { try check(asked, gates) }
    var changed = spec
    let own = spec.approval
    switch exception {
    case .emergency, .hotfix:
      changed.approval = ApprovalSpec(rules: agreement.rules, expires: agreement.expires)
    case .freeze, .breakGlass:
      // Never somebody's own request, whatever the ordinary approval allows.
      changed.approval = ApprovalSpec(
        rules: (own?.rules ?? []) + agreement.rules, expires: min(own?.expires ?? agreement.expires, agreement.expires))
    }
    return (changed, waived, agreement.review)
  }

  private func agreement(
    _ spec: PromotionSpec, _ exception: PromotionException
  ) throws(PlanError) -> ExceptionSpec.Agreement {
    guard exception.reason.contains(where: { !$0.isWhitespace }) else {
      throw PlanError(.exception, "a \(exception.name) needs its reason; it stays in the record")
    }
    if case .emergency(let incident) = exception {
      guard incident.contains(where: { !$0.isWhitespace }) else {
        throw PlanError(.exception, "an emergency needs the incident it is for: --incident ID")
      }
      guard !pipeline.notify.isEmpty else {
        throw PlanError(.exception, "nobody on call could be told of an emergency; name a command under 'notify'")
      }
    }
    let key: String
    let found: ExceptionSpec.Agreement?
    switch exception {
    case .emergency: (key, found) = ("emergency", spec.exceptions.emergency)
    case .freeze: (key, found) = ("freeze", spec.exceptions.freeze)
    case .hotfix: (key, found) = ("hotfix", spec.exceptions.hotfix)
    case .breakGlass: (key, found) = ("break_glass", spec.exceptions.breakGlass?.agreement)
    }
    guard let found else {
      throw PlanError(
        .exception,
        "the pipeline file opens no \(exception.name) into '\(spec.to)'; its owner can, with 'exceptions: {\(key): …}'")
    }
    return found
  }

  /// Only gates that stand in the plan, and none of those that nobody may set aside.
  private func check(_ asked: [String], _ gates: [GateSpec]) throws(PlanError) {
    guard !asked.isEmpty else {
      throw PlanError(.exception, "break-glass needs the names of the gates: --break-glass GATE")
    }
    let open = gates.filter { !PromotionException.isSacred($0) }.map(\.name)
    for name in asked where !open.contains(name) {
      let rest = open.isEmpty ? "there is none" : "these can: \(open.joined(separator: ", "))"
      throw PlanError(
        .exception,
        gates.contains { $0.name == name }
          ? "gate '\(name)' is never set aside by break-glass, whoever asks; \(rest)"
          : "there is no gate '\(name)' here; \(rest)")
    }
  }
}
