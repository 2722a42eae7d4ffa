import Foundation
import SlipwayModel
import SlipwayPipelineFile
import Testing

@Suite("Pipeline file: smoke tests on data, and signing in")
struct SmokeTestGrammarTests {
  private static let data = """
    data:
          postgres:
            server: "${env:PG}"
            databases: {a: shop_a, b: shop_b}
            files: {folders: {a: files/shop_a, b: files/shop_b}}
            odoo: {modules: [base, shop], addons: ["odoo/${release}/addons"], base_url: "https://shop.example"}

    """
  private static let signIn = #"""
    sign-in: {name: who, path: /web/login, form: {login: smoke, password: "${env:SMOKE}"}, csrf: csrf_token, session: session_id, then: {path: /odoo}}
    """#

  private func text(_ check: String, data: String = data, health: String = "/web/login") -> String {
    let own = data.isEmpty ? "" : "\n    green_data: copy"
    let keys = data.isEmpty ? "" : "    " + data
    return Samples.base
      .replacing("    metrics:\n      prom", with: "\(keys)    health: {path: \(health)}\n    metrics:\n      prom")
      .replacing("rollout: {steps: [10%, 50%, 100%], watch: 5m}", with: "rollout: {steps: [100%], watch: 5m}\(own)")
      .replacing("- http: {name: login, path: /login}", with: "- \(check)")
  }

  private func messages(_ check: String, data: String = data, health: String = "/web/login") -> [String] {
    Samples.problems(text(check, data: data, health: health)).map(\.sentence)
  }

  private func check(_ text: String) throws -> CheckSpec {
    guard case .success(let document) = Samples.read(self.text(text)) else {
      throw Unread(description: "\(Samples.problems(self.text(text)).map(\.sentence))")
    }
    return try #require(document.pipeline.promotion(to: "production")?.verify.beforeTraffic.first)
  }

  private struct Unread: Error, CustomStringConvertible { var description: String }

  @Test("B6: the plain cases need a name only, and all else has its default")
  func plain() throws {
    #expect(
      try check("sql: {name: db}") == .data(name: "db", .sql(query: "SELECT 1", expect: "1"), timeout: .minutes(1)))
    #expect(
      try check("sql: {name: db, query: SELECT count(*) FROM t, expect: 12, timeout: 5s}")
        == .data(name: "db", .sql(query: "SELECT count(*) FROM t", expect: "12"), timeout: .seconds(5)))
    #expect(try check("files: {name: f}") == .data(name: "f", .files(sample: 20), timeout: .minutes(1)))
    #expect(try check("odoo: {name: o}") == .data(name: "o", .odoo(OdooAspect.allCases), timeout: .minutes(1)))
    #expect(
      try check("odoo: {name: o, aspects: [modules, base_url]}")
        == .data(name: "o", .odoo([.modules, .baseURL]), timeout: .minutes(1)))
  }

  @Test("A9: signing in is read with secrets by reference, as a form or as JSON")
  func signingIn() throws {
    #expect(
      try check(Self.signIn)
        == .signIn(
          name: "who",
          SignInSpec(
            path: "/web/login",
            fields: .form(["login": SecretText("smoke"), "password": SecretText("${env:SMOKE}")]), csrf: "csrf_token",
            session: "session_id", then: .init(path: "/odoo")), timeout: .seconds(10)))
    let json =
      #"sign-in: {name: t, path: /api/token, json: {params.login: smoke}, bearer: result.token, then: {path: /api/a}, denied: [/api/b]}"#
    #expect(
      try check(json)
        == .signIn(
          name: "t",
          SignInSpec(
            path: "/api/token", fields: .json(["params.login": SecretText("smoke")]), bearer: "result.token",
            then: .init(path: "/api/a"), denied: ["/api/b"]), timeout: .seconds(10)))
  }

  @Test("F7: a check that could never pass, or never fail, is refused")
  func refusals() {
    let none = ""
    #expect(messages("http: {name: login, path: /login}") == [])
    let plain = Self.data.replacing(
      "        odoo: {modules: [base, shop], addons: [\"odoo/${release}/addons\"], base_url: \"https://shop.example\"}\n",
      with: "")
    #expect(
      messages("sql: {name: db}", data: none).contains { $0.contains("nobody can look at the data of 'production'") })
    #expect(messages("files: {name: f}", data: plain).contains { $0.contains("nothing says which files") })
    #expect(messages("odoo: {name: o}", data: plain).contains { $0.contains("is no Odoo database") })
    let bare = Self.data.replacing("modules: [base, shop], ", with: "")
    #expect(
      messages("odoo: {name: o, aspects: [modules]}", data: bare).contains { $0.contains("which modules are expected") }
    )
    #expect(messages("sign-in: {name: s, path: /l, form: {a: b}}").contains { $0.contains("nothing would show") })
    #expect(messages("sign-in: {name: s, path: /l, session: x}").contains { $0.contains("as a form or as JSON") })
    #expect(
      messages("sign-in: {name: s, path: /l, form: {a: b}, session: x, denied: [/p]}").contains {
        $0.contains("proves nothing where nothing is shown")
      })
    let clear = messages("sign-in: {name: s, path: /l, form: {password: hunter2}, session: x}")
    #expect(clear.contains { $0.contains("looks like a secret written in clear") })
    #expect(!clear.joined().contains("hunter2"))
    #expect(messages("odoo: {name: o, aspects: [module]}").contains { $0.contains("did you mean 'modules'?") })
  }

  @Test("health that Odoo answers without its database, and neutralizing without code or address, are refused")
  func odoo() {
    let all = messages("odoo: {name: o}", health: "/web/health?db_server_status=1")
    #expect(all.contains { $0.contains("without looking at its database") })
    let neutral = Self.data.replacing(
      "{modules: [base, shop], addons: [\"odoo/${release}/addons\"], base_url: \"https://shop.example\"}",
      with: "{modules: [base], neutralize: odoo-bin neutralize --stdout}")
    let found = messages("odoo: {name: o, aspects: [modules]}", data: neutral)
    #expect(found.contains { $0.contains("left out without a word") })
    #expect(found.contains { $0.contains("go on leading to production") })
  }

  @Test("files of an Odoo database have their names' hash and their query without a word about it")
  func files() throws {
    guard case .success(let document) = Samples.read(text("odoo: {name: o}")) else {
      Issue.record("\(Samples.problems(text("odoo: {name: o}")).map(\.sentence))")
      return
    }
    let environment = document.pipeline.environments.first { $0.name == "production" }
    guard case .postgres(let spec)? = environment?.data else {
      Issue.record("no data")
      return
    }
    #expect(spec.files == .odoo(.slots(a: "files/shop_a", b: "files/shop_b")))
    #expect(spec.files?.names == .sha1)
  }
}
