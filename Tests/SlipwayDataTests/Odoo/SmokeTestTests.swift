import Foundation
import SlipwayConnectors
import SlipwayData
import SlipwayModel
import Testing

@Suite("Smoke tests on data, and signing in")
struct SmokeTestTests {
  private static let patience = Span.seconds(60)

  /// The five of B6, as a pipeline file has them.
  private static let five: [CheckSpec] = [
    .http(name: "page", path: "/web/login", status: 200, contains: "csrf_token", timeout: patience),
    .data(name: "database", .sql(query: "SELECT 1", expect: "1"), timeout: patience),
    .data(name: "modules", .odoo([.modules, .registry, .proprietary]), timeout: patience),
    .data(name: "attachments", .files(sample: 5), timeout: patience),
    .signIn(name: "sign-in", form("demo"), timeout: patience),
  ]

  private static func form(_ password: String) -> SignInSpec {
    SignInSpec(
      path: "/web/login", fields: .form(["login": SecretText("demo"), "password": SecretText("${env:\(password)}")]),
      csrf: "csrf_token", status: 303, session: "session_id", then: .init(path: "/odoo", contains: "demo"))
  }

  private func verify(_ odoo: RealOdoo, _ url: String, _ checks: [CheckSpec], hasData: Bool = true) async throws
    -> [CheckOutcome]
  {
    let secrets = SecretSource(environment: ["demo": "demo", "wrong": "nonsense", "admin": "admin"], folder: "/")
    return try await withProbe { probe in
      let verifier = ServiceVerifier(
        probe: probe, runner: odoo.runner, secrets: secrets, data: hasData ? try odoo.checks() : nil
      ) { _ in }
      let outcomes = await verifier.verify(
        Verification(
          url: url, health: HealthSpec(path: "/web/health", timeout: Self.patience), version: nil, checks: checks,
          deployment: odoo.deployment)
      ) { _ in }
      return Array(outcomes.dropFirst())
    }
  }

  @Test("B6: the five smoke tests pass on a good green, each with what was found")
  func good() async throws {
    try await RealOdoo.with { odoo in
      try await odoo.serve { url in
        let outcomes = try await verify(odoo, url, Self.five)
        #expect(outcomes.map(\.name) == ["page", "database", "modules", "attachments", "sign-in"])
        #expect(outcomes.filter { !$0.passed } == [])
        #expect(outcomes[1].detail == "'1'")
        #expect(outcomes[3].detail == "2 files read, each with its hash")
        #expect(outcomes[4].detail == "signed in with status 303; /odoo is open to who has signed in alone")
      }
    }
  }

