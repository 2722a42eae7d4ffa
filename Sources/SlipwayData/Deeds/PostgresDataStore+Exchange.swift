internal import SlipwayConnectors
internal import SlipwayModel

/// Databases take other names, and their folders with them: whole, or after a crash finished or undone by whoever comes next.
extension PostgresDataStore {
  /// One database and its folder on the way to another name.
  struct Move {
    var from: DataPlace
    var to: DataPlace
    /// What it is marked once it has the name.
    var mark: DatabaseMark
  }

  /// Renames `first`, if given, and then `second`, which may take the name that the first gave up.
  ///
  /// Both are closed and their sessions end; all names change in one transaction; then the folders follow, and both are opened. Until that transaction
  /// nothing has changed; after it, what is left to do stands in the mark of `second` and is done by ``mend()``.
  ///
  /// - Returns: how long the databases were closed.
  @discardableResult
  func exchange(_ second: Move, after first: Move? = nil, run: RunID) async throws -> Span {
    let orders = try await server.session()
    let entries = try await server.databases(orders)
    let moves = [first, second].compactMap { $0 }
    let folders = moves.compactMap { move in
      move.from.files.flatMap { from in move.to.files.map { FolderMoves.renaming(from, to: $0) } }
    }
    try FolderMoves.expectRoom(for: folders)
    let exchange = DatabaseMark.Exchange(run: run, folders: folders, isDecided: false)
    var closing: [String] = []
    var renaming: [String] = []
    for move in moves {
      guard let entry = entries.first(where: { $0.name == move.from.database }) else {
        throw ConnectorError(.refused, "database '\(move.from.database)' is gone; nothing was renamed")
      }
      let isLast = move.to == second.to
      var before = entry.mark ?? DatabaseMark(role: .live, run: run, since: move.mark.since)
      var after = move.mark
      before.isClosed = true
      after.isClosed = true
      before.exchange = isLast ? exchange : nil
      after.exchange = isLast ? DatabaseMark.Exchange(run: run, folders: folders, isDecided: true) : nil
      closing += [entry.marking(before), PostgresServer.opening(entry.name, false)]
      let names = [entry.name, move.to.database].map(PostgresSession.quoted)
      renaming += [
        "ALTER DATABASE \(names[0]) RENAME TO \(names[1])",
        DatabaseEntry.marking(move.to.database, entry.comment, after),
      ]
    }
    let began = ContinuousClock.now
    do {
      try await orders.transaction(closing)
      try await server.endSessions(in: moves.map(\.from.database), orders)
      try await orders.transaction(renaming)
    } catch {
      await cleanUp { try await mend() }
      throw error
    }
    try await Task { try await mend() }.value
    return Span(since: began)
  }

  /// Ends an exchange of names: with the folders when the names have changed, as if nothing had been when they have not.
  func finish(_ entry: DatabaseEntry) async throws {
    guard var mark = entry.mark, let exchange = mark.exchange else { return }
    if exchange.isDecided { try FolderMoves.carryOut(exchange.folders) }
    mark.exchange = nil
    mark.isClosed = nil
    try await server.session().transaction([entry.marking(mark), PostgresServer.opening(entry.name, true)])
  }

  func swap(_ order: DataOrder) async throws -> DataResult {
    guard let live = places.one else {
      return DataResult("each slot has a database of its own; nothing is renamed", DataReport(deed: .swap))
    }
    let entries = try await server.databases()
    if entries.first(where: { $0.name == live.database })?.mark?.made?.run == order.run {
      return DataResult("'\(live.database)' is the data of this run already", DataReport(deed: .swap))
    }
    let green = places.green(order.green)
    guard let greenEntry = entries.first(where: { $0.name == green.database }),
      greenEntry.mark?.made?.run == order.run, var mark = greenEntry.mark
    else {
      throw ConnectorError(
        .refused, "database '\(green.database)' was not made by run \(order.run); '\(live.database)' stays what it is")
    }
    var report = DataReport(deed: .swap)
    report.database = live.database
    report.files = live.files
    let outgoing = entries.first { $0.name == live.database }
    if let outgoing, order.greenData == .copy { report.checks.append(try await writesWhilePaused(outgoing, order)) }
    mark.role = .live
    mark.run = order.run
    mark.since = order.now
    mark.base = try await server.tally(of: green.database, run: order.run, at: order.now)
    let incoming = Move(from: green, to: live, mark: mark)
    guard let outgoing else {
      report.withoutService = try await exchange(incoming, run: order.run)
      return DataResult("'\(green.database)' took the name '\(live.database)'", report)
    }
    report.aside = try await makeWay(places.blue, order, live: live)
    let before = Move(from: live, to: places.blue, mark: Self.marked(outgoing, .blue, order))
    report.withoutService = try await exchange(incoming, after: before, run: order.run)
    report.aside.append(
      AsideData(
        database: places.blue.database, files: places.blue.files, was: "what served until \(order.now)", run: order.run)
    )
    return DataResult(
      "'\(green.database)' took the name '\(live.database)', what served is '\(places.blue.database)'", report)
  }

  func swapBack(_ order: DataOrder) async throws -> DataResult {
    guard let live = places.one else {
      return DataResult("each slot has a database of its own; nothing is renamed", DataReport(deed: .swapBack))
    }
    let entries = try await server.databases()
    let serving = entries.first { $0.name == live.database }
    guard let serving, serving.mark?.made?.run == order.run else {
      return DataResult("'\(live.database)' is not the data of this run", DataReport(deed: .swapBack))
    }
    guard let blue = entries.first(where: { $0.name == places.blue.database }), blue.mark?.role == .blue else {
      throw ConnectorError(
        .refused,
        "database '\(places.blue.database)' is gone or not what served before; '\(live.database)' stays, restore the backup \(order.run) instead"
      )
    }
    let green = places.green(order.green)
    var report = DataReport(deed: .swapBack)
    report.database = live.database
    report.files = live.files
    report.aside = try await makeWay(green, order, live: live)
    let out = Move(from: live, to: green, mark: Self.marked(serving, .green, order))
    let back = Move(from: places.blue, to: live, mark: Self.marked(blue, .live, order))
    report.withoutService = try await exchange(back, after: out, run: order.run)
    return DataResult("'\(places.blue.database)' took the name '\(live.database)' again", report)
  }

  static func marked(_ entry: DatabaseEntry, _ role: DatabaseMark.Role, _ order: DataOrder) -> DatabaseMark {
    var mark = entry.mark ?? DatabaseMark(role: role, run: order.run, since: order.now)
    mark.role = role
    mark.run = order.run
    mark.since = order.now
    return mark
  }

  /// What was written to blue after it was copied would be left behind: a session may ask for writes although they are paused.
  private func writesWhilePaused(_ blue: DatabaseEntry, _ order: DataOrder) async throws -> DataCheck {
    guard let base = blue.mark?.copied, base.run == order.run else {
      return DataCheck("writes while paused", passed: true, detail: "not known")
    }
    let loss = base.writes(until: try await server.tally(of: blue.name, run: order.run, at: order.now))
    guard loss.tables.isEmpty else {
      throw ConnectorError(
        .refused,
        "database '\(blue.name)' was written to after it was copied, although its writes were paused: \(loss.sentence); go back and promote again"
      )
    }
    return DataCheck("writes while paused", passed: true, detail: loss.sentence)
  }
}
