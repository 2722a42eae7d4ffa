package import AsyncHTTPClient
package import Foundation
internal import NIOHTTP1
package import SlipwayModel

/// Asks an image registry what it serves (OCI Distribution 1.1); it only reads.
package struct RegistryClient: Sendable {
  private let registries: [String: RegistrySpec]
  private let secrets: SecretSource
  private let folder: String
  private let wire: HTTPWire
  private let tokens: RegistryTokens
  private let now: @Sendable () -> Timestamp

  /// - Parameters:
  ///   - registries: how registries are reached; others anonymously and encrypted, on this machine in the clear.
  ///   - secrets: resolves references at each question.
  ///   - client: one that follows no redirects, because what proves who asks would go along.
  ///   - folder: where relative file names begin.
  ///   - tokens: kept between questions.
  ///   - timeout: for each answer.
  ///   - now: for the age of tokens.
  package init(
    registries: [String: RegistrySpec], secrets: SecretSource, client: HTTPClient, folder: String,
    tokens: RegistryTokens, timeout: Span = .seconds(20), now: @escaping @Sendable () -> Timestamp
  ) {
    self.registries = registries
    self.secrets = secrets
    self.folder = folder
    wire = HTTPWire(client: client, timeout: timeout)
    self.tokens = tokens
    self.now = now
  }

  /// Bytes that a registry served, with the digest that was computed from them here.
  package struct Document: Sendable {
    package let data: Data
    package let contentType: String?
    package let digest: Digest
    /// The address, for proofs.
    package let url: String
  }

  /// The digest that `target`, a tag or a digest, has now; nil when the registry has no such thing.
  ///
  /// - Throws: ``ConnectorError``; `unreachable` also for 429 and 5xx, `misconfigured` for 401, `refused` for 403.
  package func digest(of target: String, in image: ImageReference) async throws(ConnectorError) -> Digest? {
    let path = "manifests/\(target)"
    let answer = try await send(.HEAD, path, of: image, accept: ImageManifest.mediaTypes)
    switch answer.status {
    case 200:
      guard let written = answer.headers.first(name: "docker-content-digest") else { break }
      guard let digest = Digest(written) else {
        throw ConnectorError(.garbage, "\(image.registry) states a digest of \(image.repository) that is none")
      }
      if let asked = Digest(target), asked != digest {
        throw ConnectorError(.garbage, "\(image.registry) was asked for \(asked) and answers about \(digest)")
      }
      return digest
    case 404: return nil
    // Some answer HEAD with an error and GET well.
    case 405, 501: break
    default: throw refusal(answer, image)
    }
    return try await manifest(target, in: image)?.digest
  }

  /// The manifest that `target` has now; nil when there is none.
  package func manifest(_ target: String, in image: ImageReference) async throws(ConnectorError) -> Document? {
    let path = "manifests/\(target)"
    return try await document(path, of: image, accept: ImageManifest.mediaTypes, expecting: Digest(target))
  }

  /// The blob; nil when there is none.
  package func blob(_ digest: Digest, in image: ImageReference) async throws(ConnectorError) -> Document? {
    try await document("blobs/\(digest)", of: image, accept: [], expecting: digest)
  }

  /// The index of what refers to `digest`; nil where the registry has no such list.
  package func referrers(of digest: Digest, in image: ImageReference) async throws(ConnectorError) -> Document? {
    let path = "referrers/\(digest)"
    let answer = try await send(.GET, path, of: image, accept: [ImageManifest.mediaTypes[0]])
    let type = answer.headers.first(name: "content-type") ?? ""
    // A registry without the list answers 404, or with a page of something else.
    if [400, 404, 405, 501].contains(answer.status) || (answer.status == 200 && !type.contains("image.index")) {
      return nil
    }
    guard answer.status == 200 else { throw refusal(answer, image) }
    return Document(
      data: answer.body, contentType: type, digest: Digest(of: answer.body), url: try url(path, of: image))
  }

  private func document(
    _ path: String, of image: ImageReference, accept: [String], expecting digest: Digest?
  ) async throws(ConnectorError) -> Document? {
    let answer = try await send(.GET, path, of: image, accept: accept)
    if answer.status == 404 { return nil }
    guard answer.status == 200 else { throw refusal(answer, image) }
    let found = Digest(of: answer.body)
    if let digest, digest != found {
      throw ConnectorError(
        .garbage, "\(image.registry) was asked for \(digest) and served bytes with digest \(found): they were changed")
    }
    if let stated = answer.headers.first(name: "docker-content-digest").flatMap({ Digest($0) }), stated != found {
      throw ConnectorError(
        .garbage, "\(image.registry) states digest \(stated) for bytes with digest \(found): they were changed")
    }
    return Document(
      data: answer.body, contentType: answer.headers.first(name: "content-type"), digest: found,
      url: try url(path, of: image))
  }

  private func url(_ path: String, of image: ImageReference) throws(ConnectorError) -> String {
    try access(image).base + "/v2/\(image.repository)/\(path)"
  }

  private func access(_ image: ImageReference) throws(ConnectorError) -> RegistryAccess {
    try RegistryAccess(image.registry, registries[image.registry], secrets: secrets, folder: folder)
  }
}

// MARK: Proving who asks

