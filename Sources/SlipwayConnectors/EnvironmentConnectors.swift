package import SlipwayModel

/// Everything the engine uses to act on one environment.
package struct EnvironmentConnectors: Sendable {
  package var deployer: any Deployer
  package var plane: any TrafficPlane
  package var source: any CounterSource
  package var verifier: any Verifier
  /// Nil where the environment has no data.
  package var data: (any DataStore)?
  /// Nil where nothing is read beside the counts.
  package var gauges: (any GaugeSource)?

  package init(
    deployer: any Deployer, plane: any TrafficPlane, source: any CounterSource, verifier: any Verifier,
    data: (any DataStore)? = nil, gauges: (any GaugeSource)? = nil
  ) {
    self.gauges = gauges
    self.deployer = deployer
    self.plane = plane
    self.source = source
    self.verifier = verifier
    self.data = data
  }

  /// A release in a slot, told where its data are.
  package func deployment(
    in environment: EnvironmentName, slot: Slot, release: Release, run: RunID, isLive: Bool = true
  ) -> Deployment {
    Deployment(
      environment: environment, slot: slot, release: release, run: run,
      data: data?.variables(of: slot, isLive: isLive) ?? [:])
  }
}

/// Makes the connectors that an environment names, and those that belong to none.
package protocol ConnectorCatalog: Sendable {
  /// The connectors of `environment`, ready to use; making them touches nothing outside.
  func connectors(for environment: EnvironmentSpec) throws(ConnectorError) -> EnvironmentConnectors

  /// Judges what needs the outside world: `immutableReference`, `provenance`, `command`, `dependencies`, `dataReady`, and whether the artifact of `rollbackTarget` is still there.
  func judge(_ gate: GateSpec, for plan: Plan, run: RunID?, at now: Timestamp) async -> GateReport

  /// Files the tasks that follow from a rejection; the run's id is the key under which a repeat is the same.
  ///
  /// - Returns: where they were filed, in the tracker's words.
  func file(_ tasks: [Promotion.FollowUpTask], of promotion: Promotion, by spec: FollowUpSpec)
    async throws(ConnectorError) -> String

  /// Tells people; a failure is returned in words and stops nothing.
  func tell(_ message: Message) async -> String?

  /// Passes an exit gate; a repeat is harmless.
  ///
  /// - Returns: what was found, for people.
  func pass(_ order: ExitOrder) async throws(ConnectorError) -> String

  /// Who asks alert systems and business figures after a deployment; nil where nobody does.
  func aftercare() -> (any AftercareProbe)?

  /// Where requests for approval are put, as configured at this moment; nil where nobody wants to hear of requests at all.
  func shelves() -> [any RequestShelf]?
}

extension ConnectorCatalog {
  package func shelves() -> [any RequestShelf]? { nil }

  package func aftercare() -> (any AftercareProbe)? { nil }

  package func pass(_ order: ExitOrder) async throws(ConnectorError) -> String {
    throw ConnectorError(.misconfigured, "nothing here passes exit gates, such as '\(order.gate.id)'")
  }
}

/// A milestone or trouble, as people are told about it.
package struct Message: Codable, Sendable, Equatable {
  package var event: String
  package var project: String
  package var run: RunID
  package var release: ReleaseID
  package var environment: EnvironmentName
  package var text: String
  /// Where more stands.
  package var link: String?

  package init(
    event: String, project: String, run: RunID, release: ReleaseID, environment: EnvironmentName, text: String,
    link: String? = nil
  ) {
    self.event = event
    self.project = project
    self.run = run
    self.release = release
    self.environment = environment
    self.text = text
    self.link = link
  }
}

/// What is to be verified about one address.
package struct Verification: Sendable {
  /// Such as `http://127.0.0.1:7001`.
  package var url: String
  package var health: HealthSpec
  package var version: VersionSpec?
  package var checks: [CheckSpec]
  package var deployment: Deployment

  package init(
    url: String, health: HealthSpec, version: VersionSpec?, checks: [CheckSpec], deployment: Deployment
  ) {
    self.url = url
    self.health = health
    self.version = version
    self.checks = checks
    self.deployment = deployment
  }
}

/// What one check showed.
package struct CheckOutcome: Codable, Sendable, Equatable {
  package var name: String
  package var passed: Bool
  package var detail: String
  package var seconds: Double

  package init(name: String, passed: Bool, detail: String, seconds: Double) {
    self.name = name
    self.passed = passed
    self.detail = detail
    self.seconds = seconds
  }
}

/// Asks a running service whether it is well, is the right version, and passes its smoke tests.
package protocol Verifier: Sendable {
  /// Polls health until it is good or its tries are used up, then asks for the version, then runs every check; reports all of them.
  func verify(_ verification: Verification, progress: @Sendable (String) -> Void) async -> [CheckOutcome]

  /// One quick look at health, for the moment before traffic is sent there; nil when it is well, else why not.
  func probe(_ verification: Verification) async -> String?
}