  @Test("B6: each of the five fails by itself, and says why")
  func bad() async throws {
    try await RealOdoo.with { odoo in
      try await odoo.serve { url in
        let session = try await odoo.session()
        try await session.rows("UPDATE ir_module_module SET state = 'to upgrade' WHERE name = 'shop'")
        let file = try #require(try await session.value("SELECT store_fname FROM ir_attachment ORDER BY id LIMIT 1"))
        try Data("another logo".utf8).write(to: URL(filePath: odoo.files + "/" + file))
        let name = try #require(
          try await session.value("SELECT store_fname FROM ir_attachment ORDER BY id DESC LIMIT 1"))
        try FileManager.default.removeItem(atPath: odoo.files + "/" + name)
        try await session.rows("UPDATE res_users SET active = false WHERE login = 'demo'")
        let outcomes = try await verify(odoo, url, Self.five)
        #expect(outcomes.map(\.passed) == [true, true, false, false, false])
        #expect(outcomes[2].detail.contains("shop (to upgrade)"))
        #expect(outcomes[3].detail.contains("2 of 2 files are wrong"))
        #expect(outcomes[3].detail.contains("is not there") && outcomes[3].detail.contains("holds"))
        #expect(outcomes[4].detail == "/web/login answered 200, 303 expected")
        try await session.rows("DROP TABLE ir_ui_view")
        let broken = try await verify(odoo, url, Array(Self.five.prefix(1)))
        #expect(broken.map(\.detail) == ["answered 500, 200 expected"], "health was still green")
      }
    }
  }

  @Test("what nobody can look at has not passed")
  func nobody() async throws {
    try await RealOdoo.with { odoo in
      try await odoo.serve { url in
        let outcomes = try await verify(odoo, url, Array(Self.five[1...3]), hasData: false)
        #expect(outcomes.map(\.passed) == [false, false, false])
        #expect(outcomes.allSatisfy { $0.detail.contains("data: {postgres: …}") })
      }
    }
  }

  @Test("a query must give its value, may only read, and ends with its time")
  func queries() async throws {
    try await RealOdoo.with { odoo in
      let checks = try odoo.checks()
      func look(_ query: String, _ expect: String = "1", _ timeout: Span = Self.patience) async throws -> DataCheck? {
        try await checks.look(.sql(query: query, expect: expect), at: odoo.place, timeout: timeout).first
      }
      #expect(try await look("SELECT count(*) FROM ir_cron", "4")?.passed == true)
      #expect(try await look("SELECT count(*) FROM ir_cron")?.detail == "'4', '1' expected")
      #expect(try await look("SELECT 1 WHERE false")?.detail == "no row, '1' expected")
      #expect(try await look("SELECT NULL")?.passed == false)
      for query in ["DELETE FROM ir_cron RETURNING 1", "SELECT 1; SELECT 1", "nonsense", "COMMIT"] {
        do {
          #expect(try await look(query)?.passed == false, "\(query)")
        } catch let error as ConnectorError {
          #expect(error.code == .refused, "\(query): \(error)")
        }
      }
      #expect(try await odoo.session().value("SELECT count(*) FROM ir_cron") == "4")
      let late = await #expect(throws: ConnectorError.self) {
        try await look("SELECT pg_sleep(600)", "", .milliseconds(300))
      }
      #expect(late?.code == .timedOut)
      var missing = odoo.place
      missing.database = "no_such_database"
      await #expect(throws: ConnectorError.self) {
        try await checks.look(.sql(query: "SELECT 1", expect: "1"), at: missing, timeout: Self.patience)
      }
    }
  }

  @Test("files: a name that leads elsewhere, a link, and none at all fail; a sample is of the size asked for")
  func files() async throws {
    try await RealOdoo.with { odoo in
      let checks = try odoo.checks()
      func look(_ sample: Int = 100) async throws -> DataCheck {
        try #require(try await checks.look(.files(sample: sample), at: odoo.place, timeout: Self.patience).first)
      }
      #expect(try await look(1).detail == "1 files read, each with its hash")
      let session = try await odoo.session()
      try await session.rows("INSERT INTO ir_attachment (name, store_fname) VALUES ('x', '../../etc/passwd')")
      #expect(try await look().detail.contains("../../etc/passwd is no path below the folder"))
      try await session.rows("DELETE FROM ir_attachment WHERE name = 'x'")
      let name = try #require(try await session.value("SELECT store_fname FROM ir_attachment LIMIT 1"))
      let place = odoo.files + "/" + name
      try FileManager.default.moveItem(atPath: place, toPath: odoo.files + "/elsewhere")
      try FileManager.default.createSymbolicLink(atPath: place, withDestinationPath: odoo.files + "/elsewhere")
      #expect(try await look().passed == false)
      try await session.rows("UPDATE ir_attachment SET store_fname = NULL")
      #expect(try await look().detail == "the database refers to no file, so none could be read")
    }
  }

  @Test("A9: a token is got, opens its own tenant's page and no other's; a release that mixes tenants up is caught")
  func tenants() async throws {
    try await RealOdoo.with { odoo in
      let spec = SignInSpec(
        path: "/api/token",
        fields: .json([
          "tenant": SecretText("acme"), "login": SecretText("demo"), "password": SecretText("${env:demo}"),
        ]), bearer: "access_token", then: .init(path: "/api/acme/orders", contains: "acme"),
        denied: ["/api/other/orders"])
      let check = CheckSpec.signIn(name: "tenants", spec, timeout: Self.patience)
      try await odoo.serve { url in
        let outcome = try #require(try await verify(odoo, url, [check]).first)
        #expect(outcome.passed)
        #expect(outcome.detail.hasSuffix("/api/other/orders is closed (403)"))
      }
      try await odoo.serve(["ODOO_LEAKS": "1.0"]) { url in
        let outcome = try #require(try await verify(odoo, url, [check]).first)
        #expect(!outcome.passed)
        #expect(outcome.detail == "/api/other/orders is another's and answered 200; 401, 403 or 404 expected")
      }
    }
  }

  @Test("A9: a wrong password, a missing secret, an answer without what was promised, and an open page all fail")
  func noEntry() async throws {
    try await RealOdoo.with { odoo in
      try await odoo.serve { url in
        func expect(_ detail: String, _ password: String = "demo", _ change: (inout SignInSpec) -> Void) async throws {
          var spec = Self.form(password)
          change(&spec)
          let check = CheckSpec.signIn(name: "s", spec, timeout: Self.patience)
          let outcome = try #require(try await verify(odoo, url, [check]).first)
          #expect(!outcome.passed)
          #expect(outcome.detail.hasPrefix(detail), "\(outcome.detail)")
          #expect(!outcome.detail.contains("nonsense"))
        }
        try await expect("/web/login answered 200, 303 expected", "wrong") { _ in }
        try await expect("environment variable unset is not set", "unset") { _ in }
        try await expect("/web/login answered 400, 303 expected") { $0.csrf = nil }
        try await expect("/web/login answered 200 without a hidden field 'other'") { $0.csrf = "other" }
        try await expect("/web/login answered 303 without the cookie 'sid'") { $0.session = "sid" }
        try await expect("/web/login answered 303, but without 'welcome'") { $0.contains = "welcome" }
        try await expect("/web/login answered 303, but without a token at 'token'") { $0.bearer = "token" }
        try await expect("signed in, but /odoo answered 200, but without 'admin'") { $0.then?.contains = "admin" }
        try await expect("/orders answers somebody who has not signed in just the same") {
          $0.then = .init(path: "/orders")
        }
        let wrong: [String: SecretText] = [
          "jsonrpc": SecretText("2.0"), "params.login": SecretText("admin"),
          "params.password": SecretText("${env:wrong}"),
        ]
        // Odoo refuses by JSON with status 200.
        try await expect("/web/session/authenticate answered 200 without the cookie 'session_id'") {
          $0 = SignInSpec(path: "/web/session/authenticate", fields: .json(wrong), session: "session_id")
        }
      }
    }
  }

  @Test("A9: signing in by JSON-RPC gives a session that opens the page")
  func rpc() async throws {
    try await RealOdoo.with { odoo in
      try await odoo.serve { url in
        let spec = SignInSpec(
          path: "/web/session/authenticate",
          fields: .json(["params.login": SecretText("admin"), "params.password": SecretText("${env:admin}")]),
          session: "session_id", contains: "\"uid\"", then: .init(path: "/odoo", contains: "admin"))
        let outcome = try await verify(odoo, url, [.signIn(name: "rpc", spec, timeout: Self.patience)]).first
        #expect(outcome?.passed == true, "\(outcome?.detail ?? "")")
      }
    }
  }
}
