internal import SlipwayModel

/// Who may do what beyond approving, which the machine itself checks.
enum Permission {
  /// Asking for a promotion is for the roles that the file names; where it names none, for everybody (B1).
  static func mayPromote(
    _ identity: Identity, _ target: EnvironmentName, _ requesters: [RoleName], _ pipeline: Pipeline
  ) throws {
    guard !requesters.isEmpty, Set(pipeline.roles(of: identity)).isDisjoint(with: requesters) else { return }
    throw EngineError(
      .notPermitted,
      "\(identity.person) may not ask for promotions into \(target); it takes role \(requesters.map(\.text).joined(separator: " or ")) of the pipeline file"
    )
  }

  /// Going back by hand is for those who may approve, or whom the file names for it; where it names nobody, for everybody.
  static func mayRollBack(_ identity: Identity, _ target: EnvironmentName, _ pipeline: Pipeline) throws {
    guard let spec = pipeline.promotion(to: target), !Mutant.anybodyRollsBack.isActive else { return }
    let allowed = spec.rollback.roles.isEmpty ? (spec.approval?.rules.map(\.role) ?? []) : spec.rollback.roles
    guard !allowed.isEmpty, Set(pipeline.roles(of: identity)).isDisjoint(with: allowed) else { return }
    throw EngineError(
      .notPermitted,
      "\(identity.person) may not roll back \(target); it takes role \(allowed.map(\.text).joined(separator: " or ")) of the pipeline file"
    )
  }
}
