import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import SlipwayConnectors
import SlipwayModel

/// Debian's docker-registry on a port of its own, and pushing to it as clients do.
struct RealRegistry {
  let folder: URL
  let port: Int
  let process: RealProcess

  /// As images name it.
  var host: String { "127.0.0.1:\(port)" }

  /// One for all tests; it follows no redirects, as the product's.
  static let client = HTTPClient(
    eventLoopGroupProvider: .singleton, configuration: HTTPClient.Configuration(redirectConfiguration: .disallow))

  /// Runs `body` beside a registry that stores in `folder/store`; `more` and `http` are further lines of its configuration.
  static func with<Result>(
    in folder: URL, more: String = "", http: String = "", _ body: (RealRegistry) async throws -> Result
  ) async throws -> Result {
    let port = try freePort()
    let text = """
      version: 0.1
      log: {level: warn}
      storage:
        filesystem: {rootdirectory: \(folder.path)/store}
        delete: {enabled: true}
      http:
        addr: 127.0.0.1:\(port)
        secret: only-for-tests
      \(http)
      \(more)
      """
    let file = folder.appending(path: "registry-\(port).yml")
    try Data(text.utf8).write(to: file)
    return try await withRealProcess("/usr/bin/env", ["docker-registry", "serve", file.path], folder: folder) {
      process in
      let registry = RealRegistry(folder: folder, port: port, process: process)
      try await eventually("docker-registry is up: \(process.text)") { try isListening(port) }
      return try await body(registry)
    }
  }

  private static func isListening(_ port: Int) throws -> Bool {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }

  /// A client for this registry as the product makes it.
  func asker(
    _ spec: RegistrySpec? = nil, timeout: Span = .seconds(30), secrets: [String: String] = [:],
    now: @escaping @Sendable () -> Timestamp = { Timestamp(milliseconds: 0) }
  ) -> RegistryClient {
    Self.asker(host, spec, folder: folder, timeout: timeout, secrets: secrets, now: now)
  }

  static func asker(
    _ host: String, _ spec: RegistrySpec?, folder: URL, timeout: Span = .seconds(30), secrets: [String: String] = [:],
    now: @escaping @Sendable () -> Timestamp = { Timestamp(milliseconds: 0) }
  ) -> RegistryClient {
    RegistryClient(
      registries: spec.map { [host: $0] } ?? [:], secrets: SecretSource(environment: secrets, folder: folder.path),
      client: client, folder: folder.path, tokens: RegistryTokens(), timeout: timeout, now: now)
  }

  // MARK: Pushing

  /// Pushes an image of one small layer and gives its digest.
  @discardableResult
  func push(
    _ repository: String, tag: String? = nil, content: String, architecture: String = "amd64"
  ) async throws -> Digest {
    let config = #"{"architecture":"\#(architecture)","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#
    let configDigest = try await blob(repository, Data(config.utf8))
    let layer = try await blob(repository, Data(content.utf8))
    let manifest = """
      {"schemaVersion":2,"mediaType":"\(ImageManifest.mediaTypes[1])",
      "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"\(configDigest)","size":\(config.utf8.count)},
      "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"\(layer)","size":\(content.utf8.count)}]}
      """
    return try await put(repository, tag, Data(manifest.utf8), ImageManifest.mediaTypes[1])
  }

  /// Pushes an index of images that were pushed before, by platform.
  @discardableResult
  func pushIndex(_ repository: String, tag: String?, _ images: [(Digest, architecture: String)]) async throws -> Digest
  {
    let entries = images.map {
      """
      {"mediaType":"\(ImageManifest.mediaTypes[1])","digest":"\($0.0)","size":500,"platform":{"os":"linux","architecture":"\($0.architecture)"}}
      """
    }
    let index = """
      {"schemaVersion":2,"mediaType":"\(ImageManifest.mediaTypes[0])","manifests":[\(entries.joined(separator: ","))]}
      """
    return try await put(repository, tag, Data(index.utf8), ImageManifest.mediaTypes[0])
  }

