internal import Foundation
package import SlipwayConnectors
package import SlipwayModel

/// Keeps a PostgreSQL database and its files: copies them, changes them for a release, brings them back.
///
/// What has been done stands in the databases' own comments and in the folder of snapshots, so that a Slipway that knows nothing else can go on.
package struct PostgresDataStore: DataStore {
  package let spec: PostgresDataSpec
  package let server: PostgresServer
  package let places: DataPlaces
  package let snapshots: SnapshotStore
  let folder: String
  let secrets: SecretSource
  let inherited: [String: String]
  /// Whether the environment is production.
  let isProtected: Bool

  /// `folder` is the pipeline file's, `snapshots` are those of this environment and of the one before, and every command gets the `inherited`
  /// variables, such as PATH and HOME. `isProtected` says whether the environment is production, whose Odoo must be no neutralized copy.
  ///
  /// - Throws: `misconfigured` when the server's address cannot be read.
  package init(
    _ spec: PostgresDataSpec, folder: String, snapshots: SnapshotStore, secrets: SecretSource,
    inherited: [String: String], isProtected: Bool = true
  ) throws(ConnectorError) {
    self.spec = spec
    self.folder = folder
    self.snapshots = snapshots
    self.secrets = secrets
    self.inherited = inherited
    self.isProtected = isProtected
    server = PostgresServer(try PostgresAddress(spec.server, secrets: secrets))
    places = DataPlaces(spec, folder: folder)
    if places.all.map(\.database).contains(server.address.database) {
      throw ConnectorError(
        .misconfigured,
        "the address under 'server' names database '\(server.address.database)', which is renamed and copied; name another there, such as postgres"
      )
    }
  }

  package func carryOut(
    _ order: DataOrder, progress: @escaping @Sendable (String) -> Void
  ) async throws(ConnectorError) -> DataResult {
    let began = ContinuousClock.now
    var result = try await within(spec.timeout, "\(order.deed.rawValue) of '\(order.environment)'") {
      try await locked {
        try await mend()
        return try await perform(order, progress)
      }
    }
    if result.report.took == nil { result.report.took = Span(since: began) }
    return result
  }

  private func perform(_ order: DataOrder, _ progress: @escaping Progress) async throws -> DataResult {
    switch order.deed {
    case .snapshot: try await backUp(order, ofSource: true, progress)
    case .backup: try await backUp(order, ofSource: false, progress)
    case .green: try await makeGreen(order, progress)
    case .migrate: try await migrate(order)
    case .swap: try await swap(order)
    case .swapBack: try await swapBack(order)
    case .resumeWrites: try await resumeWrites(order)
    case .setAside: try await setAside(order)
    case .restore: try await restore(order, progress)
    }
  }

  package func variables(of slot: Slot, isLive: Bool) -> [String: String] {
    variables(places.own(slot) ?? (isLive ? places.one : nil) ?? places.green(slot))
  }

  /// Where a place is, for a service or a command; never a password.
  func variables(_ place: DataPlace) -> [String: String] {
    var variables = ["SLIPWAY_DATABASE": place.database]
    if let files = place.files { variables["SLIPWAY_FILES"] = files }
    for name in ["PGHOST", "PGPORT"] {
      server.address.variables[name]?.reveal { variables[name] = $0 }
    }
    return variables
  }

  package func contents(of slot: Slot, live: Slot?) -> AsideData? {
    guard slot != live, let place = places.own(slot) else { return nil }
    return AsideData(database: place.database, files: place.files, was: "the data of slot \(slot)")
  }
}

typealias Progress = @Sendable (String) -> Void

extension PostgresDataStore {
  /// `pg_dump` and `pg_restore` for this server.
  func dump() async -> DatabaseDump {
    DatabaseDump(
      server, programs: await PostgresPrograms.find(path: inherited["PATH"] ?? "/usr/bin:/bin"),
      inherited: inherited, jobs: spec.jobs, timeout: spec.timeout)
  }

