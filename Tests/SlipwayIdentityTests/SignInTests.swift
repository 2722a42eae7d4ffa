import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import SlipwayConnectors
import SlipwayIdentity
import SlipwayModel
import Testing

@Suite("Identity: sign-in")
struct SignInTests {
  /// What a browser does: opens the address and goes where the answer sends it; gives the last page.
  static func browse(_ address: String, _ client: HTTPClient) async throws -> (status: Int, page: String) {
    let redirect = try await redirect(address, client)
    let answer = try await client.execute(HTTPClientRequest(url: redirect), timeout: .seconds(30))
    let page = try await answer.body.collect(upTo: 65_536)
    return (Int(answer.status.code), String(buffer: page))
  }

  static func redirect(_ address: String, _ client: HTTPClient) async throws -> String {
    let answer = try await client.execute(HTTPClientRequest(url: address), timeout: .seconds(30))
    let page = try await answer.body.collect(upTo: 65_536)
    return try #require(answer.headers.first(name: "location"), "\(answer.status) \(String(buffer: page))")
  }

  /// Signs in at a strict provider of its own.
  private func with(
    secret: SecretText? = nil, timeout: Span = .minutes(2),
    _ body: @escaping @Sendable (StrictProvider, OIDCSignIn, HTTPClient) async throws -> Void
  ) async throws {
    try await StrictProvider(key: .es256()).serve { provider in
      try await withClient { client in
        let secrets = SecretSource(environment: ["OIDC_SECRET": "p:ss word/é"], folder: "/")
        let signIn = OIDCSignIn(
          spec: provider.spec { $0.clientSecret = secret }, secrets: secrets, client: client, timeout: timeout)
        try await body(provider, signIn, client)
      }
    }
  }

  /// Signs in with a browser in the background.
  private func token(_ signIn: OIDCSignIn, _ client: HTTPClient) async throws -> String {
    try await withThrowingTaskGroup(of: Void.self) { group in
      let (addresses, sink) = AsyncStream.makeStream(of: String.self)
      group.addTask {
        for await address in addresses { _ = try await Self.browse(address, client) }
      }
      defer { sink.finish() }
      return try await signIn.token(for: Sample.statement, at: Sample.now) { sink.yield($0) }
    }
  }

  @Test("E8, F3: a sign-in with PKCE gives a token that proves this decision and no other")
  func good() async throws {
    try await with { provider, signIn, client in
      let token = try await token(signIn, client)
      let prover = IdentityProver(
        spec: IdentitySpec(oidc: provider.spec()), folder: "/", environment: [:], client: client)
      let identity = try await prover.prove(
        .oidc(token: token), by: Sample.ann, statement: Sample.statement, at: Sample.now)
      #expect(identity.mfa && identity.groups == ["release-managers", "staff"])
      let error = await refusal {
        try await prover.prove(.oidc(token: token), by: Sample.ann, statement: Sample.other, at: Sample.now)
      }
      #expect(error?.code == .wrongNonce)
    }
  }

  @Test("a client with a secret proves itself in the way that the provider takes", arguments: [false, true])
  func secret(byPost: Bool) async throws {
    try await with(secret: SecretText("${env:OIDC_SECRET}")) { provider, signIn, client in
      let encoded = "p%3Ass%20word%2F%C3%A9"
      provider.set { ($0.secret, $0.byPost) = (byPost ? "p:ss word/é" : encoded, byPost) }
      let first = try await token(signIn, client)
      #expect(first.split(separator: ".").count == 3)
      provider.set { $0.secret = "another" }
      let error = await refusal { try await token(signIn, client) }
      #expect(error?.code == .misconfigured)
      #expect(error?.message.contains("client_secret") == true)
      #expect(error?.message.contains("p:ss") == false && error?.message.contains(encoded) == false)
    }
    try await with(secret: SecretText("${env:NOT_SET}")) { _, signIn, client in
      let error = await refusal { try await token(signIn, client) }
      #expect(error?.code == .misconfigured && error?.message.contains("NOT_SET is not set") == true)
    }
  }

  @Test(
    "a denial, an error, a wrong state and another issuer are told apart",
    arguments: [
      (StrictProvider.Manner.deny, IdentityError.Code.denied, "denied (not today)"),
      (.wrongState, .wrongState, "belongs to another sign-in"),
      (.overloaded, .providerUnreachable, "temporarily_unavailable"),
      (.unknownClient, .misconfigured, "unauthorized_client"),
      (.foreignIssuer, .wrongIssuer, "https://evil.example.com"),
    ])
  func refusals(_ manner: StrictProvider.Manner, _ code: IdentityError.Code, _ says: String) async throws {
    try await with { provider, signIn, client in
      provider.set { $0.manner = manner }
      let error = await refusal { try await token(signIn, client) }
      #expect(error?.code == code && error?.message.contains(says) == true, "\(error?.message ?? "")")
    }
  }

