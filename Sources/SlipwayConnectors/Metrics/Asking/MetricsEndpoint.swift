internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import SlipwayModel

/// One HTTP address that figures are asked from, bounded in time and size; redirects are answers, not roads.
///
/// Secrets are resolved at each question and never stand in an error. Who answers 429 is not asked again before the time it names.
struct MetricsEndpoint: Sendable {
  /// Who is asked, as messages begin: `Prometheus at http://…`.
  let name: String
  let url: SecretText
  let headers: [String: SecretText]
  let timeout: Span
  let secrets: SecretSource
  let client: HTTPClient
  /// Bytes of an answer that are read; more is an error.
  var largest = 4 << 20
  /// What to look at when an answer is too large.
  var sizeHint = "does the query select one series?"
  /// What a good address looks like.
  var example = "http://prometheus:9090"
  /// The reason that the service gives in the body of a failure.
  var complaint: @Sendable (Data) -> String? = { _ in nil }
  /// Whether a refusal with status 400 means "too many requests".
  var isThrottled: @Sendable (Data) -> Bool = { _ in false }
  private let pause = RetryPause()

  init(
    _ name: String, _ url: SecretText, headers: [String: SecretText] = [:], timeout: Span, secrets: SecretSource,
    client: HTTPClient
  ) {
    self.name = "\(name) at \(url)"
    self.url = url
    self.headers = headers
    self.timeout = timeout
    self.secrets = secrets
    self.client = client
  }

  /// An error about this service, whose message holds its address as the pipeline file writes it.
  func error(_ code: ConnectorError.Code, _ text: String) -> ConnectorError { ConnectorError(code, "\(name) \(text)") }

  /// Asks one question; the whole answer is there, with status 200, or an error says why not.
  func ask(_ question: MetricsQuestion, now: Timestamp) async throws(ConnectorError) -> Data {
    if let end = pause.end(at: now) {
      throw error(.unreachable, "asked to be left alone until \(end); it is asked again after that")
    }
    let (request, hidden) = try request(question)
    var status: HTTPResponseStatus
    let body: Data
    let end: Timestamp?
    do {
      let response = try await client.execute(request, timeout: .milliseconds(timeout.milliseconds))
      status = response.status
      body = Data(try await response.body.collect(upTo: status == .ok ? largest : 1 << 20).readableBytesView)
      if status == .badRequest, isThrottled(body) { status = .tooManyRequests }
      end = pause.note(status, response.headers, at: now)
    } catch {
      throw failure(error, hidden)
    }
    guard status == .ok else { throw refusal(status, body, question, until: end, hidden) }
    return body
  }

  /// Runs `body` within the time of one question, however many it asks.
  func bounded<Value: Sendable>(
    _ what: String, _ body: @escaping @Sendable () async throws(ConnectorError) -> Value
  ) async throws(ConnectorError) -> Value {
    let value = try await within(timeout, body)
    if Task.isCancelled {
      throw error(.timedOut, "was not read to the end because the reading was cancelled")
    }
    guard let value else { throw error(.timedOut, "gave no \(what) within \(timeout)") }
    return value
  }

  private func request(
    _ question: MetricsQuestion
  ) throws(ConnectorError) -> (HTTPClientRequest, hidden: [Secret]) {
    let address = try secrets.resolve(url)
    guard address.reveal(Self.isHTTP) else { throw badAddress }
    var request = HTTPClientRequest(
      url: address.reveal { address in
        let base = address.hasSuffix("/") && !question.path.isEmpty ? String(address.dropLast()) : address
        return base + question.path
      })
    request.headers.add(name: "accept", value: question.accept)
    request.headers.add(name: "user-agent", value: "slipway")
    for (name, value) in question.headers { request.headers.replaceOrAdd(name: name, value: value) }
    var hidden = url.isSecret ? [address] : []
    for (name, text) in headers {
      let secret = try secrets.resolve(text)
      secret.reveal { request.headers.replaceOrAdd(name: name, value: $0) }
      hidden.append(secret)
    }
    for (name, secret) in question.hidden {
      secret.reveal { request.headers.replaceOrAdd(name: name, value: $0) }
      hidden.append(secret)
    }
    if let body = question.body {
      request.method = .POST
      request.headers.replaceOrAdd(name: "content-type", value: question.type)
      request.body = .bytes(ByteBuffer(bytes: body))
    }
    return (request, hidden)
  }

