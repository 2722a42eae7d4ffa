package import AsyncHTTPClient
internal import Foundation
package import SlipwayModel

/// Asks Prometheus, Alertmanager, databases, HTTP servers and commands what the phases after a deployment want to know.
package struct AlertSystems: AftercareProbe {
  private let probe: HTTPProbe
  private let secrets: SecretSource
  private let runner: CommandRunner
  private let database: any DatabaseQuestion

  /// - Parameters:
  ///   - client: follows no redirects, because headers would go along.
  ///   - secrets: resolves references at each question.
  ///   - runner: runs commands.
  ///   - database: asks databases.
  package init(
    client: HTTPClient, secrets: SecretSource, runner: CommandRunner, database: any DatabaseQuestion
  ) {
    probe = HTTPProbe(client: client)
    self.secrets = secrets
    self.runner = runner
    self.database = database
  }

  package func activeAlerts(_ spec: AlertsSpec) async throws(ConnectorError) -> [ActiveAlert] {
    try await Alertmanager(
      exchange: SecretExchange(
        "Alertmanager", at: spec.url, headers: spec.headers, timeout: spec.timeout, probe: probe, secrets: secrets)
    ).active(spec.matchers)
  }

  package func monitoring(
    _ spec: MonitoringSpec, about labels: [String: String], at now: Timestamp
  ) async throws(ConnectorError) -> [CheckOutcome] {
    let prometheus = PrometheusRules(
      exchange: try SecretExchange(
        "Prometheus", at: spec.prometheus, headers: spec.headers, timeout: spec.timeout, probe: probe,
        secrets: secrets))
    var outcomes: [CheckOutcome] = []
    do throws(ConnectorError) {
      let rules = try await prometheus.rules()
      outcomes += spec.rules.map { PrometheusRules.outcome($0, among: rules) }
      let managers = try await prometheus.alertmanagers()
      outcomes.append(
        CheckOutcome(
          name: "alerts are sent", passed: !managers.isEmpty,
          detail: managers.isEmpty ? "Prometheus knows no Alertmanager" : managers.joined(separator: ", "), seconds: 0))
    } catch {
      outcomes.append(CheckOutcome(name: "rules", passed: false, detail: error.message, seconds: 0))
    }
    guard let address = spec.alertmanager else { return outcomes }
    do throws(ConnectorError) {
      let manager = Alertmanager(
        exchange: try SecretExchange(
          "Alertmanager", at: address, headers: spec.headers, timeout: spec.timeout, probe: probe, secrets: secrets))
      outcomes.append(try await manager.provesItself(about: labels, within: spec.timeout))
    } catch {
      outcomes.append(CheckOutcome(name: "test alert", passed: false, detail: error.message, seconds: 0))
    }
    return outcomes
  }

  package func figure(_ spec: FigureSpec, of deployment: Deployment) async throws(ConnectorError) -> Double? {
    switch spec.source {
    case .sql(let url, let query):
      return try await database.firstRow(of: query, at: url)?.first.flatMap { $0 }.flatMap(Self.number)
    case .http(let url, let path, let headers):
      let exchange = try SecretExchange(
        "the figure", at: url, headers: headers, timeout: spec.timeout, probe: probe, secrets: secrets)
      return try Self.number(at: path, in: try await exchange.get(""), exchange)
    case .command(let line, let environment):
      let output = try await runner.run(
        line, variables: deployment.variables, references: environment, isAnswer: true, timeout: spec.timeout)
      guard output.code == 0 else {
        throw ConnectorError(.refused, "command '\(line)' ended with code \(output.code): \(output.ending)")
      }
      return Self.number(output.answer)
    }
  }

  /// A finite number and nothing else; nil for any other text.
  static func number(_ text: String) -> Double? {
    let plain = text.trimmingCharacters(in: .whitespacesAndNewlines)
    // Double takes `nan`, `inf` and hexadecimal digits too.
    guard plain.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }), let value = Double(plain), value.isFinite
    else { return nil }
    return value
  }

  /// The number at a path such as `data.0.count`; nil where the place is empty or null.
  static func number(at path: String?, in body: String, _ exchange: SecretExchange) throws(ConnectorError) -> Double? {
    guard let path else { return number(body) }
    guard let document = try? JSONDecoder().decode(Place.self, from: Data(body.utf8)) else {
      throw exchange.garbage("does not answer with JSON")
    }
    var place: Place? = document
    for key in path.split(separator: ".") { place = place?[String(key)] }
    switch place {
    case .number(let value)?: return value.isFinite ? value : nil
    case .text(let text)?: return number(text)
    case .list?, .object?, .other?:
      throw exchange.garbage("has no number at '\(path)'")
    case nil: return nil
    }
  }

  /// JSON with its numbers.
  private enum Place: Decodable {
    case number(Double)
    case text(String)
    case list([Place])
    case object([String: Place])
    /// true, false.
    case other

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self = .text("")
      } else if (try? container.decode(Bool.self)) != nil {
        self = .other
      } else if let value = try? container.decode(Double.self) {
        self = .number(value)
      } else if let text = try? container.decode(String.self) {
        self = .text(text)
      } else if let list = try? container.decode([Place].self) {
        self = .list(list)
      } else {
        self = .object(try container.decode([String: Place].self))
      }
    }

    subscript(key: String) -> Place? {
      switch self {
      case .object(let object): return object[key]
      case .list(let list): return Int(key).flatMap { list.indices.contains($0) ? list[$0] : nil }
      case .number, .text, .other: return nil
      }
    }
  }
}
