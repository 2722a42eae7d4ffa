internal import Foundation
internal import NIOSSL
internal import SlipwayModel

/// How one registry is reached: its address, its certificates, and what proves who asks.
struct RegistryAccess: Sendable {
  enum Proof: Sendable {
    case nobody
    case user(Secret, password: Secret)
    case token(Secret)
  }

  /// As images name it.
  let registry: String
  /// `https://host:port`
  let base: String
  let isInsecure: Bool
  let proof: Proof
  let tls: TLSConfiguration?

  init(
    _ registry: String, _ spec: RegistrySpec?, secrets: SecretSource, folder: String
  ) throws(ConnectorError) {
    self.registry = registry
    let host = registry == "docker.io" ? "registry-1.docker.io" : registry
    let isOwn = URL(string: "http://\(host)")?.isLoopback ?? false
    isInsecure = spec?.insecure ?? false || (isOwn && spec?.ca == nil)
    base = (isInsecure ? "http://" : "https://") + host
    if let user = spec?.user, let password = spec?.password {
      proof = .user(try secrets.resolve(user), password: try secrets.resolve(password))
    } else if let token = spec?.token {
      proof = .token(try secrets.resolve(token))
    } else {
      proof = .nobody
    }
    tls = try Self.tls(spec?.ca, folder: folder)
  }

  /// What a PEM file of own certificate authorities stands for; nil without one.
  static func tls(_ ca: String?, folder: String) throws(ConnectorError) -> TLSConfiguration? {
    guard let ca else { return nil }
    let path = ca.hasPrefix("/") ? ca : folder + "/" + ca
    do {
      let certificates = try NIOSSLCertificate.fromPEMFile(path)
      guard !certificates.isEmpty else { throw ConnectorError(.misconfigured, "it holds none") }
      var configuration = TLSConfiguration.makeClientConfiguration()
      configuration.trustRoots = .certificates(certificates)
      return configuration
    } catch {
      throw ConnectorError(.misconfigured, "the certificates in \(ca) cannot be read; it should be a PEM file")
    }
  }

  /// The value of `Authorization` for Basic; nil where no user is named.
  var basic: Secret? {
    guard case .user(let user, let password) = proof else { return nil }
    return user.reveal { user in
      password.reveal { Secret("Basic " + Data("\(user):\($0)".utf8).base64EncodedString()) }
    }
  }

  /// Whether a user's password may go to `realm`: encrypted, on this machine, or to the registry that is spoken to in the clear anyway.
  func mayTellPassword(to realm: URL) -> Bool {
    realm.scheme == "https" || realm.isLoopback
      || (isInsecure && URL(string: base)?.host() == realm.host() && URL(string: base)?.port == realm.port)
  }
}

/// Tokens by registry and repository, kept until they expire.
package actor RegistryTokens {
  private var kept: [String: (value: Secret, until: Timestamp)] = [:]

  package init() {}

  func token(for key: String, at now: Timestamp) -> Secret? {
    guard let found = kept[key], now < found.until else { return nil }
    return found.value
  }

  func keep(_ token: Secret, for key: String, until: Timestamp) {
    // A driver that lives for months asks about many repositories.
    if kept.count >= 1_000 { kept.removeAll() }
    kept[key] = (token, until)
  }

  func forget(_ key: String) { kept[key] = nil }
}
