internal import Foundation
internal import SlipwayModel

/// HAProxy's runtime API. Its errors are sentences, not codes, and an empty answer only says that a command was understood.
struct HAProxyRuntime: Sendable {
  let exchange: UnixSocketExchange

  /// The value of `key`, nil when the map has no such key.
  func value(of key: String, in map: String) async throws(ConnectorError) -> String? {
    let answer = try await ask("get map \(map) \(key)")
    if answer.contains("Unknown map identifier") { throw await unknown(map) }
    let fields = answer.trimmedLine
    guard fields.hasPrefix("type="), !fields.contains("\n") else { throw nonsense(answer, to: "get map") }
    if fields.hasSuffix(", found=no") { return nil }
    guard fields.contains(", found=yes, "), let start = fields.range(of: ", key=\"\(key)\", value=\""),
      let end = fields[start.upperBound...].range(of: "\", type=\"")
    else { throw nonsense(answer, to: "get map") }
    return String(fields[start.upperBound..<end.lowerBound])
  }

  /// Sets `key`, adding it where it is missing.
  func set(_ key: String, to value: String, in map: String) async throws(ConnectorError) {
    var answer = try await ask("set map \(map) \(key) \(value)").trimmedLine
    if answer.hasPrefix("entry not found") {
      answer = try await ask("add map \(map) \(key) \(value)").trimmedLine
    }
    if answer.contains("Unknown map identifier") { throw await unknown(map) }
    guard answer.isEmpty else { throw nonsense(answer, to: "set map") }
  }

  /// Makes `server` connect to another address from now on; returns HAProxy's own words, which prove nothing.
  func move(_ server: String, to address: String, port: Int) async throws(ConnectorError) -> String {
    try await ask("set server \(server) addr \(address) port \(port)").trimmedLine
  }

  /// Ends what is open on `server`; the answer is empty when it was done.
  func shutSessions(of server: String) async throws(ConnectorError) {
    let answer = try await ask("shutdown sessions server \(server)").trimmedLine
    guard answer.isEmpty else {
      throw ConnectorError(.refused, "HAProxy does not end the sessions of \(server): \(answer)")
    }
  }

  /// All servers, and which process counts: both from one answer, so that a restart cannot fall between them.
  func statistics() async throws(ConnectorError) -> (process: String, statistics: HAProxyStatistics) {
    let answer = try await ask("show info;show stat -1 4 -1")
    guard let table = answer.range(of: "# pxname,") else { throw nonsense(answer, to: "show stat") }
    var facts: [Substring: Substring] = [:]
    for line in answer[..<table.lowerBound].split(separator: "\n") {
      guard let colon = line.range(of: ": ") else { continue }
      facts[line[..<colon.lowerBound]] = line[colon.upperBound...]
    }
    guard let process = facts["Pid"].flatMap({ Int($0) }) else { throw nonsense(answer, to: "show info") }
    let start = facts["Start_time_sec"].map { " started \($0)" } ?? ""
    return ("haproxy pid \(process)\(start)", try HAProxyStatistics(csv: answer[table.lowerBound...]))
  }

  private func ask(_ command: String) async throws(ConnectorError) -> String {
    let bytes = try await exchange.send(Array("\(command)\n".utf8))
    guard bytes.last == 10, let answer = String(validating: bytes, as: UTF8.self) else {
      throw ConnectorError(
        .garbage, "the answer of HAProxy at \(exchange.path) is cut off or no text; is another program there?")
    }
    if answer.hasPrefix("Permission denied") {
      throw ConnectorError(
        .misconfigured,
        "HAProxy's socket \(exchange.path) does not allow that; write 'level admin' on its stats socket line")
    }
    return answer
  }

  private func unknown(_ map: String) async -> ConnectorError {
    let known = (try? await ask("show map"))?.split(separator: "\n").compactMap { line in
      line.split(separator: "(").dropFirst().first?.split(separator: ")").first.map(String.init)
    }
    let names = known?.filter { $0.contains("/") }.prefix(10).joined(separator: ", ") ?? ""
    return ConnectorError(
      .misconfigured,
      "HAProxy has no map '\(map)'; it has: \(names.isEmpty ? "none" : names). Name it as HAProxy's configuration does")
  }

  private func nonsense(_ answer: String, to command: String) -> ConnectorError {
    let shown = answer.trimmedLine.prefix(120).replacing("\n", with: " ")
    return ConnectorError(.garbage, "HAProxy at \(exchange.path) answered '\(command)' with '\(shown)'")
  }
}

extension String {
  fileprivate var trimmedLine: String {
    var rest = self[...]
    while rest.last?.isNewline == true { rest.removeLast() }
    while rest.first?.isNewline == true { rest.removeFirst() }
    return String(rest)
  }
}
