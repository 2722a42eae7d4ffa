import Foundation
import SlipwayConnectors
import SlipwayModel
import Testing

@Suite("Dependencies")
struct DependencyGateTests {
  private static let now = Timestamp(milliseconds: 1_700_000_000_000)
  private static let password = "hunter2-and-more"

  /// Answers what it is told, as a database would.
  private struct ScriptedDatabase: DatabaseQuestion {
    func firstRow(of query: String, at url: SecretText) async throws(ConnectorError) -> [String?]? {
      switch query {
      case "none": return nil
      case "hang":
        try? await Task.sleep(for: .seconds(600))
        return nil
      case "fail": throw ConnectorError(.refused, "it says \(DependencyGateTests.password)")
      default: return [query]
      }
    }
  }

  private static func plan(_ environment: [String: SecretText] = [:]) -> Plan {
    Plan(
      operation: .promote, project: "shop", release: Release(id: "1.0", artifact: "a"), from: nil, to: "production",
      environment: EnvironmentSpec(
        name: "production",
        deploy: .processes(ProcessesSpec(run: "x", portA: 1, portB: 2, environment: environment)),
        traffic: .router(RouterSpec(listen: "127.0.0.1:3"))), blue: nil, green: .a, steps: [], watch: WatchSpec(),
      rollback: RollbackSpec(), windows: [:], roles: [:])
  }

  private func report(
    _ specs: [DependencySpec], folder: String = "/", environment: [String: SecretText] = [:]
  ) async throws -> GateReport {
    let secrets = SecretSource(environment: ["PW": Self.password, "EMPTY": ""], folder: folder)
    let inherited = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/bin", "HOME": "/root"]
    return try await withHTTPClient { client in
      let gate = DependencyGate(
        runner: CommandRunner(folder: folder, inherited: inherited, secrets: secrets), secrets: secrets,
        client: client, database: ScriptedDatabase(), inherited: inherited, folder: folder)
      return await gate.report(.dependencies(specs), specs, for: Self.plan(environment), run: nil, at: Self.now)
    }
  }

  private func spec(
    _ name: String, _ question: DependencySpec.Question, critical: Bool = true, timeout: Span = .seconds(30)
  ) -> DependencySpec { DependencySpec(name: name, critical: critical, timeout: timeout, question: question) }

  private func mail(
    _ port: Int, host: String = "127.0.0.1", _ tls: DependencySpec.SMTPQuestion.TLS = .none, password: String? = nil,
    ca: String? = nil
  ) -> DependencySpec.Question {
    .smtp(
      DependencySpec.SMTPQuestion(
        host: host, port: port, tls: tls, user: password.map { _ in SecretText("checks") },
        password: password.map { SecretText($0) }, from: "slipway@example.com", to: "sink@example.com", ca: ca))
  }

  // MARK: Mail

