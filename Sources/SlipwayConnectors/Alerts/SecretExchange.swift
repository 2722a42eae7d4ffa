internal import Foundation
internal import SlipwayModel

/// Asks an HTTP server whose address and headers may hold secrets; nothing of them is in a message.
struct SecretExchange: Sendable {
  let probe: HTTPProbe
  let secrets: SecretSource
  /// What the server is, for messages: `Alertmanager at http://am:9093`.
  let name: String
  private let base: String
  private let headers: [String: Secret]
  private let redaction: Redaction
  private let timeout: Span

  init(
    _ what: String, at url: SecretText, headers: [String: SecretText], timeout: Span, probe: HTTPProbe,
    secrets: SecretSource
  ) throws(ConnectorError) {
    self.probe = probe
    self.secrets = secrets
    self.timeout = timeout
    name = "\(what) at \(url.source)"
    let address = try secrets.resolve(url).reveal { $0 }
    base = address.hasSuffix("/") ? String(address.dropLast()) : address
    var resolved: [String: Secret] = [:]
    var hidden = url.isSecret ? [address] : []
    for text in [url] + headers.values {
      for part in text.parts {
        switch part {
        case .literal: continue
        case .environment(let name): hidden.append(try secrets.resolve(SecretText("${env:\(name)}")).reveal { $0 })
        case .file(let path): hidden.append(try secrets.resolve(SecretText("${file:\(path)}")).reveal { $0 })
        }
      }
    }
    for (name, text) in headers { resolved[name] = try secrets.resolve(text) }
    self.headers = resolved
    redaction = Redaction(hidden)
  }

  /// GETs a path; anything but 200 is an error.
  func get(_ path: String) async throws(ConnectorError) -> String {
    do throws(ConnectorError) {
      return try read(try await probe.get(base + path, headers: headers, timeout: timeout), path)
    } catch {
      throw ConnectorError(error.code, redaction.clean(error.message))
    }
  }

  /// POSTs JSON to a path; anything but 200 is an error.
  func post(_ json: String, to path: String) async throws(ConnectorError) -> String {
    do throws(ConnectorError) {
      let answer = try await probe.post(
        base + path, body: Secret(json), type: "application/json", headers: headers, timeout: timeout)
      return try read(answer, path)
    } catch {
      throw ConnectorError(error.code, redaction.clean(error.message))
    }
  }

  private func read(_ answer: HTTPAnswer, _ path: String) throws(ConnectorError) -> String {
    let place = path.prefix { $0 != "?" }
    guard answer.status == 200 else {
      let code: ConnectorError.Code =
        switch answer.status {
        case 401, 403, 404, 300..<400: .misconfigured
        case 429, 500...: .unreachable
        default: .refused
        }
      let said = answer.body.prefix(200).split(whereSeparator: \.isNewline).joined(separator: " ")
      throw ConnectorError(code, "\(name) answers \(answer.status) for \(place): \(said)")
    }
    guard answer.body.utf8.count < HTTPProbe.bodyLimit else {
      throw ConnectorError(.garbage, "\(name) answers \(place) with more than \(HTTPProbe.bodyLimit >> 20) MiB")
    }
    return answer.body
  }

  /// An error for an answer that makes no sense.
  func garbage(_ why: String) -> ConnectorError { ConnectorError(.garbage, redaction.clean("\(name) \(why)")) }

  /// A value in a query.
  static func encoded(_ text: String) -> String { SignInCheck.escaped(text) }
}
