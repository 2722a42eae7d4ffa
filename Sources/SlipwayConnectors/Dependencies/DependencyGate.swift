package import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOPosix
package import SlipwayModel

/// Asks everything that a release depends on, all at once, each for its own time (C1, C2).
package struct DependencyGate: Sendable {
  private let runner: CommandRunner
  private let secrets: SecretSource
  private let probe: HTTPProbe
  private let mail: SMTPProbe
  private let database: any DatabaseQuestion
  private let inherited: [String: String]

  /// - Parameters:
  ///   - runner: runs commands.
  ///   - secrets: resolves references.
  ///   - client: follows no redirects.
  ///   - database: asks databases.
  ///   - inherited: the variables that every process of Slipway gets.
  ///   - folder: the pipeline file's folder.
  package init(
    runner: CommandRunner, secrets: SecretSource, client: HTTPClient, database: any DatabaseQuestion,
    inherited: [String: String], folder: String
  ) {
    self.runner = runner
    self.secrets = secrets
    probe = HTTPProbe(client: client)
    mail = SMTPProbe(secrets: secrets, folder: folder)
    self.database = database
    self.inherited = inherited
  }

  /// The verdict over all `specs`, and what each of them answered.
  package func report(
    _ gate: GateSpec, _ specs: [DependencySpec], for plan: Plan, run: RunID?, at now: Timestamp
  ) async -> GateReport {
    var answers: [Int: DependencyAnswer] = [:]
    await withTaskGroup(of: (Int, DependencyAnswer).self) { group in
      for (index, spec) in specs.enumerated() {
        group.addTask { (index, await answer(spec, plan, run, now)) }
      }
      for await (index, answer) in group { answers[index] = answer }
    }
    return .of(dependencies: specs.indices.compactMap { answers[$0] }, gate: gate.name, at: now)
  }

  private func answer(_ spec: DependencySpec, _ plan: Plan, _ run: RunID?, _ now: Timestamp) async -> DependencyAnswer {
    let redaction = redaction(of: spec)
    let asked = await bounded(spec.timeout) { await ask(spec, plan, run, now) }
    let (passed, detail): (Bool, String)
    switch asked {
    case .success(let said)?: (passed, detail) = said
    case .failure(let error)?: (passed, detail) = (false, error.message)
    case nil: (passed, detail) = (false, "no answer within \(spec.timeout)")
    }
    return DependencyAnswer(
      name: spec.name, critical: spec.critical, passed: passed, detail: redaction.clean(detail),
      asked: Self.place(spec.question))
  }

  private func ask(
    _ spec: DependencySpec, _ plan: Plan, _ run: RunID?, _ now: Timestamp
  ) async -> Result<(Bool, String), ConnectorError> {
    do throws(ConnectorError) {
      switch spec.question {
      case .http(let http): return .success(try await ask(http, spec.timeout))
      case .sql(let sql): return .success(try await ask(sql))
      case .smtp(let smtp):
        let said = try await mail.send(
          smtp, within: spec.timeout, subject: "Slipway: dependency check '\(spec.name)' of \(plan.project)",
          id: run?.text ?? "preflight",
          at: now)
        return .success((true, said))
      case .command(let line, let environment):
        let variables = deployment(plan, run).variables
        let output = try await runner.run(
          line, variables: variables, references: environment, timeout: spec.timeout)
        return .success((output.code == 0, "code \(output.code): \(output.ending)"))
      case .environment(let names): return .success(try ask(names, plan, run))
      case .secret(let text):
        let isEmpty = try secrets.resolve(text).reveal(\.isEmpty)
        return .success((!isEmpty, isEmpty ? "\(text.source) is there, and empty" : "\(text.source) is there"))
      case .tcp(let address): return .success(try await connect(address, spec.timeout))
      }
    } catch {
      return .failure(error)
    }
  }

  // MARK: One of each kind

  private func ask(
    _ question: DependencySpec.HTTPQuestion, _ timeout: Span
  ) async throws(ConnectorError) -> (Bool, String) {
    let url = try secrets.resolve(question.url)
    var headers: [String: Secret] = [:]
    for (name, text) in question.headers { headers[name] = try secrets.resolve(text) }
    let address = url.reveal { $0 }
    let answer = try await probe.get(address, headers: headers, timeout: timeout)
    guard answer.status == question.status else {
      return (false, "answered \(answer.status), \(question.status) expected")
    }
    guard let wanted = question.contains else { return (true, "\(answer.status)") }
    return answer.body.contains(wanted)
      ? (true, "\(answer.status), contains '\(wanted)'") : (false, "\(answer.status), but without '\(wanted)'")
  }

  private func ask(_ question: DependencySpec.SQLQuestion) async throws(ConnectorError) -> (Bool, String) {
    guard let row = try await database.firstRow(of: question.query, at: question.url) else {
      return (false, "the query gives no row")
    }
    let value = row.first ?? nil
    let shown = value.map { "'\($0.prefix(100))'" } ?? "nothing"
    guard let expected = question.expect else { return (true, "the first value is \(shown)") }
    return value == expected
      ? (true, "the first value is \(shown)") : (false, "the first value is \(shown), '\(expected)' expected")
  }

  /// Variables as the service will find them: inherited, of its deployment, and those that Slipway sets.
  private func ask(_ names: [String], _ plan: Plan, _ run: RunID?) throws(ConnectorError) -> (Bool, String) {
    let texts: [String: SecretText]
    var own: Set<String> = []
    switch plan.environment.deploy {
    case .processes(let spec):
      texts = spec.environment
      own = ["PORT"]
    case .commands(let spec): texts = spec.environment
    }
    own.formUnion(deployment(plan, run).variables.keys)
    var missing: [String] = []
    for name in names where !own.contains(name) {
      if let text = texts[name] {
        guard let value = try? secrets.resolve(text) else {
          missing.append("\(name) (its reference \(text.source) leads nowhere)")
          continue
        }
        if value.reveal(\.isEmpty) { missing.append("\(name) (empty)") }
      } else if inherited[name]?.isEmpty ?? true {
        missing.append(name)
      }
    }
    guard missing.isEmpty else {
      return (false, "not set where the service will run: \(missing.joined(separator: ", "))")
    }
    return (true, "\(names.count) variables are set: \(names.joined(separator: ", "))")
  }

  private func connect(_ address: String, _ timeout: Span) async throws(ConnectorError) -> (Bool, String) {
    guard let colon = address.lastIndex(of: ":"), let port = Int(address[address.index(after: colon)...]) else {
      throw ConnectorError(.misconfigured, "'\(address)' is no host:port")
    }
    let host = address[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
    do {
      let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connectTimeout(.milliseconds(timeout.milliseconds)).connect(host: host, port: port).get()
      try? await channel.close()
      return (true, "\(address) takes connections")
    } catch {
      throw SMTPProbe.translated(error, address)
    }
  }

  // MARK: What all have in common

  private func deployment(_ plan: Plan, _ run: RunID?) -> Deployment {
    Deployment(environment: plan.to, slot: plan.green, release: plan.release, run: run ?? "plan")
  }

  private func redaction(of spec: DependencySpec) -> Redaction {
    var hidden: [String] = []
    for text in spec.secrets where text.isSecret {
      for part in text.parts {
        let reference: String
        switch part {
        case .literal: continue
        case .environment(let name): reference = "${env:\(name)}"
        case .file(let path): reference = "${file:\(path)}"
        }
        try? secrets.resolve(SecretText(reference)).reveal { hidden.append($0) }
      }
    }
    return Redaction(hidden)
  }

  private func bounded<Value: Sendable>(
    _ timeout: Span, _ body: @escaping @Sendable () async -> Value
  ) async -> Value? {
    await withTaskGroup(of: Value?.self) { group in
      group.addTask { await body() }
      group.addTask {
        try? await Task.sleep(for: timeout.duration)
        return nil
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first
    }
  }

  /// Who is asked, as the file spells it: references, never values.
  private static func place(_ question: DependencySpec.Question) -> String {
    switch question {
    case .http(let http): http.url.source
    case .sql(let sql): sql.url.source
    case .smtp(let smtp): "\(smtp.host):\(smtp.port)"
    case .command(let line, _): line
    case .environment: "the variables of the service"
    case .secret(let text): text.source
    case .tcp(let address): address
    }
  }
}
