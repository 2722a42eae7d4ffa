internal import Foundation
package import SlipwayModel

/// The gates on what is deployed: it is what was built, somebody known built it, and what it replaces can be fetched again.
package struct ArtifactGate: Sendable {
  private let folder: String
  private let registry: RegistryClient

  /// Relative file names begin in `folder`.
  package init(folder: String, registry: RegistryClient) {
    self.folder = folder
    self.registry = registry
  }

  /// Judges the artifact of the plan's release as it is now.
  package func immutableReference(
    _ gate: GateSpec, platform: String?, registry use: RegistryUse, of release: Release, at now: Timestamp
  ) async -> GateReport {
    let plain = ImmutableReferenceGate(folder: folder)
    guard use == .ask else {
      var report = plain.judge(gate, release, at: now)
      if report.verdict == .passed, case .byDigest = ArtifactReference(release.artifact, folder: folder) {
        report.warnings.append("no registry was asked whether it serves this, as the pipeline file says")
      }
      return report
    }
    let images = ImageGate(registry: registry)
    switch ArtifactReference(release.artifact, folder: folder) {
    case .file: return plain.judge(gate, release, at: now)
    case .byDigest: return await images.judge(gate, release, platform: platform, at: now)
    case .tag(let tag, let isNamedMoving):
      return await images.refuse(gate, release, tag: tag, isNamedMoving: isNamedMoving, at: now)
    }
  }

  /// Judges what is attested of the release.
  package func provenance(
    _ gate: GateSpec, _ spec: ProvenanceSpec, of release: Release, at now: Timestamp
  ) async -> GateReport {
    await ProvenanceGate(registry: registry, folder: folder).judge(gate, spec, release, at: now)
  }

  /// Judges whether the artifact of what serves now is still there; that it stands in its slot is the ledger's half.
  package func rollbackTarget(_ gate: GateSpec, of plan: Plan, at now: Timestamp) async -> GateReport {
    guard let release = plan.blue?.release else {
      return GateReport(gate: gate.name, verdict: .passed, reason: "nothing serves, so nothing has to be kept")
    }
    var report = await presence(gate, of: release, isAsked: asksRegistry(plan), at: now)
    report.proof.append(
      Proof(
        what: "slipway rollback \(plan.to) --incident ID", from: "the way back by hand, once this run is over", at: now)
    )
    return report
  }

  private func asksRegistry(_ plan: Plan) -> Bool {
    !plan.gates.contains {
      if case .immutableReference(platform: _, registry: .skip) = $0 { true } else { false }
    }
  }

  private func presence(
    _ gate: GateSpec, of release: Release, isAsked: Bool, at now: Timestamp
  ) async -> GateReport {
    switch ArtifactReference(release.artifact, folder: folder) {
    case .file(let path): return file(gate, path, release, at: now)
    case .byDigest where isAsked: return await ImageGate(registry: registry).stillThere(gate, release, at: now)
    // A name without a host may be anything that the deploy tool knows; asking Docker Hub about it would tell it to strangers.
    case .tag where isAsked && (try? ImageReference(release.artifact))?.isRegistryNamed == true:
      return await ImageGate(registry: registry).stillThere(gate, release, at: now)
    case .byDigest, .tag:
      return GateReport(
        gate: gate.name, verdict: .passed, reason: "its artifact is '\(release.artifact)'",
        warnings: ["nobody was asked whether '\(release.artifact)' could be deployed again"])
    }
  }

  private func file(_ gate: GateSpec, _ path: String, _ release: Release, at now: Timestamp) -> GateReport {
    let remedy = "put the file of \(release.id) back as it was, so that there is something to go back to"
    do throws(ConnectorError) {
      let found = try FileDigest.of(path)
      let proof = [Proof(what: "artifact of \(release.id)", from: path, at: now, digest: found)]
      guard let built = release.digest, built != found else {
        return GateReport(
          gate: gate.name, verdict: .passed, reason: "its artifact \(release.artifact) is there", proof: proof)
      }
      return GateReport(
        gate: gate.name, verdict: .failed,
        reason: "\(release.artifact), the artifact of \(release.id), has digest \(found), registered was \(built)",
        remedy: remedy, proof: proof)
    } catch {
      return GateReport(
        gate: gate.name, verdict: .failed, reason: "the artifact of \(release.id) is gone: \(error.message)",
        remedy: remedy)
    }
  }
}

extension ConnectorCatalog {
  /// The verdict of `gate` by `judge`, and by the outside world where the ledger alone cannot know.
  package func judge(
    _ gate: GateSpec, by judge: GateJudge, run: RunID?, ledgerAt moment: Timestamp, at now: Timestamp
  ) async -> GateReport {
    guard let ledger = judge.judge(gate, at: moment) else {
      var report = await self.judge(gate, for: judge.plan, run: run, at: now)
      if case .dependencies = gate, report.verdict == .failed {
        report.remedy = (report.remedy.map { "\($0); " } ?? "") + judge.maintenanceProposal(from: now)
      }
      return report
    }
    guard case .rollbackTarget = gate, ledger.verdict == .passed, judge.plan.blue != nil else { return ledger }
    var outside = await self.judge(gate, for: judge.plan, run: run, at: now)
    outside.proof = ledger.proof + outside.proof
    outside.warnings = ledger.warnings + outside.warnings
    if outside.verdict == .passed { outside.reason = "\(ledger.reason); \(outside.reason)" }
    return outside
  }
}
