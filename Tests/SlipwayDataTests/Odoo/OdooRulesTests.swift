import Foundation
import SlipwayConnectors
import SlipwayData
import SlipwayModel
import Testing

@Suite("Odoo: a database and the way it becomes green")
struct OdooRulesTests {
  private func staging(_ odoo: RealOdoo, neutralize: String = "") -> OdooSpec {
    let bin = RealOdoo.example.appending(path: "bin/odoo-bin").path
    return OdooSpec(
      modules: ["base", "shop"], addons: [odoo.addons], baseURL: "https://staging.example",
      neutralize: neutralize.isEmpty ? "\(bin) neutralize --stdout" : neutralize)
  }

  private func prepare(_ odoo: RealOdoo, _ spec: OdooSpec, isProtected: Bool = false) async throws -> [DataCheck] {
    let rules = OdooRules(spec, folder: odoo.folder.path, isProtected: isProtected)
    return try await rules.prepareGreen(
      odoo.session(), release: "1.0", work: OdooWork(runner: odoo.runner, variables: odoo.variables))
  }

  @Test("B6, B12: a pure Community database with its 25 Enterprise rows passes; every trouble is found and named")
  func troubles() async throws {
    try await RealOdoo.with { odoo in
      let rules = OdooRules(try odoo.spec().odoo ?? OdooSpec(), folder: odoo.folder.path, isProtected: true)
      let session = try await odoo.session()
      #expect(try await session.value("SELECT count(*) FROM ir_module_module WHERE license = 'OEEL-1'") == "25")
      let clean = try await rules.check(of: session, release: "1.0")
      #expect(clean.filter { !$0.passed } == [])
      #expect(clean.map(\.name) == ["modules", "modules settled", "module code", "proprietary", "neutralized"])
      try await session.script(
        """
        UPDATE ir_module_module SET state = 'to upgrade' WHERE name = 'mail';
        UPDATE ir_module_module SET state = 'installed' WHERE name = 'sign';
        INSERT INTO ir_config_parameter (key, value) VALUES ('database.is_neutralized', true);
        """)
      let found = try await rules.check(of: session, release: "1.0")
      #expect(found.allSatisfy { !$0.passed })
      let text = found.map(\.detail).joined(separator: "\n")
      for words in ["mail (to upgrade)", "sign (OEEL-1, installed)", "must not become production"] {
        #expect(text.contains(words), "\(text)")
      }
    }
  }

  @Test("a copy is neutralized before anybody can reach it: mail, jobs, providers off, its own address and identity")
  func neutralized() async throws {
    try await RealOdoo.with { odoo in
      let session = try await odoo.session()
      let checks = try await prepare(odoo, staging(odoo))
      // Whoever else is connected could run jobs in it; the test's own session is one.
      #expect(checks.map(\.passed) == [false])
      #expect(checks.first?.detail.contains("somebody is connected to the copy before it is neutralized: test") == true)
      try await session.rows("SELECT 1")
      #expect(try await OdooCondition.read(session).isNeutralized == false)
      #expect(try await OdooCondition.read(session).mailServers == ["Company mail"])
    }
    try await RealOdoo.with { odoo in
      let before = try await identity(odoo)
      let checks = try await prepare(odoo, staging(odoo))
      #expect(checks.filter { !$0.passed } == [])
      let again = try await prepare(odoo, staging(odoo))
      #expect(again.filter { !$0.passed } == [], "harmless when repeated")
      let condition = try await OdooCondition.read(try await odoo.session())
      #expect(condition.dangers == [])
      #expect(condition.baseURL == "https://staging.example" && condition.isBaseURLFrozen)
      let after = try await identity(odoo)
      #expect(before.count == 2 && zip(before, after).allSatisfy { $0 != $1 })
      #expect(try await odoo.session().value("SELECT count(*) FROM ir_cron WHERE active") == "1")
    }
  }

  private func identity(_ odoo: RealOdoo) async throws -> [String?] {
    let query = "SELECT value FROM ir_config_parameter WHERE key IN ('database.uuid', 'database.secret') ORDER BY key"
    return try await odoo.session().rows(query).map { $0[0] }
  }

