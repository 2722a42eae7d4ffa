internal import Foundation
internal import SlipwayConnectors
internal import SlipwayModel

/// Green gets data of its own, made under a passing name, looked at, and only then called green's.
extension PostgresDataStore {
  func makeGreen(_ order: DataOrder, _ progress: @escaping Progress) async throws -> DataResult {
    guard order.greenData != .shared else {
      throw ConnectorError(.misconfigured, "green works on the live data; there are none to be made")
    }
    let green = green(order)
    let entries = try await server.databases()
    if let entry = made(by: order.run, entries) {
      var report = DataReport(deed: .green)
      report.database = entry.name
      report.files = green.files
      report.method = entry.mark?.made?.method
      return DataResult("database '\(entry.name)' was made already", report)
    }
    // Without a blue nothing is known to serve, whatever lies there.
    let live = order.blue == nil ? nil : try live(order, entries)
    let making = making(order, beside: green)
    try await clear(making)
    let report: DataReport
    do {
      report =
        try await order.greenData == .copy
        ? copied(making, green, live, order, progress) : restored(making, green, live, order, progress)
    } catch {
      await cleanUp { try await clear(making) }
      if order.greenData == .copy { await cleanUp { _ = try await endPause(order) } }
      throw error
    }
    return DataResult(
      "database '\(green.database)' made by \(report.method ?? "copy"): \(report.rows ?? 0) rows, \(report.fileCount ?? 0) files",
      report)
  }

  /// Under which name something is made, so that nobody takes it for what it is to be.
  func making(_ order: DataOrder, beside place: DataPlace, prefix: String = PostgresServer.makingPrefix) -> DataPlace {
    DataPlace(
      database: prefix + order.run.text.replacing("-", with: "_"),
      files: place.files.map { path in
        let parent = (path as NSString).deletingLastPathComponent
        return "\(parent)/.slipway-making-\((path as NSString).lastPathComponent)-\(order.run)"
      })
  }

  /// Takes away what an attempt has left.
  func clear(_ making: DataPlace) async throws {
    try await server.dropPassing(making.database)
    if let files = making.files { try FolderMoves.remove(files) }
  }

  private func copied(
    _ making: DataPlace, _ green: DataPlace, _ live: DataPlace?, _ order: DataOrder, _ progress: @escaping Progress
  ) async throws -> DataReport {
    let orders = try await server.session()
    guard let live, let entry = try await server.database(live.database, orders) else {
      throw ConnectorError(
        .misconfigured,
        "'\(order.environment)' has no live database that green's could be copied from; make it, or take green's data from the environment before"
      )
    }
    var report = DataReport(deed: .green)
    report.aside = try await makeWay(green, order, live: live)
    report.method = "template"
    var mark = entry.mark ?? DatabaseMark(role: .live, run: order.run, since: order.now)
    if mark.pause == nil {
      let prior = try await server.setting("default_transaction_read_only", of: live.database, orders)
      mark.pause = DatabaseMark.Pause(run: order.run, since: order.now, prior: prior)
    }
    progress("copying database '\(live.database)', which takes no writes until the cutover")
    let closed = ContinuousClock.now
    try await server.copy(
      live.database, to: making.database, mark: mark, statements: [PostgresServer.pausing(live.database, true)])
    report.withoutService = Span(since: closed)
    mark.copied = try await server.tally(of: live.database, run: order.run, at: order.now)
    if let entry = try await server.database(live.database, orders) { try await orders.rows(entry.marking(mark)) }
    if let from = live.files, let to = making.files {
      try await FileTree.copy(from: from, to: to, names: names, progress: progress)
    }
    try await verify(making, against: { try await server.facts(of: live.database) }, &report, order)
    try await fit(making, &report, order)
    try await publish(making, as: green, "template", &report, order)
    return report
  }

  private func restored(
    _ making: DataPlace, _ green: DataPlace, _ live: DataPlace?, _ order: DataOrder, _ progress: @escaping Progress
  ) async throws -> DataReport {
    let id = order.snapshot(ofSource: true)
    guard let snapshot = try snapshots.snapshot(id) else {
      throw ConnectorError(.refused, "there is no snapshot \(id) of the environment before; take it again")
    }
    var report = DataReport(deed: .green)
    try await restore(snapshot, to: making, like: live, &report, order, progress)
    try await fit(making, &report, order)
    report.aside = try await makeWay(green, order, live: live)
    try await publish(making, as: green, "dump", &report, order)
    return report
  }

  /// Brings a snapshot back under a passing name, with the owner, rights and settings of `live`, and looks at everything in it.
  func restore(
    _ snapshot: Snapshot, to making: DataPlace, like live: DataPlace?, _ report: inout DataReport, _ order: DataOrder,
    _ progress: @escaping Progress
  ) async throws {
    let wanted = snapshot.manifest.database
    try await check(wanted, snapshot.manifest.id)
    let orders = try await server.session()
    var character: DatabaseCharacter?
    if let live, try await server.database(live.database, orders) != nil {
      character = try await server.character(of: live.database, orders)
    }
    try await server.create(making.database, like: wanted, character: character)
    progress("restoring database from snapshot \(snapshot.manifest.id)")
    try await dump().restore(snapshot.databaseFolder, into: making.database)
    if let files = making.files { try await snapshots.restoreFiles(of: snapshot, into: files, progress: progress) }
    report.snapshot = snapshot.manifest.id
    report.manifest = snapshot.digest
    report.method = "dump"
    try await verify(making, against: { wanted }, &report, order)
  }

