/// Where a release stands on its way, in one word (requirement A1): a projection of the journal, read before a promotion begins and other once it is done.
extension Ledger {
  /// `QUARANTINED`, `REJECTED`, `STAGING_VERIFIED` (live and verified in an environment), `PRODUCTION_DEPLOYED` (in a protected one),
  /// `STAGING_REVOKED` (its verification was taken away), `STAGING_LEFT` (it was there), or `REGISTERED`.
  ///
  /// The environment farthest on the way decides; `environments` are in the order in which a release goes through them.
  package func state(of release: Release, through environments: [EnvironmentSpec]) -> String {
    if quarantine[release.id] != nil { return "QUARANTINED" }
    if rejections[release.id] != nil { return "REJECTED" }
    var left: String?
    for environment in environments.reversed() {
      guard let state = self.environments[environment.name] else { continue }
      if state.live?.release == release {
        return Self.word(
          environment, state.revocation == nil ? (environment.protected ? "DEPLOYED" : "VERIFIED") : "REVOKED")
      }
      if state.verified(release) != nil { left = left ?? Self.word(environment, "LEFT") }
    }
    return left ?? "REGISTERED"
  }

  private static func word(_ environment: EnvironmentSpec, _ what: String) -> String {
    let name = environment.name.text.uppercased().map { $0.isLetter || $0.isNumber ? $0 : "_" }
    return "\(String(name))_\(what)"
  }
}