  @Test("C2: a test mail that a real server takes passes, and is what it says it is")
  func sink() async throws {
    try await RealMailSink.with { sink in
      let report = try await report([spec("mail", mail(sink.port))])
      #expect(report.verdict == .passed, "\(report)")
      #expect(report.proof.first?.what.contains("250 kept as 4711") == true, "\(report)")
      for line in [
        "From: <slipway@example.com>", "To: <sink@example.com>", "Subject: Slipway: dependency check 'mail' of shop",
        "Date: Tue, 14 Nov 2023 22:13:20 +0000", "Auto-Submitted: auto-generated",
      ] { #expect(sink.mails.contains(line), "\(line): \(sink.mails)") }
    }
  }

  @Test(
    "C2: a server that says no, for good or for now, fails the check with its words",
    arguments: [("RCPT 550 5.1.1 no such user", "RCPT TO"), ("DATA 451 4.3.0 try later", "the message")])
  func refusal(refuse: String, step: String) async throws {
    try await RealMailSink.with(refuse: refuse) { sink in
      let report = try await report([spec("mail", mail(sink.port))])
      #expect(report.verdict == .failed)
      #expect(report.reason.contains(step) && report.reason.contains(refuse.dropFirst(5)), "\(report)")
      #expect(sink.mails.isEmpty)
    }
  }

  @Test("C2: STARTTLS and TLS with the server's own certificate, and signing in", arguments: ["starttls", "tls"])
  func encrypted(mode: String) async throws {
    let tls = try #require(DependencySpec.SMTPQuestion.TLS(rawValue: mode))
    try await RealMailSink.with(mode: mode, password: Self.password) { sink in
      let folder = sink.folder.path
      let good = mail(sink.port, host: "localhost", tls, password: "${env:PW}", ca: RealMailSink.certificate)
      let report = try await report([spec("mail", good)], folder: folder)
      #expect(report.verdict == .passed, "\(report)")
      #expect(sink.mails.contains("Subject:"))

      let wrong = mail(sink.port, host: "localhost", tls, password: "${env:EMPTY}", ca: RealMailSink.certificate)
      let refused = try await self.report([spec("mail", wrong)], folder: folder)
      #expect(refused.verdict == .failed && refused.reason.contains("535"), "\(refused)")

      // A certificate that nobody vouches for, and one for another name.
      let unknown = try await self.report([spec("mail", mail(sink.port, host: "localhost", tls))], folder: folder)
      #expect(unknown.verdict == .failed && unknown.reason.contains("TLS handshake"), "\(unknown)")
      let other = try await self.report(
        [spec("mail", mail(sink.port, tls, ca: RealMailSink.certificate))], folder: folder)
      #expect(other.verdict == .failed && other.reason.contains("TLS handshake"), "\(other)")
      for report in [report, refused, unknown, other] { #expect(!"\(report)".contains(Self.password)) }
    }
  }

  @Test("C2, B11: nothing goes in clear where STARTTLS was asked for and is not offered, and no password ever")
  func stripped() async throws {
    try await RealMailSink.with { sink in
      let report = try await report([spec("mail", mail(sink.port, .starttls))])
      #expect(report.verdict == .failed && report.reason.contains("offers no STARTTLS"), "\(report)")
      #expect(sink.mails.isEmpty)
    }
    try await withScripted(["220 hi", "250-x\\n250 STARTTLS", "220 go\\n250 injected", "<hang>"]) { port in
      let report = try await report([spec("mail", mail(port, .starttls))])
      #expect(report.verdict == .failed && report.reason.contains("in clear"), "\(report)")
    }
  }

  @Test(
    "C2: silence, garbage and a cut connection fail the check in its time, and say where",
    arguments: [
      (["<hang>"], "no answer within"), (["220 hi", "<hang>"], "no answer within"), (["220 hi", "<cut>"], "hung up"),
      (["<cut>"], "hung up"), (["HTTP/1.1 400 Bad Request"], "does not speak SMTP"), (["554 go away"], "554 go away"),
      (["220 hi", "250 x", "250 ok", "250 ok", "<cut>"], "hung up after DATA"),
    ])
  func broken(lines: [String], says: String) async throws {
    try await withScripted(lines) { port in
      let began = ContinuousClock.now
      let report = try await report([spec("mail", mail(port), timeout: .seconds(3))])
      #expect(report.verdict == .failed && report.reason.contains(says), "\(report)")
      #expect(ContinuousClock.now - began < .seconds(60))
    }
  }

  private func withScripted(_ lines: [String], _ body: (Int) async throws -> Void) async throws {
    try await withScratchFolder { folder in
      let script = folder.appending(path: "lines")
      try Data(lines.joined(separator: "\n").utf8).write(to: script)
      try await PythonServers.with(PythonServers.scriptedMail, [script.path], folder: folder) { _, port in
        try await body(port)
      }
    }
  }

  // MARK: Everything else

  @Test("C1, C2: all are asked, all are reported; one critical failure blocks, the others warn")
  func all() async throws {
    try await RealMailSink.with { sink in
      let specs = [
        spec("good", .command(run: "exit 0")), spec("bad", .command(run: "echo broken; exit 3"), critical: false),
        spec("mail", mail(sink.port)), spec("port", .tcp("127.0.0.1:\(sink.port)")),
        spec("migrated", .sql(.init(url: SecretText("x"), query: "12", expect: "12"))),
      ]
      let report = try await report(specs)
      #expect(report.verdict == .passed, "\(report)")
      #expect(report.proof.count == 5)
      #expect(report.warnings.count == 1 && report.warnings[0].contains("broken"), "\(report)")
      var critical = specs
      critical[1].critical = true
      let blocked = try await self.report(critical)
      #expect(blocked.verdict == .failed && blocked.reason.contains("1 of 5 critical"), "\(blocked)")
      #expect(blocked.proof.count == 5)
    }
  }

  @Test("C2: they are asked at the same time, and one that hangs takes only its own time")
  func together() async throws {
    let specs = (0..<20).map { spec("s\($0)", .sql(.init(url: SecretText("x"), query: "hang")), timeout: .seconds(2)) }
    let began = ContinuousClock.now
    let report = try await report(specs + [spec("ok", .secret(SecretText("${env:PW}")))])
    #expect(report.verdict == .failed && report.reason.contains("20 of 21"), "\(report)")
    // One after the other it would be 40 s.
    #expect(ContinuousClock.now - began < .seconds(30))
  }

  @Test("C2: a database that says something else, says nothing, or fails")
  func database() async throws {
    func verdict(_ query: String, _ expect: String?) async throws -> GateReport {
      try await report([spec("db", .sql(.init(url: SecretText("${env:PW}"), query: query, expect: expect)))])
    }
    #expect(try await verdict("12", "13").reason.contains("'12', '13' expected"))
    #expect(try await verdict("none", nil).reason.contains("no row"))
    #expect(try await verdict("12", nil).verdict == .passed)
    let failed = try await verdict("fail", nil)
    #expect(failed.verdict == .failed && failed.reason.contains("[REDACTED]"), "\(failed)")
    #expect(!"\(failed)".contains(Self.password))
  }

  @Test("C2, B11: variables and secrets are named, never shown")
  func variables() async throws {
    let own = [
      "DB": SecretText("${env:PW}"), "GONE": SecretText("${env:NOT_SET}"), "BLANK": SecretText("${env:EMPTY}"),
    ]
    let names = ["DB", "PORT", "SLIPWAY_RELEASE", "HOME"]
    let good = try await report([spec("env", .environment(names))], environment: own)
    #expect(good.verdict == .passed && !"\(good)".contains(Self.password), "\(good)")
    let bad = try await report(
      [spec("env", .environment(names + ["GONE", "BLANK", "MISSING"]))], environment: own)
    #expect(bad.verdict == .failed)
    for word in ["GONE (its reference ${env:NOT_SET}", "BLANK (empty)", "MISSING"] {
      #expect(bad.reason.contains(word), "\(bad)")
    }
    #expect(try await report([spec("s", .secret(SecretText("${env:PW}")))]).verdict == .passed)
    #expect(try await report([spec("s", .secret(SecretText("${env:EMPTY}")))]).verdict == .failed)
    #expect(try await report([spec("s", .secret(SecretText("${file:/no/such/file}")))]).verdict == .failed)
  }

  @Test("C2: a status page is judged by status and content; a closed port and an address that is none fail")
  func network() async throws {
    try await withScratchFolder { folder in
      try await PythonServers.with(PythonServers.upstream, ["all systems go"], folder: folder) { _, port in
        func asked(_ path: String, _ status: Int, _ contains: String?) async throws -> GateReport {
          try await report([
            spec(
              "page",
              .http(.init(url: SecretText("http://127.0.0.1:\(port)\(path)"), status: status, contains: contains)))
          ])
        }
        let good = try await asked("/", 200, "systems go")
        let other = try await asked("/", 200, "maintenance")
        let broken = try await asked("/fail", 200, nil)
        let missing = try await asked("/missing", 404, nil)
        #expect(good.verdict == .passed && missing.verdict == .passed)
        #expect(other.reason.contains("without 'maintenance'"))
        #expect(broken.reason.contains("answered 500, 200 expected"))
      }
      let closed = try freePort()
      let refused = try await report([spec("port", .tcp("127.0.0.1:\(closed)"))])
      #expect(refused.verdict == .failed && refused.reason.contains("connection refused"), "\(refused)")
    }
  }
}
