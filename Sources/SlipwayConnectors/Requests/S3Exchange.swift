internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import SlipwayModel

/// One signed request to a store that speaks S3.
struct S3Question: Sendable {
  var method: HTTPMethod
  var endpoint: String
  /// Percent-encoded.
  var path: String
  /// Not encoded yet.
  var query: [(name: String, value: String)] = []
  var headers: [(name: String, value: String)] = []
  var body = Data()
  var timeout = S3Exchange.timeout
  /// More of an answer is not read.
  var largestAnswer = 1 << 16
}

/// What the store said, as far as it matters.
struct S3Answer: Sendable, Equatable {
  static let revisionName = "x-amz-meta-slipway-revision"
  static let digestName = "x-amz-meta-slipway-sha256"

  var status: Int
  /// The store's own word for an error, such as `NoSuchBucket`.
  var code: String?
  var tag: String?
  var revision: Int64?
  var digest: String?
  var retryAfter: Span?
  /// How long the object is, as the answer to HEAD says.
  var length: Int64?
  var body: Data

  init(status: Int, headers: HTTPHeaders, body: Data) {
    self.status = status
    self.body = body
    length = headers.first(name: "content-length").flatMap { Int64($0) }
    tag = headers.first(name: "etag")
    revision = headers.first(name: Self.revisionName).flatMap { Int64($0) }
    digest = headers.first(name: Self.digestName)
    retryAfter = headers.first(name: "retry-after").flatMap { Int64($0) }.flatMap { $0 >= 0 ? .seconds($0) : nil }
    // A word for an error stands near the beginning; what else comes may be megabytes of somebody's data.
    code =
      status < 300 && body.first != UInt8(ascii: "<")
      ? nil : Self.code(in: String(decoding: body.prefix(4_096), as: UTF8.self))
  }

  /// The text of `<Code>`; only what looks like such a word, for a stranger's answer stands in a message.
  private static func code(in body: String) -> String? {
    guard let start = body.firstRange(of: "<Code>"), let end = body[start.upperBound...].firstRange(of: "</Code>")
    else { return nil }
    let word = body[start.upperBound..<end.lowerBound]
    return !word.isEmpty && word.count <= 60 && word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
      ? String(word) : nil
  }
}

/// Asks a store, bounded in time and size.
struct S3Exchange: Sendable {
  let client: HTTPClient
  let now: @Sendable () -> Timestamp

  static let timeout = Span.seconds(10)

  func ask(_ question: S3Question, _ signer: SignatureV4) async throws(ConnectorError) -> S3Answer {
    let request = signed(question, signer)
    let shown = question.endpoint
    let (timeout, limit) = (question.timeout, question.largestAnswer)
    // The client's own deadline ends with the head of the answer; a body that trickles must end too. This one ends a little later than the
    // client's, which knows better what went wrong, such as a refused connection that it tried again and again.
    let answer = try await within(timeout + .seconds(1)) { () throws(ConnectorError) in
      try await exchange(request, shown, timeout, limit)
    }
    if Task.isCancelled { throw ConnectorError(.timedOut, "asking \(shown) was cancelled") }
    guard let answer else { throw ConnectorError(.timedOut, "\(shown) did not answer within \(timeout)") }
    return answer
  }

  private func signed(_ question: S3Question, _ signer: SignatureV4) -> HTTPClientRequest {
    let time = now()
    let payload = Digest(of: question.body).hex
    // As the client would spell it, but said here, because it is part of what is signed.
    let host = question.endpoint.split(separator: "/", omittingEmptySubsequences: true).dropFirst().first ?? ""
    let headers =
      question.headers + [
        ("host", String(host)), ("x-amz-content-sha256", payload), ("x-amz-date", SignatureV4.date(time)),
      ]
    let query = question.query.map { "\(SignatureV4.encoded($0.name))=\(SignatureV4.encoded($0.value))" }
    let suffix = query.isEmpty ? "" : "?" + query.joined(separator: "&")
    var request = HTTPClientRequest(url: question.endpoint + question.path + suffix)
    request.method = question.method
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    request.headers.add(name: "user-agent", value: "slipway")
    request.headers.add(
      name: "authorization",
      value: signer.authorization(
        method: question.method.rawValue, path: question.path, query: question.query, headers: headers,
        payload: payload,
        at: time))
    if !question.body.isEmpty { request.body = .bytes(ByteBuffer(bytes: question.body)) }
    return request
  }

  private func exchange(
    _ request: HTTPClientRequest, _ shown: String, _ timeout: Span, _ limit: Int
  ) async throws(ConnectorError) -> S3Answer {
    do {
      let response = try await client.execute(request, timeout: .milliseconds(timeout.milliseconds))
      var body = Data()
      for try await buffer in response.body {
        body.append(contentsOf: buffer.readableBytesView)
        if body.count >= limit { break }
      }
      return S3Answer(status: Int(response.status.code), headers: response.headers, body: body)
    } catch {
      throw ConnectorError(.unreachable, "\(shown) cannot be asked: \(error); is it running and reachable?")
    }
  }
}
