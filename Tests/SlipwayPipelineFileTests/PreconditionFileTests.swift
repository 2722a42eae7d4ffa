import Foundation
import SlipwayModel
import SlipwayPipelineFile
import Testing

@Suite("Pipeline file: dependencies, inputs, guardrails")
struct PreconditionFileTests {
  private static let dependencies = #"""
    - same-commit
          - dependencies:
              - {name: status, http: {url: "https://status.example.com/${env:PAGE}", status: 204, contains: ok, headers: {Authorization: "Bearer ${env:T}"}}, timeout: 4s}
              - {name: migrated, sql: {url: "postgresql://app:${env:PW}@db/shop", query: "SELECT count(*) = 12 FROM migrations", expect: true}}
              - {name: mail, critical: false, smtp: {host: mail.example.com, port: 587, tls: starttls, user: u, password: "${env:PW}", from: a@example.com, to: b@example.com, ca: ca.pem}}
              - {name: script, command: {run: ./ask.sh, environment: {K: "${env:K}"}}}
              - {name: variables, environment: [DATABASE_URL, WORKERS]}
              - {name: vault, secret: "${file:vault.token}"}
              - {name: queue, tcp: "10.0.0.7:5672"}
    """#

  private func read(_ text: String) -> Result<PipelineDocument, PipelineProblems> {
    PipelineFile.read(Data(text.utf8), path: "slipway.yaml")
  }

  private func with(_ gates: String) -> String {
    Samples.base.replacing("- verified", with: "- verified\n      " + gates)
  }

  private func problems(_ text: String) throws -> String {
    guard case .failure(let problems) = read(text) else {
      Issue.record("this was taken:\n\(text)")
      return ""
    }
    return problems.description
  }

  @Test("C2, B1: every kind of dependency, and the gates on commit and data, are read as they are written")
  func whole() throws {
    let text = with(Self.dependencies)
      .replacing("approval: {by:", with: "requesters: [sre]\n    approval: {by:")
    let pipeline = try read(text).get().pipeline
    let promotion = try #require(pipeline.promotion(to: "production"))
    #expect(promotion.requesters == ["sre"])
    #expect(promotion.gates.contains(.sameCommit(as: "staging")))
    let found = promotion.gates.compactMap { if case .dependencies(let specs) = $0 { specs } else { nil } }.first
    let expected: [DependencySpec] = [
      DependencySpec(
        name: "status", timeout: .seconds(4),
        question: .http(
          .init(
            url: SecretText("https://status.example.com/${env:PAGE}"), status: 204, contains: "ok",
            headers: ["Authorization": SecretText("Bearer ${env:T}")]))),
      DependencySpec(
        name: "migrated",
        question: .sql(
          .init(
            url: SecretText("postgresql://app:${env:PW}@db/shop"), query: "SELECT count(*) = 12 FROM migrations",
            expect: "t"))),
      DependencySpec(
        name: "mail", critical: false,
        question: .smtp(
          .init(
            host: "mail.example.com", port: 587, tls: .starttls, user: SecretText("u"),
            password: SecretText("${env:PW}"), from: "a@example.com", to: "b@example.com", ca: "ca.pem"))),
      DependencySpec(name: "script", question: .command(run: "./ask.sh", environment: ["K": SecretText("${env:K}")])),
      DependencySpec(name: "variables", question: .environment(["DATABASE_URL", "WORKERS"])),
      DependencySpec(name: "vault", question: .secret(SecretText("${file:vault.token}"))),
      DependencySpec(name: "queue", question: .tcp("10.0.0.7:5672")),
    ]
    #expect(found == expected)
  }

  @Test(
    "F7: mistakes in dependencies are named with their place",
    arguments: [
      ("- dependencies: []", "this list is empty"),
      ("- dependencies: [{name: a}]", "nothing is asked of 'a'"),
      ("- dependencies: [{name: a, tcp: 'x:1', secret: '${env:A}'}]", "'a' asks several things: secret, tcp"),
      ("- dependencies: [{name: a, tcp: 'x:1'}, {name: a, tcp: 'y:1'}]", "a dependency 'a' stands here already"),
      ("- dependencies: [{name: a, secret: clear}]", "this is no reference"),
      ("- dependencies: [{name: a, environment: []}]", "this list is empty"),
      ("- dependencies: [{name: a, command: {run: 'true'}}]", "this command cannot fail"),
      ("- dependencies: [{name: a, smtp: {host: h, from: nobody, to: b@x}}]", "an address such as"),
      ("- dependencies: [{name: a, smtp: {host: h, from: a@x, to: b@x, user: u}}]", "a user needs a password"),
      ("- dependencies: [{name: a, sql: {url: 'postgresql://u:pw@h/d', query: SELECT 1}}]", "a password in clear"),
      ("- dependencies: [{name: a, smtp: {host: \"h\\r\\nRCPT\", from: a@x, to: b@x}}]", "a host such as"),
      ("- data-ready", "Slipway keeps no data of 'production'"),
      ("- same-commit: {in: production}", "where the promotion only leads"),
    ])
  func mistakes(gate: String, says: String) throws {
    let problems = try problems(with(gate))
    #expect(problems.contains(says), "\(problems)")
  }

  // MARK: Inputs

  private static let inputs = """
    {"project_id": "shop", "staging_env_id": "staging", "prod_env_id": "production", "rollback_window_hours": 48,
     "skip_smoke_tests": false, "auto_rollback_on_failure": true}
    """

  private func inputs(_ text: String) throws -> Result<PromotionInputs, PipelineProblems> {
    InputsFile.read(Data(text.utf8), shownAs: "in.json", for: try read(Samples.base).get().pipeline)
  }

  @Test("B2: a file of inputs is read under its six names; three have defaults")
  func readsInputs() throws {
    let whole = try inputs(Self.inputs).get()
    #expect(whole.staging == "staging" && whole.production == "production")
    #expect(whole.terms == PromotionTerms(rollbackWindowHours: 48, skipSmokeTests: false, automaticRollback: true))
    let short = try inputs(#"{"project_id":"shop","staging_env_id":"staging","prod_env_id":"production"}"#).get()
    #expect(short.terms == PromotionTerms())
  }

  @Test(
    "B2, F7: every mistake of an input file is found, with its place",
    arguments: [
      ("48", "169", ["from 1 to 168"]), ("48", "0", ["from 1 to 168"]), ("48", "1.5", ["from 1 to 168"]),
      ("48", "\"48\"", ["from 1 to 168"]), ("false", "true", ["smoke tests cannot be skipped"]),
      ("true}", "false}", ["automatic rollback cannot be switched off"]),
      ("\"shop\"", "\"other\"", ["project_id is 'other'"]), ("\"staging\"", "\"stagin\"", ["staging_env_id 'stagin'"]),
      ("\"project_id\": \"shop\", ", "", ["lacks 'project_id'"]), ("skip_smoke_tests", "skip_smoke", ["no key"]),
      ("{", "[", []), ("}", "", []), ("\"skip_smoke_tests\": false", "\"project_id\": \"x\"", []),
      ("48,\n \"skip_smoke_tests\": false", "500,\n \"skip_smoke_tests\": 1", ["168", "true or false"]),
    ])
  func brokenInputs(find: String, replacement: String, says: [String]) throws {
    guard case .failure(let problems) = try inputs(Self.inputs.replacing(find, with: replacement, maxReplacements: 1))
    else {
      Issue.record("\(replacement) was taken")
      return
    }
    for word in says { #expect(problems.description.contains(word), "\(problems)") }
    #expect(problems.description.hasPrefix("in.json:"), "\(problems)")
  }

  @Test("F7: whatever a file of inputs holds, it is refused or means something allowed")
  func fuzzInputs() throws {
    let pipeline = try read(Samples.base).get().pipeline
    var random = SystemSeed(state: 7)
    for _ in 0..<1_500 {
      var bytes = Array(Self.inputs.utf8)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        default: bytes.insert(contentsOf: Array("9\"{:,".utf8.shuffled(using: &random)), at: place)
        }
      }
      if case .success(let inputs) = InputsFile.read(Data(bytes), shownAs: "in.json", for: pipeline) {
        #expect(inputs.mistakes(in: pipeline).isEmpty && inputs.production == "production")
      }
    }
  }

  private struct SystemSeed: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ (state >> 29)
    }
  }

  // MARK: Guardrails

  private func guarded(
    _ registry: String?, _ change: (String) -> String = { $0 }
  ) throws -> Result<PipelineDocument, PipelineProblems> {
    let folder = URL(filePath: "/tmp/swg-\(UInt32.random(in: .min ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    if let registry { try Data(registry.utf8).write(to: folder.appending(path: "guardrails.yaml")) }
    let file = folder.appending(path: "slipway.yaml")
    try Data((change(Samples.base) + "\nguardrails: guardrails.yaml\n").utf8).write(to: file)
    return PipelineFile.read(contentsOf: file.path, shownAs: "slipway.yaml")
  }

  private static let registry = GuardrailFile.template(exceptions: [])

  @Test("B12: the shipped registry is read whole, and its digest is kept")
  func shipped() throws {
    let book = try #require(try guarded(Self.registry).get().pipeline.guardrails)
    #expect(book.rules.map(\.id) == GuardrailID.allCases && book.rules.allSatisfy(\.enforce))
    #expect(book.digest == Digest(of: Data(Self.registry.utf8)))
    let open = GuardrailFile.template(exceptions: ExceptionWord.allCases)
    let rules = try guarded(open).get().pipeline.guardrails
    #expect(rules?.rule(.productionRequiresStaging).except == [.hotfix])
    #expect(rules?.rule(.calendarRespected).except == [.emergency, .freeze])
  }

  @Test("B12: a pipeline that contradicts a guardrail is refused with both places")
  func contradiction() throws {
    let hotfix = { (text: String) in
      text.replacing(
        "approval: {by:", with: "exceptions: {hotfix: {by: {sre: 1, release-manager: 1}}}\n    approval: {by:")
    }
    guard case .failure(let problems) = try guarded(Self.registry, hotfix) else {
      Issue.record("it was taken")
      return
    }
    let line = problems.description.split(separator: "\n").first { $0.contains("production-requires-staging") }
    #expect(line?.hasPrefix("slipway.yaml:") == true, "\(problems)")
    #expect(line?.contains("guardrails.yaml:") == true && line?.contains("exception 'hotfix'") == true, "\(problems)")
    #expect(throws: Never.self) { try guarded(GuardrailFile.template(exceptions: [.hotfix]), hotfix).get() }
  }

  @Test(
    "B12, E17: a registry with a mistake, or one that turns off what nobody may, is refused with both places",
    arguments: [
      ("", "guardrails.yaml:"), ("- {id: no-such, enforce: true, reason: r}", "no-such"),
      ("- {id: evidence-required, enforce: true}", "lacks 'reason'"),
      ("- {id: no-proprietary-modules, enforce: false, reason: r}", "nobody stands by it"),
      ("- {id: approval-required, enforce: false, reason: r, by: ann}", "cannot be turned off, because 'production'"),
      ("- {id: evidence-required, enforce: false, reason: r, by: ann}", "cannot be turned off"),
      ("- {id: evidence-required, enforce: yes, reason: r}", "true or false"),
      (
        "- {id: evidence-required, enforce: true, reason: r}\n- {id: evidence-required, enforce: true, reason: r}",
        "stands here already"
      ),
    ])
  func brokenRegistry(text: String, says: String) throws {
    guard case .failure(let problems) = try guarded(text) else {
      Issue.record("\(text) was taken")
      return
    }
    #expect(problems.description.contains(says), "\(problems)")
    #expect(problems.description.contains("slipway.yaml:") && problems.description.contains("guardrails.yaml"))
  }

  @Test("B12: a registry that is not there is a mistake; one guardrail that may be off takes a reason and a name")
  func missing() throws {
    guard case .failure(let problems) = try guarded(nil) else {
      Issue.record("it was taken")
      return
    }
    #expect(problems.description.contains("there is no such file"), "\(problems)")
    let off = "- {id: no-proprietary-modules, enforce: false, reason: licensed, by: ann}"
    #expect(try guarded(off).get().pipeline.guardrails?.rule(.noProprietaryModules).by == "ann")
  }
}
