import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Glibc
import SlipwayConnectors
import SlipwayIdentity
import SlipwayModel
import Testing

/// Against `oidc-provider-mock` from PyPI: somebody else's discovery, keys, sign-in and tokens.
@Suite("Identity: a real provider")
struct RealProviderTests {
  private static let tools: String = {
    let environment = ProcessInfo.processInfo.environment
    let cache = environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? "/root") + "/.cache"
    return environment["SLIPWAY_TEST_TOOLS"] ?? cache + "/slipway-test-tools"
  }()

  private static let people = [
    #"{"sub":"ann","email":"ann@example.com","email_verified":true,"groups":["release-managers"],"amr":["pwd","otp"]}"#,
    #"{"sub":"bob","email":"bob@example.com","email_verified":false,"groups":"sre"}"#,
  ]

  private func withProvider(_ body: (String) async throws -> Void) async throws {
    try await withFolder { folder in
      let log = folder.appending(path: "log")
      _ = FileManager.default.createFile(atPath: log.path, contents: nil)
      let process = Process()
      process.executableURL = URL(filePath: Self.tools + "/bin/oidc-provider-mock")
      process.arguments = ["--port", "0"] + Self.people.flatMap { ["--user-claims", $0] }
      process.currentDirectoryURL = folder
      process.standardInput = FileHandle.nullDevice
      let handle = try FileHandle(forWritingTo: log)
      process.standardOutput = handle
      process.standardError = handle
      try process.run()
      defer {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? handle.close()
      }
      var issuer: String?
      try await eventually("the provider is up") {
        let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
        issuer = text.firstMatch(of: /http:\/\/127\.0\.0\.1:[1-9][0-9]*/).map { String($0.output) }
        return issuer != nil
      }
      try await body(try #require(issuer))
    }
  }

  /// Signs in as curl would: a form with the person's name, then the way back.
  private func answer(_ address: String, as person: String, action: String? = nil, _ client: HTTPClient) async throws {
    var request = HTTPClientRequest(url: address)
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
    request.body = .bytes(.init(string: "sub=\(person)" + (action.map { "&action=\($0)" } ?? "")))
    let answer = try await client.execute(request, timeout: .seconds(30))
    let page = String(buffer: try await answer.body.collect(upTo: 65_536))
    let back = try #require(answer.headers.first(name: "location"), "\(answer.status) \(page)")
    _ = try await client.execute(HTTPClientRequest(url: back), timeout: .seconds(30))
  }

  private func token(
    _ spec: OIDCSpec, as person: String, action: String? = nil, _ client: HTTPClient
  ) async throws -> String {
    try await withThrowingTaskGroup(of: Void.self) { group in
      let (addresses, sink) = AsyncStream.makeStream(of: String.self)
      group.addTask {
        for await address in addresses { try await answer(address, as: person, action: action, client) }
      }
      defer { sink.finish() }
      let signIn = OIDCSignIn(
        spec: spec, secrets: SecretSource(environment: ["S": "secret"], folder: "/"), client: client)
      return try await signIn.token(for: Sample.statement, at: Self.now) { sink.yield($0) }
    }
  }

  private static var now: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) }

  @Test("E8: a sign-in at a real provider proves the person, the groups and the decision, and a denial nothing")
  func endToEnd() async throws {
    try await withProvider { issuer in
      try await withClient { client in
        let spec = OIDCSpec(issuer: issuer, client: "slipway", clientSecret: SecretText("${env:S}"))
        let prover = IdentityProver(
          spec: IdentitySpec(oidc: spec), folder: "/", environment: [:], client: client)
        func prove(_ token: String, by: Person, _ statement: DecisionStatement) async throws -> Identity {
          try await prover.prove(.oidc(token: token), by: by, statement: statement, at: Self.now)
        }
        let token = try await token(spec, as: "ann", client)
        let identity = try await prove(token, by: Sample.ann, Sample.statement)
        #expect(identity.kind == .oidc && identity.authority == issuer)
        #expect(identity.groups == ["release-managers"])
        await expectRefusal(.wrongNonce) { try await prove(token, by: Sample.ann, Sample.other) }
        await expectRefusal(.wrongPerson) { try await prove(token, by: "bob@example.com", Sample.statement) }

        let unverified = try await self.token(spec, as: "bob", client)
        let error = await refusal { try await prove(unverified, by: "bob@example.com", Sample.statement) }
        #expect(error?.code == .unverifiedEmail)

        let denied = await refusal { try await self.token(spec, as: "ann", action: "deny", client) }
        #expect(denied?.code == .denied)
      }
    }
  }
}
