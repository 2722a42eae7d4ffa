internal import Foundation
package import SlipwayConnectors
package import SlipwayModel

/// Smoke tests on a PostgreSQL database and the files that belong to it (B6).
package struct PostgresChecks: DataChecks {
  private let spec: PostgresDataSpec
  private let address: PostgresAddress
  private let folder: String
  private let isProtected: Bool

  /// - Parameters:
  ///   - spec: the environment's data.
  ///   - address: its server.
  ///   - folder: the pipeline file's folder.
  ///   - isProtected: whether the environment is production.
  package init(_ spec: PostgresDataSpec, address: PostgresAddress, folder: String, isProtected: Bool) {
    self.spec = spec
    self.address = address
    self.folder = folder
    self.isProtected = isProtected
  }

  package func look(
    _ check: DataCheckSpec, at place: CheckedData, timeout: Span
  ) async throws(ConnectorError) -> [DataCheck] {
    let result = await withTaskGroup(of: Result<[DataCheck], ConnectorError>?.self) { group in
      group.addTask {
        do throws(ConnectorError) { return .success(try await find(check, place, timeout)) } catch {
          return .failure(error)
        }
      }
      group.addTask {
        try? await Task.sleep(for: timeout.duration)
        return nil
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first
    }
    guard let result else {
      throw ConnectorError(.timedOut, "database \(place.database) did not answer within \(timeout)")
    }
    return try result.get()
  }

  private func find(
    _ check: DataCheckSpec, _ place: CheckedData, _ timeout: Span
  ) async throws(ConnectorError) -> [DataCheck] {
    do throws(DatabaseError) {
      let session = try await PostgresSession.open(address, database: place.database, name: "slipway-check")
      // A check must not write, whatever its query says, and must not go on when nobody waits for it any more.
      try await session.rows("SET statement_timeout = \(max(1, timeout.milliseconds))")
      try await session.rows("BEGIN READ ONLY")
      switch check {
      case .sql(let query, let expect): return [try await sql(query, expect, session)]
      case .files(let sample): return [try await files(sample, session, place)]
      case .odoo(let aspects): return try await odoo(aspects, session, place)
      }
    } catch {
      throw error.connector
    }
  }

  private func sql(_ query: String, _ expect: String, _ session: PostgresSession) async throws(DatabaseError)
    -> DataCheck
  {
    let rows = try await session.rows(query)
    guard let first = rows.first?.first else {
      return DataCheck("sql", passed: false, detail: "no row, '\(expect)' expected")
    }
    guard let value = first else { return DataCheck("sql", passed: false, detail: "NULL, '\(expect)' expected") }
    let shown = "'\(value.prefix(80).replacing("\n", with: " "))'"
    return DataCheck("sql", passed: value == expect, detail: value == expect ? shown : "\(shown), '\(expect)' expected")
  }

  private func files(
    _ count: Int, _ session: PostgresSession, _ place: CheckedData
  ) async throws(DatabaseError) -> DataCheck {
    guard let files = spec.files, let query = files.references, let root = place.files else {
      throw DatabaseError(
        .misconfigured, "nothing says which files database \(place.database) refers to; name 'files' with 'references'")
    }
    // Another sample for each run, the same one when a run asks again.
    let seed = PostgresSession.literal(place.deployment.run.text)
    let inner = query.trimmingCharacters(in: CharacterSet(charactersIn: "; \n\t"))
    let rows = try await session.rows("SELECT * FROM (\(inner)\n) AS r ORDER BY md5(r::text || \(seed)) LIMIT \(count)")
    let references = rows.map { FileReference(path: $0.first.flatMap { $0 } ?? "", hash: $0.dropFirst().first ?? nil) }
    guard !references.isEmpty else {
      return DataCheck("files", passed: false, detail: "the database refers to no file, so none could be read")
    }
    let sample = FileSample(folder: root.hasPrefix("/") ? root : folder + "/" + root, names: files.names)
    let faults: [String]
    do throws(ConnectorError) {
      faults = try await Blocking.run { stop throws(ConnectorError) in
        var faults: [String] = []
        for file in references {
          try stop.check()
          if let fault = sample.fault(of: file) { faults.append("\(file.path) \(fault)") }
        }
        return faults
      }
    } catch {
      throw DatabaseError(error.code, error.message)
    }
    return DataCheck(
      "files", passed: faults.isEmpty,
      detail: faults.isEmpty
        ? "\(references.count) files read, each with its hash"
        : "\(faults.count) of \(references.count) files are wrong: \(faults.prefix(3).joined(separator: "; "))")
  }

  private func odoo(
    _ aspects: [OdooAspect], _ session: PostgresSession, _ place: CheckedData
  ) async throws(DatabaseError) -> [DataCheck] {
    guard let odoo = spec.odoo else {
      throw DatabaseError(.misconfigured, "database \(place.database) is no Odoo database; write 'odoo' under its data")
    }
    let rules = OdooRules(odoo, folder: folder, isProtected: isProtected)
    // All of them is what stands there when nothing does.
    let asked = aspects == OdooAspect.allCases ? rules.aspects : aspects
    return try await rules.check(asked, of: session, release: place.deployment.release.id)
  }
}