  private static func isHTTP(_ address: String) -> Bool {
    guard let url = URL(string: address), let host = url.host(), !host.isEmpty else { return false }
    return url.scheme == "http" || url.scheme == "https"
  }

  private var badAddress: ConnectorError {
    error(.misconfigured, "has no valid address; it should read like \(example)")
  }

  private func failure(_ failure: any Error, _ hidden: [Secret]) -> ConnectorError {
    switch failure {
    case is CancellationError: return error(.timedOut, "was not read to the end because the reading was cancelled")
    case is NIOTooManyBytesError:
      let size = largest >= 1 << 20 ? "\(largest >> 20) MiB" : "\(largest >> 10) KiB"
      return error(.garbage, "answers with more than \(size); \(sizeHint)")
    case let known as HTTPClientError:
      if [.deadlineExceeded, .connectTimeout, .readTimeout, .cancelled].contains(known) {
        return error(.timedOut, "did not answer within \(timeout)")
      }
      if [.invalidURL, .emptyHost, .emptyScheme].contains(known) { return badAddress }
      return error(.unreachable, "cannot be asked: \(known.shortDescription); is it running?")
    default: return error(.unreachable, "cannot be asked; is it running? \(redacted("\(failure)", hidden))")
    }
  }

  private func refusal(
    _ status: HTTPResponseStatus, _ body: Data, _ question: MetricsQuestion, until end: Timestamp?, _ hidden: [Secret]
  ) -> ConnectorError {
    let why = complaint(body).map { ": \(redacted($0, hidden))" } ?? ""
    let subject = question.subject.map { "the query '\($0)'" } ?? "the question"
    switch status.code {
    case 400, 422: return error(.misconfigured, "refuses \(subject)\(why)")
    case 401, 403:
      return error(.misconfigured, "answers \(status.code); check the \(question.proof) in the pipeline file\(why)")
    case 300..<400:
      return error(.misconfigured, "answers \(status.code), a redirect; name the address that it leads to")
    case 404, 405:
      let path = question.path.prefix { $0 != "?" }
      let place = path.isEmpty ? "" : " for \(path)"
      return error(.misconfigured, "answers \(status.code)\(place); is the address right?\(why)")
    case 429, 503:
      let until =
        end.map { " and asks to be left alone until \($0)" } ?? "; look at its log and at whatever stands before it"
      return error(.unreachable, "answers \(status.code)\(until)\(why)")
    case 400..<500: return error(.refused, "answers \(status.code)\(why)")
    default:
      return error(.unreachable, "answers \(status.code); look at its log and at whatever stands before it\(why)")
    }
  }

  /// A short text from outside without the secrets that were sent there.
  private func redacted(_ text: String, _ hidden: [Secret]) -> String {
    var result = String(text.prefix(300))
    for secret in hidden {
      result = secret.reveal { $0.count < 4 ? "" : result.replacing($0, with: "[REDACTED]") }
    }
    return result.split(whereSeparator: \.isNewline).joined(separator: " ")
  }
}

/// What one request asks.
struct MetricsQuestion: Sendable {
  /// Added to the address: path and query, encoded.
  var path = ""
  /// The body of a POST; nil asks with GET.
  var body: Data?
  var type = "application/json"
  var accept = "application/json"
  /// What is no secret; those of the endpoint win.
  var headers: [(name: String, value: String)] = []
  var hidden: [String: Secret] = [:]
  /// The query as the pipeline file has it, for messages.
  var subject: String?
  /// What proves who asks, for messages.
  var proof = "headers"

  /// Percent-encoded as a value in a query.
  static func encoded(_ text: String) -> String { SignatureV4.encoded(text) }
}
