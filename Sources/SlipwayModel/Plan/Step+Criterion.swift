/// What has to be true for a step to count as done, in words: the exit criterion of a procedure (C11).
extension Step {
  package func criterion(in plan: Plan) -> String {
    switch action {
    case .gate(let gate): "gate \(gate.name) passes"
    case .recheck(let gates): "all \(gates.count) gates pass once more"
    case .approve(let spec):
      spec.rules.map { "\($0.count) × \($0.role)" }.joined(separator: " and ")
        + " agree to this plan within \(spec.expires)"
    case .confirm(let spec):
      spec.step.map { "a person says so about '\($0)' within \(timeout)" } ?? "a person confirms it within \(timeout)"
    case .data(let deed): Self.criterion(of: deed)
    case .deploy: "slot \(plan.green) holds \(plan.release.id)"
    case .verify(let target, let checks):
      "\(target == .front ? "the front door" : target.rawValue) is well by \(plan.environment.health.path)"
        + (plan.environment.version == nil ? "" : " and says its version")
        + (checks.isEmpty ? "" : ", and these pass: \(checks.map(\.name).joined(separator: ", "))")
    case .shift(let percent, let settles):
      "the data plane says \(plan.split(percent: percent, settles: settles))"
        + (settles ? ", and green answers for itself" : "")
    case .watch(_, let duration):
      "for \(duration) on at least \(plan.watch.minimumRequests) requests no limit is crossed: "
        + (plan.watch.rules.isEmpty ? "no rule" : plan.watch.rules.map(\.metric.rawValue).joined(separator: ", "))
    case .record(.exit(let gate)): gate.criterion
    case .record: "the version record of \(plan.to) is on disk"
    case .schedule(let span): "blue's removal is on the calendar, \(span) from then"
    case .drain(let role, let patience): "\(role.rawValue) answers nothing any more, or \(patience) are over"
    case .notify: "whoever is told took the message"
    case .destroy(let role): "the slot of \(role.rawValue) is empty"
    }
  }

  private static func criterion(of deed: DataDeed) -> String {
    switch deed {
    case .snapshot, .backup: "the copy of the data is whole and verified"
    case .green: "green's data are made and verified"
    case .migrate: "the data are what the release needs"
    case .swap, .swapBack: "the data have the name that the application knows"
    case .resumeWrites: "the data take writes again"
    case .setAside: "green's data are out of use"
    case .restore: "the data are as in the copy, and verified"
    }
  }
}