  @Test("E8: a code that somebody else used first, without the verifier, gives nobody a token")
  func stolenCode() async throws {
    try await with { provider, signIn, client in
      let thief = Noted()
      let error = await refusal {
        try await withThrowingTaskGroup(of: Void.self) { group in
          let (addresses, sink) = AsyncStream.makeStream(of: String.self)
          group.addTask {
            for await address in addresses {
              let redirect = try await Self.redirect(address, client)
              let fields = StrictProvider.fields(redirect.split(separator: "?").last.map(String.init) ?? "")
              var request = HTTPClientRequest(url: provider.issuer + "/token")
              request.method = .POST
              let back = redirect.split(separator: "?").first ?? ""
              let form =
                "grant_type=authorization_code&client_id=slipway&code=\(fields["code"] ?? "")&redirect_uri=\(back)"
                + "&code_verifier=\(String(repeating: "a", count: 43))"
              request.body = .bytes(.init(string: form))
              let answer = try await client.execute(request, timeout: .seconds(30))
              let text = String(buffer: try await answer.body.collect(upTo: 65_536))
              thief.add(text)
              _ = try await client.execute(HTTPClientRequest(url: redirect), timeout: .seconds(30))
            }
          }
          defer { sink.finish() }
          _ = try await signIn.token(for: Sample.statement, at: Sample.now) { sink.yield($0) }
        }
      }
      #expect(thief.all.first?.contains("invalid_grant") == true)
      #expect(
        error?.code == .denied && error?.message.contains("used or is too old") == true, "\(error?.message ?? "")")
    }
  }

  @Test("F7: an answer to the code that is no token is named")
  func oddAnswers() async throws {
    try await with { provider, signIn, client in
      for (status, text, code) in [
        (200, "{}", IdentityError.Code.providerGarbage), (200, "<html>", .providerGarbage),
        (400, "<html>", .providerGarbage),
        (503, "", .providerUnreachable), (200, #"{"id_token":5}"#, .providerGarbage),
        (400, #"{"error":"unsupported_grant_type"}"#, .misconfigured),
      ] {
        provider.set { $0.tokenAnswer = (status, text) }
        await expectRefusal(code) { try await token(signIn, client) }
      }
    }
  }

  @Test("nobody who signs in, and a provider that is not there, end in words")
  func timeOuts() async throws {
    try await with(timeout: .milliseconds(200)) { provider, signIn, _ in
      let shown = Noted()
      let error = await refusal {
        try await signIn.token(for: Sample.statement, at: Sample.now) { address in shown.add(address)
        }
      }
      #expect(error?.code == .timedOut && error?.message.contains("nobody signed in") == true)
      let address = try #require(shown.all.first)
      #expect(
        address.hasPrefix(
          provider.issuer + "/authorize?response_type=code&client_id=slipway&redirect_uri=http%3A%2F%2F127.0.0.1%3A"))
      #expect(address.contains("prompt=login&max_age=900") && address.contains("nonce=\(Sample.statement.nonce)"))
      #expect(address.contains("scope=openid%20email%20groups&"))
    }
    try await withClient { client in
      let signIn = OIDCSignIn(
        spec: OIDCSpec(issuer: "http://127.0.0.1:1", client: "slipway"),
        secrets: SecretSource(environment: [:], folder: "/"), client: client)
      let error = await refusal { try await signIn.token(for: Sample.statement, at: Sample.now) { _ in } }
      #expect(error?.code == .providerUnreachable)
    }
  }

  @Test("F7: other requests to the loopback address do not end the sign-in, and nothing listens after it")
  func strayRequests() async throws {
    try await with { _, signIn, client in
      let places = Noted()
      let token = try await withThrowingTaskGroup(of: Void.self) { group in
        let (addresses, sink) = AsyncStream.makeStream(of: String.self)
        group.addTask {
          for await address in addresses {
            let fields = StrictProvider.fields(address.split(separator: "?").last.map(String.init) ?? "")
            let base = try #require(fields["redirect_uri"]).replacing("/callback", with: "")
            places.add(base)
            for path in ["/", "/favicon.ico", "/callbacks?code=x", "/%zz"] {
              let answer = try await client.execute(HTTPClientRequest(url: base + path), timeout: .seconds(30))
              #expect(answer.status.code == 404)
            }
            var post = HTTPClientRequest(url: base + "/callback?code=x&state=y")
            post.method = .POST
            #expect(try await client.execute(post, timeout: .seconds(30)).status.code == 404)
            let last = try await Self.browse(address, client)
            #expect(last.status == 200 && last.page.contains("Go back to the terminal"))
          }
        }
        defer { sink.finish() }
        return try await signIn.token(for: Sample.statement, at: Sample.now) { sink.yield($0) }
      }
      #expect(token.split(separator: ".").count == 3)
      let base = try #require(places.all.first)
      await #expect(throws: (any Error).self) {
        try await client.execute(HTTPClientRequest(url: base + "/callback"), timeout: .seconds(5))
      }
    }
  }
}