  /// The data that serve; nil when there are none yet.
  func live(_ order: DataOrder, _ entries: [DatabaseEntry]) throws(ConnectorError) -> DataPlace? {
    if let one = places.one { return entries.contains { $0.name == one.database } ? one : nil }
    if let blue = order.blue { return places.own(blue.slot) }
    // Nothing is known to serve: if only one of the two exists, that is it.
    let there = Slot.allCases.compactMap { places.own($0) }.filter { place in
      entries.contains { $0.name == place.database }
    }
    guard there.count < 2 else {
      throw ConnectorError(
        .misconfigured,
        "'\(order.environment)' has both '\(there[0].database)' and '\(there[1].database)', and nothing says which serves; rename the one that does not"
      )
    }
    return there.first
  }

  /// Where green's own data are until the cutover; without a blue they have the one name from the beginning.
  func green(_ order: DataOrder) -> DataPlace {
    if order.blue == nil, let one = places.one { return one }
    return places.green(order.green)
  }

  /// The database that `run` made, wherever its name has gone.
  func made(by run: RunID, _ entries: [DatabaseEntry]) -> DatabaseEntry? {
    entries.first { $0.mark?.made?.run == run && !PostgresServer.isPassing($0.name) }
  }

  /// Nobody else does anything to these data meanwhile, on any machine.
  ///
  /// The lock belongs to a connection, so that it goes with the process; what a killed one's server is still busy with keeps it.
  func locked<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
    let holder = try await server.session()
    let end = ContinuousClock.now + .seconds(60)
    while !(try await lock(holder)) {
      guard ContinuousClock.now < end else {
        throw ConnectorError(
          .unreachable,
          "something else has been working on the data of '\(places.key)' for a minute; look at pg_stat_activity for application 'slipway', and repeat"
        )
      }
      try await Task.sleep(for: .milliseconds(200))
    }
    let value: Value
    do { value = try await body() } catch {
      _ = try? await holder.rows("SELECT pg_advisory_unlock_all()")
      throw error
    }
    _ = try? await holder.rows("SELECT pg_advisory_unlock_all()")
    return value
  }

  func lock(_ holder: PostgresSession) async throws -> Bool {
    let key = "slipway data " + places.key
    return try await holder.value("SELECT pg_try_advisory_lock(hashtextextended($1, 5))", [key]) == "t"
  }

  /// Puts right what a crash left: databases closed, names half exchanged.
  func mend() async throws {
    let entries = try await server.databases()
    for entry in entries where entry.mark?.exchange != nil { try await finish(entry) }
    try await server.mend(entries.map(\.name))
  }

  /// Translates errors, and ends `body` when its time is over.
  func within<Value: Sendable>(
    _ timeout: Span, _ what: String, _ body: @escaping @Sendable () async throws -> Value
  ) async throws(ConnectorError) -> Value {
    let result: Result<Value, ConnectorError>? = await withTaskGroup(of: Result<Value, ConnectorError>?.self) { group in
      group.addTask { await Self.translated(what, body) }
      group.addTask {
        try? await Task.sleep(for: timeout.duration)
        return nil
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      await group.waitForAll()
      return first
    }
    if let result { return try result.get() }
    throw ConnectorError(
      .timedOut, "\(what) did not end within \(timeout) and was ended; raise its timeout or look what holds it up")
  }

  private static func translated<Value: Sendable>(
    _ what: String, _ body: @Sendable () async throws -> Value
  ) async -> Result<Value, ConnectorError> {
    do { return .success(try await body()) } catch let error as ConnectorError { return .failure(error) } catch let
      error
      as DatabaseError
    { return .failure(error.advised) } catch is CancellationError {
      return .failure(ConnectorError(.timedOut, "\(what) was cancelled"))
    } catch { return .failure(ConnectorError(.refused, "\(what) failed: \(error)")) }
  }

  /// Cleans up, also when this task was cancelled; what goes wrong meanwhile is found by the next attempt.
  func cleanUp(_ body: @escaping @Sendable () async throws -> Void) async {
    await Task { try? await body() }.value
  }
}

extension Span {
  /// From a moment of the monotonic clock until now.
  init(since began: ContinuousClock.Instant) {
    let passed = (ContinuousClock.now - began).components
    self.init(milliseconds: passed.seconds * 1_000 + passed.attoseconds / 1_000_000_000_000_000)
  }
}
