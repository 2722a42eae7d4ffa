package import SlipwayModel

/// Cumulative counters that a database keeps: one statement for each slot, whose first row has requests and errors.
package struct SQLSource: CounterSource {
  private let spec: SQLSourceSpec
  private let query: SlotQuery
  private let database: any DatabaseQuestion

  /// - Throws: `misconfigured` when the query cannot tell the slots apart.
  package init(_ spec: SQLSourceSpec, database: any DatabaseQuestion) throws(ConnectorError) {
    self.spec = spec
    self.database = database
    query = try SlotQuery("SQL query of the metrics", spec.query)
  }

  package func sample(now: Timestamp, releases: [Slot: ReleaseID]) async throws(ConnectorError) -> CounterSample {
    var sample = CounterSample(at: now, source: "sql", slots: [:])
    for slot in Slot.allCases {
      sample.add(try await figures(of: slot, release: releases[slot]), of: slot)
    }
    return sample
  }

  private func figures(of slot: Slot, release: ReleaseID?) async throws(ConnectorError) -> SlotFigures {
    guard let text = query.inSQL(slot: slot, release: release) else { return .noRelease(slot) }
    guard let row = try await database.row(of: text, at: spec.database, timeout: spec.timeout) else {
      return SlotFigures(missing: "the SQL query gives no row for slot \(slot)")
    }
    guard row.count == 2 else {
      throw ConnectorError(
        .misconfigured, "the SQL query of the metrics gives \(row.count) columns; two are wanted, requests and errors")
    }
    var counts: [UInt64] = []
    for (what, text) in zip(["requests", "errors"], row) {
      guard let text else { return SlotFigures(missing: "the SQL query gives NULL as \(what) of slot \(slot)") }
      guard let count = UInt64(text) ?? Double(text).flatMap(Count.exactly) else {
        throw ConnectorError(
          .garbage, "the SQL query gives '\(text.prefix(40))' as \(what) of slot \(slot), which is no count")
      }
      counts.append(count)
    }
    return SlotFigures(SlotCounters(requests: counts[0], serverErrors: counts[1]))
  }
}

extension SlotQuery {
  /// With values as SQL literals, quotes included; nil when it selects by release and the slot holds none.
  func inSQL(slot: Slot, release: ReleaseID?) -> String? {
    SlotPlaces.filled(template, slot: slot, release: release, quote: Self.literal)
  }

  /// A text literal that means the same whatever `standard_conforming_strings` says.
  static func literal(_ text: String) -> String {
    let quoted = text.replacing("'", with: "''")
    return quoted.contains("\\") ? "E'\(quoted.replacing("\\", with: "\\\\"))'" : "'\(quoted)'"
  }
}

extension DatabaseQuestion {
  /// The first row, within `timeout`.
  func row(of query: String, at url: SecretText, timeout: Span) async throws(ConnectorError) -> [String?]? {
    let result = try await within(timeout) { () throws(ConnectorError) in try await firstRow(of: query, at: url) }
    guard let result else {
      throw ConnectorError(.timedOut, "the database at \(url) did not answer the query within \(timeout)")
    }
    return result
  }
}
