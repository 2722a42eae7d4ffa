package import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
package import SlipwayModel

/// A bucket of a store that speaks S3.
///
/// Each object says in its metadata from how much of the journal it was made. It is looked at before it is written, and written under the condition that it is
/// still what was seen, so that two who publish at once leave the newer document. Answers that ask for patience (429 and 5xx) are tried again a few times.
package struct S3Shelf: RequestShelf {
  private let spec: BucketSpec
  private let secrets: SecretSource
  private let store: S3Exchange
  private let pause: @Sendable (Span) async throws -> Void

  static let pauses: [Span] = [.milliseconds(300), .seconds(1), .seconds(3)]

  /// `client` must not follow redirects, because a signature counts for one address; `now` is the wall clock, which the store compares with its own; `pause` waits
  /// before the next try.
  package init(
    _ spec: BucketSpec, secrets: SecretSource, client: HTTPClient, now: @escaping @Sendable () -> Timestamp,
    pause: @escaping @Sendable (Span) async throws -> Void
  ) {
    self.spec = spec
    self.secrets = secrets
    self.pause = pause
    store = S3Exchange(client: client, now: now)
  }

  package var place: String { "bucket \(spec.bucket) at \(spec.endpoint)" }

  package func put(_ document: RequestDocument) async throws(ConnectorError) -> String {
    let signer = SignatureV4(
      accessKey: try secrets.resolve(spec.accessKey), secretKey: try secrets.resolve(spec.secretKey),
      region: spec.region)
    let base = (spec.prefix.isEmpty ? "" : spec.prefix + "/") + document.path
    for file in document.files {
      try await keep(
        Object(key: "\(base)/\(file.name)", type: file.type, data: file.data, revision: document.revision), signer)
    }
    let page = SignatureV4.encoded("\(base)/request.html", keeping: "/")
    return spec.link.map { $0.hasSuffix("/") ? "\($0)\(page)" : "\($0)/\(page)" }
      ?? "\(spec.endpoint)/\(spec.bucket)/\(page)"
  }

  private struct Object {
    var key: String
    var type: String
    var data: Data
    var revision: Int64
  }

  private func keep(_ object: Object, _ signer: SignatureV4) async throws(ConnectorError) {
    for wait in Self.pauses.map(Optional.some) + [nil] {
      let answer = try await attempt(object, signer)
      guard let answer else { return }
      let isWorthWaiting = answer.status == 429 || answer.status == 412 || answer.status == 409 || answer.status >= 500
      guard isWorthWaiting, let wait else { throw refusal(answer, object.key) }
      do {
        try await pause(min(.seconds(5), answer.retryAfter ?? wait))
      } catch {
        throw ConnectorError(.timedOut, "writing to \(place) was cancelled")
      }
    }
  }

  /// Looks, then writes what is not there yet; nil when it lies there.
  private func attempt(_ object: Object, _ signer: SignatureV4) async throws(ConnectorError) -> S3Answer? {
    let path = "/" + SignatureV4.encoded("\(spec.bucket)/\(object.key)", keeping: "/")
    let seen = try await store.ask(S3Question(method: .HEAD, endpoint: spec.endpoint, path: path), signer)
    var question = S3Question(method: .PUT, endpoint: spec.endpoint, path: path, body: object.data)
    let digest = Digest(of: object.data).hex
    switch seen.status {
    case 200:
      if let there = seen.revision, there > object.revision { return nil }
      if seen.digest == digest { return nil }
      if let tag = seen.tag { question.headers.append(("if-match", tag)) }
    // A key that may not list gets 403 for what is not there; whether it may write is found out by writing.
    case 403, 404: question.headers.append(("if-none-match", "*"))
    default: return seen
    }
    question.headers += [
      ("content-type", object.type), (S3Answer.revisionName, "\(object.revision)"), (S3Answer.digestName, digest),
    ]
    let written = try await store.ask(question, signer)
    return (200...299).contains(written.status) ? nil : written
  }

  private func refusal(_ answer: S3Answer, _ key: String) -> ConnectorError {
    let word = answer.code ?? "HTTP \(answer.status)"
    let what = "\(place) refused to take \(key): \(word)"
    switch (answer.status, answer.code) {
    case (_, "NoSuchBucket"), (404, _):
      return ConnectorError(.misconfigured, "\(what); make the bucket or correct 'bucket' under 'requests: s3'")
    case (_, "RequestTimeTooSkewed"):
      return ConnectorError(.refused, "\(what); this machine's clock and the store's are too far apart")
    case (401, _), (403, _):
      return ConnectorError(
        .refused,
        "\(what); check 'access_key', 'secret_key' and 'region' under 'requests: s3', that the bucket is there, and what the key may do"
      )
    case (301...308, _):
      return ConnectorError(.misconfigured, "\(what); the bucket is elsewhere: correct 'endpoint' and 'region'")
    case (409, _), (412, _):
      return ConnectorError(.refused, "\(what); another object lies there that may not be replaced unseen")
    case (429, _), (500..., _): return ConnectorError(.unreachable, "\(what); tried \(Self.pauses.count + 1) times")
    default: return ConnectorError(.refused, what)
    }
  }
}
