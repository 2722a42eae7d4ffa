import Foundation
import SlipwayConnectors
import SlipwayModel
import Testing

@Suite("Registry: who asks")
struct RegistryAccessTests {
  private static func user(_ password: String = "${env:WORD}") -> RegistrySpec {
    RegistrySpec(user: SecretText("user"), password: SecretText(password))
  }

  private func digest(
    _ client: RegistryClient, _ reference: String
  ) async throws -> Digest? {
    let image = try ImageReference(reference)
    return try await client.digest(of: image.tag ?? "latest", in: image)
  }

  private func refusal(_ client: RegistryClient, _ reference: String) async -> ConnectorError? {
    do {
      _ = try await digest(client, reference)
      return nil
    } catch {
      return error as? ConnectorError
    }
  }

  @Test("E5: docker-registry behind a password is read with it, and says 401 without or with another")
  func basic() async throws {
    try await withScratchFolder { folder in
      let pushed = try await RealRegistry.with(in: folder) { try await $0.push("shop", tag: "1", content: "x") }
      try await shell("htpasswd -Bbn user word > passwords", in: folder)
      let more = "auth: {htpasswd: {realm: tests, path: \(folder.path)/passwords}}"
      try await RealRegistry.with(in: folder, more: more) { registry in
        let reference = "\(registry.host)/shop:1"
        let found = try await digest(registry.asker(Self.user(), secrets: ["WORD": "word"]), reference)
        #expect(found == pushed)
        for client in [registry.asker(), registry.asker(Self.user(), secrets: ["WORD": "wrong-word"])] {
          let error = await refusal(client, reference)
          #expect(error?.code == .misconfigured)
          #expect(error?.message.contains("401") == true && error?.message.contains("registries:") == true)
          #expect(error?.message.contains("wrong-word") == false)
        }
        let unset = await refusal(registry.asker(Self.user()), reference)
        #expect(unset?.message.contains("WORD") == true)
      }
    }
  }

