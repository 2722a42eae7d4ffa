internal import Glibc
internal import NIOCore
internal import NIOSSL
internal import SlipwayModel

/// Certificates that were read, fit their keys, and can serve.
struct CertificateSet: Sendable {
  let context: NIOSSLContext
  /// What is served, for the status.
  let certificates: [CertificateStatus]

  /// One certificate with its key and the names that it is for.
  private struct Entry: Sendable {
    let chain: [NIOSSLCertificateSource]
    let key: NIOSSLPrivateKeySource
    let names: [String]

    func covers(_ host: String) -> Bool {
      names.contains { name in
        if name == host { return true }
        // A star stands for one label (RFC 9525, 6.3).
        guard name.hasPrefix("*."), let dot = host.firstIndex(of: ".") else { return false }
        return name.dropFirst() == host[dot...]
      }
    }
  }

  /// Reads the files and tries each pair, so that a key of another certificate is noticed now and not by clients.
  ///
  /// - Throws: ``RouterError`` with code `misconfigured` that names the file.
  static func load(_ spec: RouterTLS) throws(RouterError) -> CertificateSet {
    var entries: [Entry] = []
    var certificates: [CertificateStatus] = []
    for files in spec.certificates {
      do {
        let chain = try NIOSSLCertificate.fromPEMFile(files.certificate)
        let key = try NIOSSLPrivateKey(file: files.key, format: .pem)
        guard let leaf = chain.first else { throw RouterError(.misconfigured, "the file holds no certificate") }
        let names = Self.names(of: leaf)
        let entry = Entry(chain: chain.map { .certificate($0) }, key: .privateKey(key), names: names)
        _ = try NIOSSLContext(configuration: Self.configuration(entry, spec, others: []))
        entries.append(entry)
        certificates.append(
          CertificateStatus(
            file: files.certificate, names: names,
            validUntil: Timestamp(milliseconds: Int64(leaf.notValidAfter) * 1_000)))
      } catch {
        throw RouterError(
          .misconfigured,
          "certificate \(files.certificate) with key \(files.key) cannot serve; both must be PEM and belong together",
          cause: error)
      }
    }
    guard let first = entries.first else {
      throw RouterError(.misconfigured, "TLS is asked for and no certificate is named")
    }
    do {
      let context = try NIOSSLContext(configuration: configuration(first, spec, others: entries))
      return CertificateSet(context: context, certificates: certificates)
    } catch {
      throw RouterError(.misconfigured, "no TLS with these certificates", cause: error)
    }
  }

  /// A client that names a host gets the certificate for it, any other the first.
  private static func configuration(_ first: Entry, _ spec: RouterTLS, others: [Entry]) -> TLSConfiguration {
    var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: first.chain, privateKey: first.key)
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = spec.http2 ? ["h2", "http/1.1"] : ["http/1.1"]
    guard others.count > 1 else { return configuration }
    configuration.sslContextCallback = { hello, promise in
      var choice = NIOSSLContextConfigurationOverride.noChanges
      if let host = hello.serverHostname?.lowercased(), let entry = others.first(where: { $0.covers(host) }) {
        choice.certificateChain = entry.chain
        choice.privateKey = entry.key
      }
      promise.succeed(choice)
    }
    return configuration
  }

  private static func names(of certificate: NIOSSLCertificate) -> [String] {
    certificate._subjectAlternativeNames().compactMap { name in
      name.nameType == .dnsName ? name.contents.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) } : nil
    }.map { $0.lowercased() }
  }

  /// Tells whether any of the files is another than before: names, sizes and times of change.
  static func fingerprint(_ spec: RouterTLS) -> String {
    spec.certificates.flatMap { [$0.certificate, $0.key] }.map { path in
      var status = stat()
      guard stat(path, &status) == 0 else { return path + " is gone" }
      return "\(path) \(status.st_ino) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
    }.joined(separator: "\n")
  }
}
