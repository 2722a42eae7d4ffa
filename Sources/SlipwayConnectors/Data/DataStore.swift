package import SlipwayModel

/// One deed for one run, with everything that says which data it is about.
package struct DataOrder: Sendable, Equatable {
  package var deed: DataDeed
  package var environment: EnvironmentName
  /// The candidate and its slot.
  package var release: Release
  package var green: Slot
  /// What serves; nil for the first deployment.
  package var blue: Placement?
  package var run: RunID
  /// Where green's data come from.
  package var greenData: GreenData
  /// When green began to take traffic; nil when it never did.
  package var servedSince: Timestamp?
  package var now: Timestamp

  package init(
    deed: DataDeed, environment: EnvironmentName, release: Release, green: Slot, blue: Placement?, run: RunID,
    greenData: GreenData, servedSince: Timestamp? = nil, now: Timestamp
  ) {
    self.deed = deed
    self.environment = environment
    self.release = release
    self.green = green
    self.blue = blue
    self.run = run
    self.greenData = greenData
    self.servedSince = servedSince
    self.now = now
  }

  /// The candidate as the deployer knows it.
  package var deployment: Deployment {
    Deployment(environment: environment, slot: green, release: release, run: run)
  }

  /// The snapshot that a deed makes or uses: of the environment before, or of the target.
  package func snapshot(ofSource: Bool) -> SnapshotID { SnapshotID(ofSource ? "\(run)-source" : run.text) }
}

/// What a deed came to.
package struct DataResult: Sendable, Equatable {
  /// One line for the log.
  package var line: String
  package var report: DataReport

  package init(_ line: String, _ report: DataReport) {
    self.line = line
    self.report = report
  }
}

/// Keeps the data of an environment: copies them, changes them for a release, brings them back.
///
/// Every deed must be harmless when repeated, and `restore`, `swap` and `swapBack` must happen whole or not at all: a crash in the middle leads to a question
/// and, where the answer is no, to a repeat. No deed ever drops or overwrites data that serve or that somebody may have written to.
package protocol DataStore: Sendable {
  /// Carries the deed out; `progress` hears of a long one's steps.
  func carryOut(
    _ order: DataOrder, progress: @escaping @Sendable (String) -> Void
  ) async throws(ConnectorError) -> DataResult

  /// Whether the deed has happened for its run; asked of the data themselves.
  func hasHappened(_ order: DataOrder) async throws(ConnectorError) -> Observation

  /// What is known, after an interruption, of a deed that has happened; nil when nobody kept it.
  func report(_ order: DataOrder) async -> DataReport?

  /// How many connections to the live data of `slot` have ended in an error so far; nil when nobody counts.
  func connectionErrors(of slot: Slot) async throws(ConnectorError) -> Int?

  /// What the service in `slot` must be told to find its data, by variable; `isLive` says whether the slot's data carry the live name by now.
  func variables(of slot: Slot, isLive: Bool) -> [String: String]

  /// What going back would lose at this moment; nil where nobody can say, or nothing is ever lost.
  func loss(_ order: DataOrder) async throws(ConnectorError) -> DataLoss?

  /// Looks at everything a promotion will need of the data, and touches nothing.
  func readiness(live: Slot?) async -> DataReadiness

  /// Removes data that were set aside, or those of an emptied slot; harmless when they are gone. Nothing that serves is ever removed.
  func remove(_ aside: AsideData) async throws(ConnectorError)

  /// The data in `slot`, to be removed with it when its time has come; nil where slots have none of their own.
  func contents(of slot: Slot, live: Slot?) -> AsideData?
}

extension DataStore {
  package func connectionErrors(of slot: Slot) async throws(ConnectorError) -> Int? { nil }
  package func report(_ order: DataOrder) async -> DataReport? { nil }
}