  @Test("E5: docker-registry behind a token server is read with one token until it expires; its password is checked")
  func bearer() async throws {
    try await withScratchFolder { folder in
      let pushed = try await RealRegistry.with(in: folder) { registry in
        _ = try await registry.push("public/shop", tag: "1", content: "open")
        return try await registry.push("shop", tag: "1", content: "x")
      }
      try await shell(
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout t.key -out t.pem -days 2 -subj /CN=tests", in: folder)
      let arguments = [folder.path + "/t.key", folder.path + "/t.pem", "300"]
      try await PythonServers.with(RegistryServers.tokens, arguments, folder: folder) { server, port in
        let more = """
          auth:
            token:
              realm: http://127.0.0.1:\(port)/token
              service: 'registry, of "tests"'
              issuer: tests
              rootcertbundle: \(folder.path)/t.pem
          """
        try await RealRegistry.with(in: folder, more: more) { registry in
          let clock = SteppedClock()
          let client = registry.asker(Self.user(), secrets: ["WORD": "word"], now: { clock.now })
          for _ in 0..<3 { #expect(try await digest(client, "\(registry.host)/shop:1") == pushed) }
          func asked() -> [Substring] { server.text.split(separator: "\n").filter { $0.hasPrefix("asked") } }
          #expect(asked() == ["asked repository:shop:pull known"])
          clock.advance(by: .seconds(301))
          let later = try await digest(client, "\(registry.host)/shop:1")
          #expect(later == pushed)
          #expect(asked().count == 2)
          // Nobody in particular may read what is public, and nothing else.
          #expect(try await digest(registry.asker(), "\(registry.host)/public/shop:1") != nil)
          let stranger = await refusal(registry.asker(), "\(registry.host)/shop:1")
          #expect(stranger?.code == .misconfigured)
          let wrong = await refusal(
            registry.asker(Self.user(), secrets: ["WORD": "nonsense"]), "\(registry.host)/shop:1")
          #expect(wrong?.code == .misconfigured)
          #expect(wrong?.message.contains("nonsense") == false)
        }
      }
    }
  }

  @Test("E5: a registry with certificates of its own is believed by 'ca', and by nothing else")
  func certificates() async throws {
    try await withScratchFolder { folder in
      let pushed = try await RealRegistry.with(in: folder) { try await $0.push("shop", tag: "1", content: "x") }
      try await shell(
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout s.key -out s.pem -days 2 -subj /CN=tests "
          + "-addext subjectAltName=IP:127.0.0.1,DNS:localhost", in: folder)
      try await shell(
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout o.key -out other.pem -days 2 -subj /CN=other", in: folder)
      let tls = "  tls: {certificate: \(folder.path)/s.pem, key: \(folder.path)/s.key}"
      try await RealRegistry.with(in: folder, http: tls) { registry in
        let reference = "\(registry.host)/shop:1"
        let found = try await digest(registry.asker(RegistrySpec(ca: "s.pem")), reference)
        #expect(found == pushed)
        #expect(await refusal(registry.asker(RegistrySpec(ca: "other.pem")), reference) != nil)
        #expect(await refusal(registry.asker(RegistrySpec(ca: "none.pem")), reference)?.code == .misconfigured)
        #expect(await refusal(registry.asker(), reference) != nil)
      }
    }
  }

  @Test("F7: a password goes neither to a token server in the clear elsewhere, nor along with a redirect")
  func leaks() async throws {
    try await withScratchFolder { folder in
      let blob = Data("{}".utf8)
      let digest = Digest(of: blob)
      let challenge = #"Bearer realm="http://192.0.2.1/token",service="s""#
      let basic = "Basic " + Data("user:word".utf8).base64EncodedString()
      let table: [String: RegistryServers.Entry] = [
        "/v2/evil/manifests/1": .init(status: 401, headers: ["WWW-Authenticate": challenge]),
        "/v2/shop/blobs/\(digest)": .init(
          status: 307, headers: ["Location": "http://localhost:{port}/store"], needs: basic,
          otherwise: .init(401, ["WWW-Authenticate": "Basic realm=\"x\""])),
        "/store": .init(text: "{}"),
        "/v2/shop/blobs/\(Digest(of: Data("loop".utf8)))": .init(
          status: 302, headers: ["Location": "/v2/shop/blobs/\(Digest(of: Data("loop".utf8)))"]),
        "/v2/shop/blobs/\(Digest(of: Data("file".utf8)))": .init(
          status: 302, headers: ["Location": "file:///etc/passwd"]),
      ]
      try await RegistryServers.contract(table, in: folder) { server in
        let client = RealRegistry.asker(server.host, Self.user("word"), folder: folder)
        let evil = await refusal(client, "\(server.host)/evil:1")
        #expect(evil?.code == .refused)
        #expect(evil?.message.contains("192.0.2.1") == true)
        let image = try ImageReference("\(server.host)/shop:1")
        #expect(try await client.blob(digest, in: image)?.data == blob)
        let store = try server.questions().filter { $0.path == "/store" }
        #expect(store.count == 1)
        #expect(store[0].who == nil)
        #expect(try server.questions().contains { $0.who == basic })
        for text in ["loop", "file"] {
          await #expect(throws: ConnectorError.self) {
            try await client.blob(Digest(of: Data(text.utf8)), in: image)
          }
        }
      }
    }
  }

  @Test("F7: what a registry answers is told apart: forbidden, too many, broken, changed, endless, silent")
  func answers() async throws {
    try await withScratchFolder { folder in
      try Data(count: 5 << 20).write(to: folder.appending(path: "large"))
      let other = Digest(of: Data("other".utf8))
      let table: [String: RegistryServers.Entry] = [
        "/v2/a/manifests/403": .init(status: 403, text: #"{"errors":[{"code":"DENIED","message":"no\u0007"}]}"#),
        "/v2/a/manifests/429": .init(status: 429, headers: ["Retry-After": "17"]),
        "/v2/a/manifests/503": .init(status: 503),
        "/v2/a/manifests/418": .init(status: 418),
        "/v2/a/manifests/odd": .init(headers: ["Docker-Content-Digest": "md5:1"]),
        "/v2/a/manifests/silent": .init(delay: 30),
        "/v2/a/manifests/large": .init(file: folder.path + "/large"),
        "/v2/a/manifests/\(other)": .init(headers: ["Docker-Content-Digest": "\(other)"], text: "changed"),
        "/v2/a/manifests/plain": .init(text: "{}"),
      ]
      try await RegistryServers.contract(table, in: folder) { server in
        let client = RealRegistry.asker(server.host, nil, folder: folder, timeout: .seconds(20))
        let expected: [(String, ConnectorError.Code, String)] = [
          ("403", .refused, "403"), ("429", .unreachable, "in 17 s"), ("503", .unreachable, "503"),
          ("418", .garbage, "418"), ("odd", .garbage, "digest"), ("large", .garbage, "KiB"),
        ]
        for (tag, code, words) in expected {
          let error = await refusal(client, "\(server.host)/a:\(tag)")
          #expect(error?.code == code, "\(tag): \(String(describing: error))")
          #expect(error?.message.contains(words) == true, "\(String(describing: error))")
          #expect(error?.message.contains("\u{7}") != true)
        }
        // The head alone has no words; the whole answer has, and they come out in one line.
        do {
          _ = try await client.manifest("403", in: ImageReference("\(server.host)/a"))
          Issue.record("403 was taken for an answer")
        } catch let error as ConnectorError {
          #expect(error.message.contains("DENIED: no )"), "\(error)")
        }
        #expect(try await digest(client, "\(server.host)/a:absent") == nil)
        // No digest in the head of the answer: it is computed from the bytes.
        #expect(try await digest(client, "\(server.host)/a:plain") == Digest(of: Data("{}".utf8)))
        let image = try ImageReference("\(server.host)/a@\(other)")
        await #expect(throws: ConnectorError.self) { try await client.manifest(other.description, in: image) }
        let hasty = RealRegistry.asker(server.host, nil, folder: folder, timeout: .milliseconds(300))
        #expect(await refusal(hasty, "\(server.host)/a:silent")?.code == .timedOut)
        let accepted = Set(try server.questions().filter { $0.path.hasSuffix("/429") }.flatMap(\.accept))
        #expect(accepted == Set(ImageManifest.mediaTypes))
      }
    }
  }
}

/// A clock that a test moves.
final class SteppedClock: Sendable {
  private let lock = NSLock()
  // Only touched while `lock` is held.
  nonisolated(unsafe) private var time = Timestamp(milliseconds: 1_700_000_000_000)

  var now: Timestamp { lock.withLock { time } }
  func advance(by span: Span) { lock.withLock { time = time + span } }
}
