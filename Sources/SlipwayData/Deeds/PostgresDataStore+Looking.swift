internal import Foundation
package import SlipwayConnectors
package import SlipwayModel

/// What can be read from the server and the folder of snapshots.
extension PostgresDataStore {
  package func hasHappened(_ order: DataOrder) async throws(ConnectorError) -> Observation {
    try await within(.minutes(2), "read-back of \(order.deed.rawValue)") {
      // What a crash left closed serves nobody: it is put right as soon as anybody looks.
      let holder = try await server.session()
      if try await lock(holder) {
        try await mend()
        _ = try await holder.rows("SELECT pg_advisory_unlock_all()")
      }
      return try await observe(order, try await server.databases())
    }
  }

  private func observe(_ order: DataOrder, _ entries: [DatabaseEntry]) async throws -> Observation {
    let mine = made(by: order.run, entries)
    switch order.deed {
    case .snapshot, .backup:
      let id = order.snapshot(ofSource: order.deed == .snapshot)
      if try snapshots.snapshot(id) != nil { return .done("snapshot \(id) is in \(snapshots.folder)") }
      let live = try live(order, entries)
      let isThere = entries.contains { $0.name == live?.database }
      return isThere ? .undone("snapshot \(id) is not in \(snapshots.folder)") : .done("there are no live data to copy")
    case .green:
      return mine.map { .done("database '\($0.name)' was made by this run") } ?? .undone("this run made no database")
    case .migrate:
      let found = entries.first { $0.mark?.migrated == order.run }
      return found.map { .done("database '\($0.name)' has the migrations of this run") }
        ?? .undone("no database has the migrations of this run")
    case .swap:
      guard let one = places.one else { return .done("each slot has a database of its own") }
      return mine?.name == one.database
        ? .done("'\(one.database)' is the data of this run") : .undone("'\(one.database)' is not the data of this run")
    case .swapBack:
      guard let one = places.one else { return .done("each slot has a database of its own") }
      return mine?.name == one.database
        ? .undone("'\(one.database)' is the data of this run") : .done("'\(one.database)' is not the data of this run")
    case .resumeWrites:
      let names = Set(places.all.map(\.database))
      let paused = entries.first { names.contains($0.name) && $0.mark?.pause != nil }
      return paused.map { .undone("writes of database '\($0.name)' are paused") } ?? .done("no writes are paused")
    case .setAside:
      guard order.greenData != .shared, let mine, mine.mark?.role != .aside else {
        return .done("green has no data of its own in use")
      }
      return .undone("database '\(mine.name)' is still in use")
    case .restore:
      let live = try live(order, entries)
      return mine != nil && mine?.name == live?.database
        ? .done("'\(live?.database ?? "")' was restored by this run") : .undone("nothing was restored by this run")
    }
  }

  package func readiness(live: Slot?) async -> DataReadiness {
    var readiness = DataReadiness(checks: [])
    do {
      let session = try await server.session()
      readiness.checks.append(
        DataCheck("server", passed: true, detail: "PostgreSQL answers at \(server.address.shown)"))
      readiness.checks.append(try await rights(session))
      readiness.checks.append(await programs())
      let place = places.one ?? live.flatMap { places.own($0) } ?? places.all[0]
      guard let entry = try await server.database(place.database, session) else {
        // Where nothing serves and each slot gets data of its own, the first promotion makes them.
        let isToCome = live == nil && places.one == nil
        readiness.checks.append(
          DataCheck(
            "database", passed: isToCome,
            detail: "database '\(place.database)' does not exist\(isToCome ? " yet" : "")"))
        if isToCome { (readiness.liveBytes, readiness.freeBytes) = (0, await freeBytes(place)) }
        return readiness
      }
      let facts = try await server.session(place.database).value("SELECT count(*) FROM pg_class")
      readiness.checks.append(
        DataCheck(
          "database", passed: facts != nil && entry.isOpen, detail: "database '\(place.database)' can be connected to"))
      var bytes = try await server.size(of: place.database)
      if let files = place.files {
        let check = Self.check(files)
        readiness.checks.append(check)
        if check.passed { bytes += try await FileTree.totals(of: files).bytes }
      }
      readiness.liveBytes = bytes
      readiness.freeBytes = await freeBytes(place)
      readiness.checks.append(Self.space(bytes, readiness.freeBytes))
    } catch {
      let message = (error as? DatabaseError)?.message ?? (error as? ConnectorError)?.message ?? "\(error)"
      readiness.checks.append(DataCheck("server", passed: false, detail: message))
    }
    return readiness
  }

  /// What the role must be able to do, asked and not tried.
  private func rights(_ session: PostgresSession) async throws -> DataCheck {
    let row = try await session.rows(
      """
      SELECT current_user, rolsuper, rolcreatedb, pg_has_role(current_user, 'pg_signal_backend', 'MEMBER')
      FROM pg_roles WHERE rolname = current_user
      """
    ).first
    let user = row?[0] ?? "?"
    if row?[1] == "t" { return DataCheck("role", passed: true, detail: "role '\(user)' is a superuser") }
    var missing: [String] = []
    if row?[2] != "t" { missing.append("CREATEDB") }
    if row?[3] != "t" { missing.append("pg_signal_backend") }
    let names = Set(places.all.map(\.database))
    for entry in try await server.databases(session) where names.contains(entry.name) {
      let isMember = try await session.value("SELECT pg_has_role(current_user, $1::name, 'USAGE')", [entry.owner])
      if isMember != "t" { missing.append("membership of '\(entry.owner)', who owns database '\(entry.name)'") }
    }
    return DataCheck(
      "role", passed: missing.isEmpty,
      detail: missing.isEmpty
        ? "role '\(user)' may create, rename and drop databases"
        : "role '\(user)' lacks " + missing.joined(separator: ", "))
  }

  private func programs() async -> DataCheck {
    let programs = await PostgresPrograms.find(path: inherited["PATH"] ?? "/usr/bin:/bin")
    do {
      let folder = try programs.folder(for: try await server.version())
      return DataCheck("programs", passed: true, detail: "pg_dump and pg_restore in \(folder)")
    } catch {
      return DataCheck("programs", passed: false, detail: "\(error)")
    }
  }

  private static func check(_ files: String) -> DataCheck {
    let parent = (files as NSString).deletingLastPathComponent
    if access(files, R_OK | X_OK) != 0 {
      return DataCheck(
        "files", passed: false, detail: "folder \(files) cannot be read: \(String(cString: strerror(errno)))")
    }
    if access(parent, W_OK | X_OK) != 0 {
      return DataCheck(
        "files", passed: false, detail: "nothing can be made in \(parent): \(String(cString: strerror(errno)))")
    }
    return DataCheck("files", passed: true, detail: "folder \(files) can be read, and copies made beside it")
  }

  /// The least of what is free for the server, for snapshots and for copies of the files.
  private func freeBytes(_ place: DataPlace) async -> Int64? {
    let all = [
      await server.freeBytes(), DiskSpace.free(at: snapshots.folder), place.files.flatMap(DiskSpace.free(at:)),
    ]
    return all.compactMap { $0 }.min()
  }

  private static func space(_ live: Int64, _ free: Int64?) -> DataCheck {
    guard let free else { return DataCheck("disk", passed: true, detail: "free space is not known") }
    let (needed, overflow) = live.multipliedReportingOverflow(by: 3)
    return DataCheck(
      "disk", passed: !overflow && free >= needed,
      detail:
        "\(free / 1_000_000) MB free, \(overflow ? .max : needed / 1_000_000) MB needed (3 × \(live / 1_000_000) MB)")
  }
}