  /// What the server lacks is found before anything is made.
  private func check(_ facts: DatabaseFacts, _ id: SnapshotID) async throws {
    let missing = try await server.missing(for: facts)
    var parts: [String] = []
    if !missing.extensions.isEmpty {
      parts.append("extensions \(missing.extensions.joined(separator: ", ")) are not installed there")
    }
    if !missing.roles.isEmpty { parts.append("roles \(missing.roles.joined(separator: ", ")) do not exist there") }
    guard parts.isEmpty else {
      throw ConnectorError(
        .refused,
        "snapshot \(id) cannot be restored at \(server.address.shown): \(parts.joined(separator: "; ")); add them and repeat, nothing was made"
      )
    }
  }

  /// Compares a copy with what it was made from, and its files with what it refers to.
  func verify(
    _ making: DataPlace, against source: () async throws -> DatabaseFacts, _ report: inout DataReport,
    _ order: DataOrder
  ) async throws {
    let view = try await DatabaseView.open(server, database: making.database)
    let facts = try await view.facts().facts
    report.checks += try await source().checks(of: facts)
    report.databaseBytes = facts.bytes
    report.rows = facts.rows
    report.tables = facts.tables.count
    if let files = making.files {
      let references = try await references(view)
      let unmet = try await FileTree.unmet(references, in: files, names: names)
      let totals = try await FileTree.totals(of: files)
      report.fileCount = totals.files
      report.fileBytes = totals.bytes
      report.checks.append(
        DataCheck(
          "files", passed: unmet.count == 0,
          detail: unmet.count == 0
            ? "\(references.count) referenced files are there"
              + (references.contains { $0.hash != nil } ? " with their hashes" : "")
            : "\(unmet.count) referenced files are not as they should be: \(unmet.named.joined(separator: "; "))"))
    }
    let failed = report.checks.filter { !$0.passed }
    guard failed.isEmpty else {
      throw ConnectorError(
        .refused,
        "the copy is not what it should be and was removed: "
          + failed.map { "\($0.name): \($0.detail)" }.joined(separator: "; ") + "; nothing that serves was changed")
    }
  }

  /// The copy gets its name, and with it the mark by which it is known.
  private func publish(
    _ making: DataPlace, as green: DataPlace, _ method: String, _ report: inout DataReport, _ order: DataOrder
  ) async throws {
    var mark = DatabaseMark(role: .green, run: order.run, since: order.now)
    mark.made = DatabaseMark.Made(run: order.run, method: method)
    mark.base = try await server.tally(of: making.database, run: order.run, at: order.now)
    try await exchange(Move(from: making, to: green, mark: mark), run: order.run)
    report.database = green.database
    report.files = green.files
  }

  /// Sees to it that `place` is free: what lies there is removed if it is Slipway's and nobody wrote to it, and otherwise gets a dated name.
  func makeWay(_ place: DataPlace, _ order: DataOrder, live: DataPlace?) async throws -> [AsideData] {
    guard place != live else {
      throw ConnectorError(.misconfigured, "'\(place.database)' serves and cannot be made anew; nothing was changed")
    }
    guard let entry = try await server.database(place.database) else {
      guard let files = place.files, FolderMoves.exists(files) else { return [] }
      let aside = try await freeAside(place, order)
      if let to = aside.files { try FolderMoves.carryOut([FolderMoves.renaming(files, to: to)]) }
      return [
        AsideData(database: aside.database, files: aside.files, was: "files without a database", run: order.run)
      ]
    }
    if entry.mark == nil || entry.mark?.role == .live {
      let visitors = try await server.visitors(of: place.database)
      guard visitors.isEmpty else {
        throw ConnectorError(
          .refused,
          "database '\(place.database)' is in the way and in use: \(visitors.prefix(5).joined(separator: "; ")); nothing was changed, look who serves from it"
        )
      }
    }
    if let mark = entry.mark, mark.role == .green, mark.made != nil, let base = mark.base,
      base.writes(until: try await server.tally(of: place.database, run: base.run, at: order.now)).isNothing
    {
      try await server.drop(marked: place.database) { $0 == mark }
      if let files = place.files { try FolderMoves.remove(files) }
      return []
    }
    return [try await moveAside(entry, place, order, was: "what had the name '\(place.database)' before")]
  }

  /// Gives a database that serves nobody a dated name.
  func moveAside(
    _ entry: DatabaseEntry, _ place: DataPlace, _ order: DataOrder, was: String
  ) async throws -> AsideData {
    let aside = try await freeAside(place, order)
    var mark = Self.marked(entry, .aside, order)
    mark.files = aside.files
    try await exchange(Move(from: place, to: aside, mark: mark), run: order.run)
    return AsideData(database: aside.database, files: aside.files, was: was, run: order.run)
  }

  func freeAside(_ place: DataPlace, _ order: DataOrder) async throws -> DataPlace {
    let names = Set(try await server.databases().map(\.name))
    var count = 1
    while true {
      let aside = places.aside(place, run: order.run, now: order.now, count: count)
      if !names.contains(aside.database), !(aside.files.map(FolderMoves.exists) ?? false) { return aside }
      count += 1
    }
  }
}
