/// Gates on the time of day and of the year.
extension GateJudge {
  func window(_ gate: GateSpec, _ name: String, at now: Timestamp) -> GateReport {
    guard let window = plan.windows[name], let opening = window.opening(from: now) else {
      return GateReport(
        gate: gate.name, verdict: .failed, reason: "window '\(name)' never opens; correct it in the pipeline file")
    }
    if opening == now {
      let until = window.closing(after: now).map { ", closes \($0)" } ?? ""
      return GateReport(gate: gate.name, verdict: .passed, reason: "window '\(name)' (\(window.zone)) is open\(until)")
    }
    return GateReport(
      gate: gate.name, verdict: .waiting(until: opening), reason: "window '\(name)' (\(window.zone)) opens \(opening)")
  }

  func freeze(_ gate: GateSpec, at now: Timestamp) -> GateReport {
    let all = (surroundings.freezes + ledger.freezes.values.sorted { $0.name < $1.name }).filter {
      $0.covers(plan.to, at: now)
    }
    guard let last = all.max(by: { $0.until < $1.until }) else {
      return GateReport(gate: gate.name, verdict: .passed, reason: "no freeze covers \(plan.to)")
    }
    let names = all.map { "'\($0.name)' (\($0.reason))" }.joined(separator: ", ")
    return GateReport(
      gate: gate.name, verdict: .waiting(until: last.until), reason: "frozen by \(names) until \(last.until)")
  }
}
