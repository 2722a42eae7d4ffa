package import AsyncHTTPClient
package import Foundation
internal import NIOHTTP1
package import SlipwayModel

/// Large objects in a bucket of a store that speaks S3, written and read piece by piece.
///
/// Every request is small enough to be tried again when the store asks for patience or does not answer.
package struct S3Objects: Sendable {
  private let spec: SnapshotBucketSpec
  private let secrets: SecretSource
  private let store: S3Exchange
  private let pause: @Sendable (Span) async throws -> Void

  /// What one request carries: 16 MiB, or four times that once an object is so long that its pieces would be too many.
  package static func pieceSize(_ number: Int) -> Int { number <= 2_000 ? 1 << 24 : 1 << 26 }
  /// How long one piece may be on its way.
  private static let pieceTime = Span.minutes(10)
  private static let pauses: [Span] = [.milliseconds(300), .seconds(1), .seconds(3), .seconds(10)]

  /// `client` must not follow redirects, because a signature counts for one address; `now` is the wall clock; `pause` waits before the next try.
  package init(
    _ spec: SnapshotBucketSpec, secrets: SecretSource, client: HTTPClient, now: @escaping @Sendable () -> Timestamp,
    pause: @escaping @Sendable (Span) async throws -> Void
  ) {
    self.spec = spec
    self.secrets = secrets
    self.pause = pause
    store = S3Exchange(client: client, now: now)
  }

  package var place: String { "bucket \(spec.bucket) at \(spec.endpoint)" }

  /// The length and tag of an object; nil when there is none.
  package func look(_ key: String) async throws(ConnectorError) -> (length: Int64, tag: String)? {
    let answer = try await ask(.HEAD, key)
    if answer.status == 404 { return nil }
    guard answer.status == 200, let length = answer.length, let tag = answer.tag else { throw refusal(answer, key) }
    return (length, tag)
  }

  /// A piece of the object that had `tag` when it was looked at.
  package func read(_ key: String, _ range: Range<Int64>, tag: String) async throws(ConnectorError) -> Data {
    let headers = [("range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)"), ("if-match", tag)]
    let answer = try await ask(
      .GET, key, headers: headers, timeout: Self.pieceTime, largestAnswer: range.count + 1)
    guard answer.status == 206 || answer.status == 200 else { throw refusal(answer, key) }
    guard answer.body.count == range.count else {
      throw ConnectorError(
        .garbage, "\(place) gave \(answer.body.count) bytes of \(key) where \(range.count) were asked for")
    }
    return answer.body
  }

  /// Writes a small object.
  package func write(_ key: String, _ data: Data) async throws(ConnectorError) {
    let answer = try await ask(.PUT, key, body: data, timeout: Self.pieceTime)
    guard (200...299).contains(answer.status) else { throw refusal(answer, key) }
  }

  /// Removes an object; harmless when it is gone.
  package func remove(_ key: String) async throws(ConnectorError) {
    let answer = try await ask(.DELETE, key)
    guard (200...299).contains(answer.status) || answer.status == 404 else { throw refusal(answer, key) }
  }

  /// Writes a long object from the pieces that `next` gives, whole or not at all.
  ///
  /// What an earlier upload of the same object left in the store because it was cut off is cleared away, and so is this one when it fails.
  package func write(
    _ key: String, pieces next: (_ size: Int) async throws(ConnectorError) -> Data?
  ) async throws(ConnectorError) {
    for upload in try await openUploads(key) { try await abort(upload, key) }
    let upload = try await begin(key)
    do throws(ConnectorError) {
      var tags: [String] = []
      while let piece = try await next(Self.pieceSize(tags.count + 1)) {
        tags.append(try await put(piece, number: tags.count + 1, upload, key))
      }
      try await complete(tags, upload, key)
    } catch {
      // Cleaning up has to happen although the task may be cancelled; the new one is waited for.
      await Task { try? await abort(upload, key) }.value
      throw error
    }
  }

  /// Uploads of this object that were begun and neither finished nor aborted.
  package func openUploads(_ key: String) async throws(ConnectorError) -> [String] {
    let answer = try await ask(
      .GET, "", query: [("uploads", ""), ("prefix", full(key)), ("max-uploads", "100")], largestAnswer: 1 << 20)
    // A key that may not list has to leave it to the store's own rules.
    guard answer.status == 200 else { return [] }
    let text = String(decoding: answer.body, as: UTF8.self)
    return text.components(separatedBy: "<Upload>").dropFirst().compactMap { part in
      Self.text("Key", in: part) == full(key) ? Self.text("UploadId", in: part) : nil
    }
  }

  private func begin(_ key: String) async throws(ConnectorError) -> String {
    let answer = try await ask(.POST, key, query: [("uploads", "")])
    guard answer.status == 200, let id = Self.text("UploadId", in: String(decoding: answer.body, as: UTF8.self)) else {
      throw refusal(answer, key)
    }
    return id
  }

  private func put(
    _ piece: Data, number: Int, _ upload: String, _ key: String
  ) async throws(ConnectorError) -> String {
    let answer = try await ask(
      .PUT, key, query: [("partNumber", "\(number)"), ("uploadId", upload)], body: piece, timeout: Self.pieceTime)
    guard answer.status == 200, let tag = answer.tag else { throw refusal(answer, key) }
    return tag
  }

  private func complete(_ tags: [String], _ upload: String, _ key: String) async throws(ConnectorError) {
    let parts = tags.enumerated().map { number, tag in
      "<Part><PartNumber>\(number + 1)</PartNumber><ETag>\(Self.escaped(tag))</ETag></Part>"
    }
    let body = Data("<CompleteMultipartUpload>\(parts.joined())</CompleteMultipartUpload>".utf8)
    let answer = try await ask(
      .POST, key, query: [("uploadId", upload)], body: body, timeout: Self.pieceTime)
    // The store may begin to answer 200 before it knows, and then says the error in the body.
    guard answer.status == 200, answer.code == nil else { throw refusal(answer, key) }
  }

  private func abort(_ upload: String, _ key: String) async throws(ConnectorError) {
    let answer = try await ask(.DELETE, key, query: [("uploadId", upload)])
    guard (200...299).contains(answer.status) || answer.status == 404 else { throw refusal(answer, key) }
  }

  private func full(_ key: String) -> String { (spec.prefix.isEmpty ? "" : spec.prefix + "/") + key }

  private func ask(
    _ method: HTTPMethod, _ key: String, query: [(name: String, value: String)] = [],
    headers: [(name: String, value: String)] = [], body: Data = Data(), timeout: Span = S3Exchange.timeout,
    largestAnswer: Int = 1 << 16
  ) async throws(ConnectorError) -> S3Answer {
    let signer = SignatureV4(
      accessKey: try secrets.resolve(spec.accessKey), secretKey: try secrets.resolve(spec.secretKey),
      region: spec.region)
    let path = "/" + SignatureV4.encoded(spec.bucket + (key.isEmpty ? "" : "/" + full(key)), keeping: "/")
    let question = S3Question(
      method: method, endpoint: spec.endpoint, path: path, query: query, headers: headers, body: body,
      timeout: timeout, largestAnswer: largestAnswer)
    for wait in Self.pauses {
      do throws(ConnectorError) {
        let answer = try await store.ask(question, signer)
        guard answer.status == 429 || answer.status >= 500 else { return answer }
        try await rest(min(.seconds(10), answer.retryAfter ?? wait))
      } catch {
        guard !Task.isCancelled, error.code == .unreachable || error.code == .timedOut else { throw error }
        try await rest(wait)
      }
    }
    return try await store.ask(question, signer)
  }

  private func rest(_ wait: Span) async throws(ConnectorError) {
    do { try await pause(wait) } catch { throw ConnectorError(.timedOut, "talking to \(place) was cancelled") }
  }

  private func refusal(_ answer: S3Answer, _ key: String) -> ConnectorError {
    let what = "\(place) refused \(key): \(answer.code ?? "HTTP \(answer.status)")"
    switch answer.status {
    case 404:
      return ConnectorError(.misconfigured, "\(what); make the bucket or correct 'bucket' under 'snapshots: s3'")
    case 401, 403:
      return ConnectorError(
        .refused,
        "\(what); check 'access_key', 'secret_key' and 'region' under 'snapshots: s3', and what the key may do")
    case 301...308:
      return ConnectorError(.misconfigured, "\(what); the bucket is elsewhere: correct 'endpoint' and 'region'")
    case 412: return ConnectorError(.unreachable, "\(what); it was replaced meanwhile, begin again")
    case 429, 500...: return ConnectorError(.unreachable, "\(what); tried \(Self.pauses.count + 1) times")
    default: return ConnectorError(.refused, what)
    }
  }

  /// The text of the first element of that name.
  private static func text(_ name: String, in xml: String) -> String? {
    guard let start = xml.firstRange(of: "<\(name)>"),
      let end = xml[start.upperBound...].firstRange(of: "</\(name)>"), start.upperBound < end.lowerBound
    else { return nil }
    let text = String(xml[start.upperBound..<end.lowerBound])
    guard text.utf8.count <= 4_096 else { return nil }
    return text.replacing("&quot;", with: "\"").replacing("&lt;", with: "<").replacing("&gt;", with: ">")
      .replacing("&amp;", with: "&")
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}