extension RegistryClient {
  private func send(
    _ method: HTTPMethod, _ path: String, of image: ImageReference, accept: [String]
  ) async throws(ConnectorError) -> HTTPWire.Answer {
    let access = try self.access(image)
    guard let url = URL(string: try self.url(path, of: image)) else {
      throw ConnectorError(.misconfigured, "registry \(image.registry) has no address that can be asked")
    }
    let what = "registry \(image.registry)"
    let key = "\(image.registry)/\(image.repository)"
    var request = HTTPWire.Request(method: method, url: url, accept: accept, tls: access.tls)
    if case .token(let token) = access.proof {
      request.authorization = token.reveal { Secret("Bearer " + $0) }
      return try await wire.ask(request, what)
    }
    request.authorization = await tokens.token(for: key, at: now())
    let first = try await wire.ask(request, what)
    guard first.status == 401 else { return first }
    // What was kept may have been called in before its time.
    await tokens.forget(key)
    let challenges = first.headers["www-authenticate"].flatMap { Challenge.all(in: $0) }
    if let challenge = challenges.first(where: { $0.scheme == "bearer" }) {
      let (token, life) = try await fetchToken(challenge, access, image)
      await tokens.keep(token, for: key, until: now() + life)
      request.authorization = token
    } else if challenges.contains(where: { $0.scheme == "basic" }), let basic = access.basic {
      await tokens.keep(basic, for: key, until: now() + .minutes(5))
      request.authorization = basic
    } else {
      return first
    }
    return try await wire.ask(request, what)
  }

  /// A token that may read the repository, and for how long.
  private func fetchToken(
    _ challenge: Challenge, _ access: RegistryAccess, _ image: ImageReference
  ) async throws(ConnectorError) -> (Secret, Span) {
    let what = "the token server of registry \(image.registry)"
    guard let realm = challenge.parameters["realm"], var parts = URLComponents(string: realm),
      parts.scheme == "https" || parts.scheme == "http", parts.user == nil, parts.host?.isEmpty == false
    else { throw ConnectorError(.garbage, "registry \(image.registry) names no token server that can be asked") }
    var items = parts.queryItems ?? []
    if let service = challenge.parameters["service"] { items.append(URLQueryItem(name: "service", value: service)) }
    let scope = challenge.parameters["scope"] ?? "repository:\(image.repository):pull"
    items.append(URLQueryItem(name: "scope", value: scope))
    parts.queryItems = items
    guard let url = parts.url else { throw ConnectorError(.garbage, "\(what) has no address that can be asked") }
    if access.basic != nil, !access.mayTellPassword(to: url) {
      throw ConnectorError(
        .refused,
        "registry \(image.registry) wants its password sent to http://\(url.host() ?? ""), where everybody could read it; "
          + "let its token server use https")
    }
    let answer = try await wire.ask(
      HTTPWire.Request(
        url: url, authorization: access.basic, tls: url.host() == URL(string: access.base)?.host() ? access.tls : nil,
        limit: 1 << 18, redirects: 0), what)
    switch answer.status {
    case 200: break
    case 401, 403:
      throw ConnectorError(
        .misconfigured,
        "\(what) answers \(answer.status)\(access.basic == nil ? " to nobody in particular" : ""); "
          + remedyForLogin(image))
    default: throw Self.trouble(answer, what)
    }
    guard let written = try? JSONDecoder().decode(Token.self, from: answer.body),
      let token = written.token ?? written.access_token, !token.isEmpty,
      token.utf8.allSatisfy({ (33...126).contains($0) })
    else { throw ConnectorError(.garbage, "\(what) answers without a token") }
    // Sixty seconds is what the specification says where nothing is stated; a little less, so that it does not expire under way.
    let seconds = min(max(written.expires_in ?? 60, 0), 86_400)
    return (Secret("Bearer " + token), .seconds(Int64(Double(seconds) * 0.9)))
  }

  private struct Token: Decodable {
    var token: String?
    var access_token: String?
    var expires_in: Int?
  }
}

// MARK: Refusals

extension RegistryClient {
  private func remedyForLogin(_ image: ImageReference) -> String {
    "name a user who may read \(image.repository) under 'registries: {\(image.registry): {user: …, password: …}}'"
  }

  private func refusal(_ answer: HTTPWire.Answer, _ image: ImageReference) -> ConnectorError {
    let what = "registry \(image.registry)"
    switch answer.status {
    case 401:
      return ConnectorError(
        .misconfigured, "\(what) answers 401 for \(image.repository)\(Self.said(answer)); \(remedyForLogin(image))")
    case 403:
      return ConnectorError(
        .refused, "\(what) answers 403 for \(image.repository)\(Self.said(answer)); \(remedyForLogin(image))")
    default: return Self.trouble(answer, what)
    }
  }

  private static func trouble(_ answer: HTTPWire.Answer, _ what: String) -> ConnectorError {
    switch answer.status {
    case 429:
      let later = answer.headers.first(name: "retry-after").flatMap { Int($0) }
      return ConnectorError(
        .unreachable, "\(what) answers 429, too many requests; ask again \(later.map { "in \($0) s" } ?? "later")")
    case 500...:
      return ConnectorError(.unreachable, "\(what) answers \(answer.status)\(said(answer)); look at its log")
    default: return ConnectorError(.garbage, "\(what) answers \(answer.status)\(said(answer)); is it a registry?")
    }
  }

  /// The registry's own words, as far as they are in the form of the specification.
  private static func said(_ answer: HTTPWire.Answer) -> String {
    guard let errors = try? JSONDecoder().decode(Complaint.self, from: answer.body).errors, let first = errors.first
    else { return "" }
    let text = "\(first.code): \(first.message ?? "")".unicodeScalars.prefix(160)
      .map { $0.properties.generalCategory == .control ? " " : $0 }
    return " (\(String(String.UnicodeScalarView(text))))"
  }

  private struct Complaint: Decodable {
    struct Reason: Decodable {
      var code: String
      var message: String?
    }
    var errors: [Reason]
  }
}