  /// Attaches envelopes as cosign does (`isCosign`), or by the tag that stands in for the list of referrers.
  func attach(_ envelopes: [Data], to digest: Digest, in repository: String, isCosign: Bool) async throws {
    var layers: [String] = []
    for envelope in envelopes {
      let digest = try await blob(repository, envelope)
      layers.append(
        #"{"mediaType":"application/vnd.dsse.envelope.v1+json","digest":"\#(digest)","size":\#(envelope.count)}"#)
    }
    let empty = try await blob(repository, Data("{}".utf8))
    let manifest = """
      {"schemaVersion":2,"mediaType":"\(ImageManifest.mediaTypes[1])",
      "config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"\(empty)","size":2},
      "layers":[\(layers.joined(separator: ","))]}
      """
    let tag = "sha256-\(digest.hex)"
    if isCosign {
      try await put(repository, tag + ".att", Data(manifest.utf8), ImageManifest.mediaTypes[1])
    } else {
      let attached = try await put(repository, nil, Data(manifest.utf8), ImageManifest.mediaTypes[1])
      let index = """
        {"schemaVersion":2,"mediaType":"\(ImageManifest.mediaTypes[0])",
        "manifests":[{"mediaType":"\(ImageManifest.mediaTypes[1])","digest":"\(attached)","size":\(manifest.utf8.count)}]}
        """
      try await put(repository, tag, Data(index.utf8), ImageManifest.mediaTypes[0])
    }
  }

  @discardableResult
  private func put(_ repository: String, _ tag: String?, _ data: Data, _ type: String) async throws -> Digest {
    let digest = Digest(of: data)
    let url = "http://\(host)/v2/\(repository)/manifests/\(tag ?? digest.description)"
    try await ask(.PUT, url, data, type: type, expecting: 201)
    return digest
  }

  private func blob(_ repository: String, _ data: Data) async throws -> Digest {
    let digest = Digest(of: data)
    let start = try await ask(.POST, "http://\(host)/v2/\(repository)/blobs/uploads/", Data(), expecting: 202)
    guard let place = start.headers.first(name: "location") else {
      throw NeverHappened(description: "the registry names no place for a blob")
    }
    let url = place + (place.contains("?") ? "&" : "?") + "digest=\(digest)"
    try await ask(.PUT, url, data, expecting: 201)
    return digest
  }

  func delete(_ repository: String, _ digest: Digest) async throws {
    try await ask(.DELETE, "http://\(host)/v2/\(repository)/manifests/\(digest)", Data(), expecting: 202)
  }

  @discardableResult
  private func ask(
    _ method: HTTPMethod, _ url: String, _ body: Data, type: String = "application/octet-stream", expecting status: Int
  ) async throws -> HTTPClientResponse {
    var request = HTTPClientRequest(url: url)
    request.method = method
    request.headers.add(name: "content-type", value: type)
    request.body = .bytes(ByteBuffer(bytes: body))
    let response = try await Self.client.execute(request, timeout: .seconds(60))
    let text = try await String(buffer: response.body.collect(upTo: 1 << 20))
    guard response.status.code == status else {
      throw NeverHappened(description: "\(method) \(url) answers \(response.status): \(text)")
    }
    return response
  }
}

/// Runs a line of shell in `folder` and gives what it printed.
@discardableResult
func shell(_ line: String, in folder: URL) async throws -> String {
  let done = folder.appending(path: UUID().uuidString).path
  return try await withRealProcess(
    "/bin/sh", ["-c", "(\(line)); echo $? > \(done).new; mv \(done).new \(done)"], folder: folder
  ) {
    process in
    try await eventually("'\(line)' ends: \(process.text)") { FileManager.default.fileExists(atPath: done) }
    guard try String(contentsOfFile: done, encoding: .utf8) == "0\n" else {
      throw NeverHappened(description: "'\(line)' failed: \(process.text)")
    }
    return process.text
  }
}

/// Signs statements with keys that OpenSSL made.
struct Signer {
  enum Kind: String, CaseIterable {
    case ed25519, p256
  }

  let kind: Kind
  let name: String
  let folder: URL

  /// The public half, relative to the folder.
  var publicFile: String { "\(name).pub" }

  /// Makes a key.
  init(_ kind: Kind, _ name: String, in folder: URL) async throws {
    self.kind = kind
    self.name = name
    self.folder = folder
    let make = kind == .ed25519 ? "-algorithm ed25519" : "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"
    try await shell(
      "openssl genpkey \(make) -out \(name).key && openssl pkey -in \(name).key -pubout -out \(name).pub", in: folder)
  }

  /// A DSSE envelope around `statement`.
  func envelope(_ statement: String, type: String = "application/vnd.in-toto+json") async throws -> Data {
    let id = UUID().uuidString
    let body = Data(statement.utf8)
    let message = Data("DSSEv1 \(type.utf8.count) \(type) \(body.count) ".utf8) + body
    try message.write(to: folder.appending(path: id))
    let sign =
      kind == .ed25519 ? "pkeyutl -sign -inkey \(name).key -rawin -in \(id)" : "dgst -sha256 -sign \(name).key \(id)"
    try await shell("openssl \(sign) > \(id).sig", in: folder)
    let signature = try Data(contentsOf: folder.appending(path: "\(id).sig")).base64EncodedString()
    return Data(
      """
      {"payloadType":"\(type)","payload":"\(body.base64EncodedString())","signatures":[{"keyid":"","sig":"\(signature)"}]}
      """.utf8)
  }
}