  @Test("what upstream leaves on is found: a secret of OAuth, a job of a module without SQL, a mail server added later")
  func left() async throws {
    let line = """
      \(RealOdoo.example.appending(path: "bin/odoo-bin").path) neutralize --stdout
      echo "UPDATE auth_oauth_provider SET client_secret = 'hunter2';"
      echo "INSERT INTO ir_mail_server (name, smtp_host) VALUES ('left over', 'mail.example.com');"
      echo "INSERT INTO ir_config_parameter (key, value) VALUES ('google_gmail_client_secret', 'hunter2');"
      """
    // Behind upstream's COMMIT the transaction is over, and that is refused.
    try await RealOdoo.with { odoo in
      let error = await #expect(throws: ConnectorError.self) {
        try await prepare(odoo, staging(odoo, neutralize: line))
      }
      #expect(error?.message.contains("ends the transaction") == true)
    }
    try await RealOdoo.with { odoo in
      let inside = line.replacing("neutralize --stdout\n", with: "neutralize --stdout | sed '1d;$d'\n")
      let checks = try await prepare(odoo, staging(odoo, neutralize: inside))
      let failed = checks.filter { !$0.passed }
      #expect(failed.map(\.name) == ["neutralized"])
      for word in ["left over", "OAuth Example ID", "google_gmail_client_secret"] {
        #expect(failed.first?.detail.contains(word) == true)
      }
      #expect(failed.first?.detail.contains("hunter2") == false)
    }
  }

  @Test("a module whose code is missing stops neutralizing, which would leave it out without a word")
  func missingCode() async throws {
    try await RealOdoo.with { odoo in
      let addons = odoo.folder.appending(path: "addons")
      try FileManager.default.copyItem(atPath: odoo.addons, toPath: addons.path)
      try FileManager.default.removeItem(at: addons.appending(path: "shop"))
      var spec = staging(odoo)
      spec.addons = [addons.path]
      let checks = try await prepare(odoo, spec)
      #expect(checks.map(\.passed) == [false])
      #expect(checks.first?.detail.contains("upstream leaves such modules out") == true)
      #expect(checks.first?.detail.contains("shop") == true)
      #expect(try await OdooCondition.read(try await odoo.session()).isNeutralized == false)
    }
  }

  @Test(
    "SQL that fails, ends early, or is none leaves the copy as it was, with the reason",
    arguments: [
      ("echo 'UPDATE ir_cron SET active = false; SELECT nonsense;'", "nonsense"), ("true", "printed no statement"),
      ("echo 'BEGIN;'; echo 'COMMIT;'", "printed no statement"), ("echo half; exit 3", "ended with code 3"),
      ("printf 'BEGIN; UPDATE ir_cron SET active = false; ROLLBACK; SELECT 1;'", "transaction"),
      ("echo 'COPY ir_cron FROM STDIN;'", "COPY"), ("no-such-program", "code 127"),
    ])
  func failing(line: String, says: String) async throws {
    try await RealOdoo.with { odoo in
      let error = await #expect(throws: ConnectorError.self) {
        try await prepare(odoo, staging(odoo, neutralize: line))
      }
      #expect(error?.message.contains(says) == true, "\(error?.message ?? "")")
      let jobs = try await odoo.session().value("SELECT count(*) FROM ir_cron WHERE active")
      #expect(jobs == "4")
    }
  }

  @Test("production's green gets its address, frozen, and is not neutralized; a neutralized one is refused")
  func production() async throws {
    try await RealOdoo.with { odoo in
      let spec = OdooSpec(modules: ["shop"], addons: [odoo.addons], baseURL: "https://shop.example")
      let checks = try await prepare(odoo, spec, isProtected: true)
      #expect(checks.filter { !$0.passed } == [])
      let condition = try await OdooCondition.read(try await odoo.session())
      #expect(condition.baseURL == "https://shop.example" && condition.isBaseURLFrozen && !condition.isNeutralized)
      #expect(try await odoo.bin(["neutralize"]).code == 0)
      let refused = try await prepare(odoo, spec, isProtected: true).filter { !$0.passed }
      #expect(refused.map(\.name) == ["neutralized"])
    }
  }

  @Test("a database that is no Odoo is an error that names the table")
  func noOdoo() async throws {
    let cluster = try await RealPostgres.shared.cluster()
    let rules = OdooRules(OdooSpec(modules: ["base"]), folder: "/", isProtected: true)
    let error = await #expect(throws: DatabaseError.self) {
      try await rules.check(of: cluster.session(), release: "1.0")
    }
    #expect(error?.message.contains("ir_module_module") == true)
  }
}
