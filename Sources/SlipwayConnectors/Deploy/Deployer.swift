package import SlipwayModel

/// One release going into one slot.
package struct Deployment: Sendable, Equatable {
  package var environment: EnvironmentName
  package var slot: Slot
  package var release: Release
  package var run: RunID
  /// Further variables: where its data are.
  package var data: [String: String]

  package init(
    environment: EnvironmentName, slot: Slot, release: Release, run: RunID, data: [String: String] = [:]
  ) {
    self.data = data
    self.environment = environment
    self.slot = slot
    self.release = release
    self.run = run
  }
}

/// What a slot holds, asked from the outside world.
package enum SlotContents: Sendable, Equatable {
  case empty
  case release(ReleaseID)
  /// The tool cannot say; the engine then repeats the deployment, which must be harmless.
  case unknown
}

/// Puts releases into slots and takes them out.
package protocol Deployer: Sendable {
  /// Puts the release into the slot; harmless when repeated. Returns one line for the log.
  func deploy(_ deployment: Deployment) async throws(ConnectorError) -> String

  /// What the slot holds now.
  func contents(of deployment: Deployment) async throws(ConnectorError) -> SlotContents

  /// Empties the slot; harmless when it is empty.
  func destroy(_ deployment: Deployment) async throws(ConnectorError) -> String

  /// Crashes of what runs in the slot since it was deployed; nil when nobody counts them.
  func crashes(_ slot: Slot) async throws(ConnectorError) -> Int?
}
