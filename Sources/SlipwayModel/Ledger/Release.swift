/// What can be promoted: an artifact under the name the team gave it.
package struct Release: Codable, Sendable, Equatable {
  package var id: ReleaseID
  /// A file path, an image reference, or whatever the deploy tool understands.
  package var artifact: String
  /// The artifact's digest at build time; every proof and approval is bound to it.
  package var digest: Digest?
  package var commit: String?
  package var ciRun: String?

  package init(
    id: ReleaseID, artifact: String, digest: Digest? = nil, commit: String? = nil, ciRun: String? = nil
  ) {
    self.id = id
    self.artifact = artifact
    self.digest = digest
    self.commit = commit
    self.ciRun = ciRun
  }
}
