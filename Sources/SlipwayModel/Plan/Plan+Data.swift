/// What a plan does to data.
extension Plan {
  /// Whether the cutover gives green's data the name that the application knows.
  package var swapsNames: Bool {
    greenData != .shared && blue != nil && environment.knowsOneDatabaseName
  }

  /// Whether blue takes no writes from the copy until green has them.
  package var pausesWrites: Bool { greenData == .copy && blue != nil }

  /// Whether what is made to serve can only be looked at once it has its data, and so after traffic is on it: a rollback by hand that has to bring them back.
  package var verifiesAfterShift: Bool {
    operation == .rollback && (swapsNames || steps.contains { $0.action == .data(.restore) })
  }

  /// How long a shift may take: with names that are swapped, services are stopped, started and asked for their health inside it.
  func shiftTime(_ plain: Span) -> Span { swapsNames ? plain + environment.swapTime : plain }

  func dataStep(_ id: StepID, _ deed: DataDeed) -> Step {
    Step(
      id: id, action: .data(deed), timeout: environment.data?.timeout ?? .minutes(30), retry: .few, undo: .impossible)
  }

  func resumeWrites(_ id: StepID, _ retry: RetryPolicy) -> Step {
    Step(id: id, action: .data(.resumeWrites), timeout: .minutes(2), retry: retry, undo: .nothing)
  }
}

extension EnvironmentSpec {
  /// Whether the application knows one database name only.
  package var knowsOneDatabaseName: Bool {
    guard case .postgres(let spec)? = data, case .one = spec.databases else { return false }
    return true
  }

  /// How long swapping names may take beside the switch of traffic.
  var swapTime: Span { .minutes(5) + (health.every + health.timeout) * health.tries }
}

/// Where green's data come from when they are those of another environment.
package struct DataOrigin: Codable, Sendable, Equatable {
  package var environment: EnvironmentSpec
  /// What served there when the plan was made.
  package var live: Placement?

  package init(environment: EnvironmentSpec, live: Placement?) {
    self.environment = environment
    self.live = live
  }
}

/// What a promotion did about data: kept with what it put into its slot, because going back later depends on it.
package struct PlacedData: Codable, Sendable, Equatable {
  package var greenData: GreenData
  package var migration: MigrationSpec?
  /// When the release began to take traffic.
  package var servedSince: Timestamp

  package init(greenData: GreenData, migration: MigrationSpec?, servedSince: Timestamp) {
    self.greenData = greenData
    self.migration = migration
    self.servedSince = servedSince
  }
}
