package import SlipwayConnectors
package import SlipwayModel

/// Data that serve nobody go.
extension PostgresDataStore {
  package func remove(_ aside: AsideData) async throws(ConnectorError) {
    try await within(spec.timeout, "removal of database '\(aside.database)'") {
      try await locked {
        try await mend()
        let entries = try await server.databases()
        if let entry = entries.first(where: { $0.name == aside.database }) {
          // The name has gone to the data of another run, whose time comes later.
          if let run = aside.run, let mark = entry.mark, mark.run != run { return }
          try await check(entry, aside, entries)
          try await server.drop(marked: entry.name) { $0 == entry.mark }
        }
        if let files = aside.files { try removeFiles(files, of: aside.database) }
      }
    }
  }

  private func check(_ entry: DatabaseEntry, _ aside: AsideData, _ entries: [DatabaseEntry]) async throws {
    func refusal(_ why: String) -> ConnectorError {
      ConnectorError(.refused, "database '\(entry.name)' is not removed: \(why)")
    }
    guard let mark = entry.mark else {
      throw refusal("it carries no mark of Slipway; remove it by hand if nobody needs it")
    }
    if entry.name == places.one?.database { throw refusal("it serves") }
    if mark.role == .aside || mark.role == .blue { return }
    guard let slot = Slot.allCases.first(where: { places.own($0)?.database == entry.name }),
      let other = entries.first(where: { $0.name == places.own(slot.other)?.database }), let successor = other.mark
    else {
      throw refusal("it is marked \(mark.role.rawValue) of run \(mark.run), and nothing else serves in its place")
    }
    guard successor.role != .aside else { throw refusal("'\(other.name)' in its place was set aside") }
    let visitors = try await server.visitors(of: entry.name)
    guard visitors.isEmpty else {
      throw refusal("it is in use: \(visitors.prefix(5).joined(separator: "; ")); look who serves from it")
    }
  }

  private func removeFiles(_ files: String, of database: String) throws {
    let own = Slot.allCases.compactMap { places.own($0) }
    let isOwn = own.contains { $0.database == database && $0.files == files }
    guard isOwn || places.isAside(folder: files) else {
      throw ConnectorError(
        .refused, "folder \(files) is not removed: its name is none that Slipway gives; remove it by hand")
    }
    try FolderMoves.remove(files)
  }
}
