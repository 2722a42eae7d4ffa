internal import SlipwayModel

extension Deployment {
  /// What commands and processes are told about a deployment.
  package var variables: [String: String] {
    [
      "SLIPWAY_RELEASE": release.id.text,
      "SLIPWAY_ARTIFACT": release.artifact,
      "SLIPWAY_DIGEST": release.digest?.description ?? "",
      "SLIPWAY_COMMIT": release.commit ?? "",
      "SLIPWAY_SLOT": slot.rawValue,
      "SLIPWAY_ENVIRONMENT": environment.text,
      "SLIPWAY_RUN": run.text,
    ].merging(data) { $1 }
  }
}
