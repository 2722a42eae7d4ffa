internal import SlipwayConnectors
internal import SlipwayModel

/// Green's copy of an Odoo database is made right before it gets its name, and with it before anybody can be served from it.
extension PostgresDataStore {
  func fit(_ making: DataPlace, _ report: inout DataReport, _ order: DataOrder) async throws {
    guard let odoo = spec.odoo else { return }
    var variables = order.deployment.variables.merging(self.variables(making)) { $1 }
    variables["SLIPWAY_DEED"] = order.deed.rawValue
    variables["PGDATABASE"] = making.database
    server.address.variables["PGUSER"]?.reveal { variables["PGUSER"] = $0 }
    let work = OdooWork(
      runner: CommandRunner(folder: folder, inherited: inherited, secrets: secrets), variables: variables,
      references: spec.environment, directory: spec.directory, timeout: spec.timeout)
    let checks = try await OdooRules(odoo, folder: folder, isProtected: isProtected)
      .prepareGreen(try await server.session(making.database), release: order.release.id, work: work)
    report.checks += checks
    let failed = checks.filter { !$0.passed }
    guard failed.isEmpty else {
      throw ConnectorError(
        .refused,
        "the copy is no Odoo database that may serve '\(order.environment)', and was removed: "
          + failed.map { "\($0.name): \($0.detail)" }.joined(separator: "; ") + "; nothing that serves was changed")
    }
  }
}

/// Odoo's own backups.
extension PostgresDataStore {
  /// What turns Odoo's backups into snapshots of these data, and back.
  package func transfer() async -> OdooTransfer {
    OdooTransfer(
      server, programs: await PostgresPrograms.find(path: inherited["PATH"] ?? "/usr/bin:/bin"), store: snapshots,
      inherited: inherited, jobs: spec.jobs, timeout: spec.timeout)
  }
}
