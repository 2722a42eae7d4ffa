/// Whether what is promoted is what was tried out.
extension GateJudge {
  func sameCommit(_ gate: GateSpec, as environment: EnvironmentName, at now: Timestamp) -> GateReport {
    let source = "record of \(environment)"
    guard let live = ledger.environments[environment]?.live else {
      return GateReport(
        gate: gate.name, verdict: .failed,
        reason: "nothing serves \(environment), so there is no commit to compare with",
        remedy: "promote it there first: slipway promote \(plan.release.id) --to \(environment)",
        proof: [Proof(what: "no release", from: source, at: now)])
    }
    let proof = [
      Proof(
        what: "\(live.release.id) of commit \(live.release.commit ?? "unknown")", from: source, at: live.since,
        digest: live.release.digest)
    ]
    if live.release == plan.release {
      let commit = live.release.commit.map { ", commit \($0)" } ?? ""
      return GateReport(
        gate: gate.name, verdict: .passed, reason: "\(environment) serves this very release\(commit)", proof: proof)
    }
    guard let own = plan.release.commit, let other = live.release.commit else {
      let unknown = plan.release.commit == nil ? plan.release.id : live.release.id
      return GateReport(
        gate: gate.name, verdict: .failed,
        reason: "\(environment) serves \(live.release.id), and the commit of \(unknown) is not known",
        remedy: "register releases with their commit: slipway release add RELEASE --commit SHA", proof: proof)
    }
    guard own == other else {
      return GateReport(
        gate: gate.name, verdict: .failed,
        reason:
          "\(plan.release.id) is of commit \(own), but \(environment) serves \(live.release.id) of commit \(other)",
        remedy: "promote \(live.release.id), or first: slipway promote \(plan.release.id) --to \(environment)",
        proof: proof)
    }
    return GateReport(
      gate: gate.name, verdict: .passed, reason: "\(environment) serves \(live.release.id) of the same commit \(own)",
      proof: proof)
  }
}
