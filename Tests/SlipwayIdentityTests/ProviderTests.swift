import Foundation
import SlipwayIdentity
import SlipwayModel
import Testing

@Suite("Identity: the provider's keys")
struct ProviderTests {
  private func with(
    _ body:
      @escaping @Sendable (StrictProvider, @escaping @Sendable (String, Timestamp) async throws -> Identity)
      async throws -> Void
  ) async throws {
    try await StrictProvider(key: .es256()).serve { provider in
      try await withClient { client in
        let prover = IdentityProver(
          spec: IdentitySpec(oidc: provider.spec { $0.maxAge = .hours(2) }), folder: "/", environment: [:],
          client: client)
        try await body(provider) { token, now in
          try await prover.prove(.oidc(token: token), by: Sample.ann, statement: Sample.statement, at: now)
        }
      }
    }
  }

  @Test("E8: a new key counts as soon as a token names it, and the old one no longer once it is gone")
  func rotation() async throws {
    try await with { provider, prove in
      let old = try provider.token()
      #expect(try await prove(old, Sample.now).person == Sample.ann)
      let key = SigningKey.es256()
      provider.set { $0.keys = [key.entry("two")] }
      let new = try Mint.token(provider.claims(), by: key, kid: "two")
      #expect(try await prove(new, Sample.now + .seconds(1)).person == Sample.ann)
      #expect(provider.keysAsked == 2)
      await expectRefusal(.unknownKey) { try await prove(old, Sample.now + .seconds(1)) }
      // A key without a name that replaces it is found too.
      let third = SigningKey.es256()
      provider.set { $0.keys = [third.entry()] }
      let unnamed = try Mint.token(provider.claims(), by: third)
      #expect(try await prove(unnamed, Sample.now + .seconds(40)).person == Sample.ann)
    }
  }

  @Test("E8: tokens of unknown keys make the provider be asked once in 30 seconds, not more")
  func hammering() async throws {
    try await with { provider, prove in
      _ = try await prove(provider.token(), Sample.now)
      for number in 0..<50 {
        let token = try Mint.token(provider.claims(), by: .es256(), kid: "k\(number)")
        await expectRefusal(.unknownKey) { try await prove(token, Sample.now + .milliseconds(Int64(number * 500))) }
      }
      #expect(provider.keysAsked == 2)
      let token = try Mint.token(provider.claims(), by: .es256(), kid: "later")
      _ = await refusal { try await prove(token, Sample.now + .seconds(31)) }
      #expect(provider.keysAsked == 3)
    }
  }

  @Test("many who decide at one moment share one question to the provider")
  func together() async throws {
    try await with { provider, prove in
      provider.set { $0.keyDelay = .milliseconds(300) }
      let token = try provider.token()
      try await withThrowingTaskGroup(of: Identity.self) { group in
        for _ in 0..<20 { group.addTask { try await prove(token, Sample.now) } }
        for try await identity in group { #expect(identity.person == Sample.ann) }
      }
      #expect(provider.keysAsked == 1)
    }
  }

  @Test("E8: a key that was taken back does not count longer than ten minutes, also when the clock was set back")
  func staleness() async throws {
    try await with { provider, prove in
      let claims = provider.claims(["exp": Int(Sample.now.milliseconds / 1_000) + 7_200])
      let token = try Mint.token(claims, by: provider.key, kid: "one")
      _ = try await prove(token, Sample.now)
      provider.set { $0.keys = [SigningKey.es256().entry("two")] }
      #expect(try await prove(token, Sample.now + .minutes(9)).person == Sample.ann)
      await expectRefusal(.unknownKey) { try await prove(token, Sample.now + .minutes(11)) }
      await expectRefusal(.unknownKey) { try await prove(token, Sample.now) }
    }
  }

  @Test("F7: a provider that is slow, broken or talks nonsense is named, and works again when it does")
  func broken() async throws {
    try await with { provider, prove in
      let token = try provider.token()
      let many = (0..<101).map { SigningKey.es256().entry("k\($0)") }
      let cases: [(IdentityError.Code, String, @Sendable (inout StrictProvider.State) -> Void)] = [
        (.providerUnreachable, "answers 500", { $0.keyStatus = 500 }),
        (.providerUnreachable, "answers 429", { $0.keyStatus = 429 }),
        (.providerGarbage, "answers 404", { $0.keyStatus = 404 }),
        (.providerGarbage, "a redirect", { $0.keyStatus = 302 }),
        (.providerGarbage, "no JSON Web Key Set", { $0.keyText = "<html>" }),
        (.providerGarbage, "no JSON Web Key Set", { $0.keyText = #"{"keys":"none"}"# }),
        (.providerGarbage, "no JSON Web Key Set", { $0.keyText = "" }),
        (.providerGarbage, "no key that", { $0.keyText = #"{"keys":[]}"# }),
        (.providerGarbage, "no key that", { $0.keyText = #"{"keys":[{"kty":"oct","k":"c2VjcmV0"},5,null,{}]}"# }),
        (.providerGarbage, "lists 101 keys", { $0.keyText = StrictProvider.set(many) }),
        (.providerGarbage, "1 MiB or more", { $0.keyText = String(repeating: " ", count: 1 << 21) }),
        (
          .badSignature, "forged",
          { $0.keyText = #"{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"!"},{"kty":"RSA","n":"","e":""}]}"# }
        ),
      ]
      for (index, (code, says, change)) in cases.enumerated() {
        provider.set { state in
          (state.keyStatus, state.keyText) = (200, nil)
          change(&state)
        }
        // Apart by more than what is remembered of success or failure.
        let error = await refusal(says) { try await prove(token, Sample.now + .minutes(-20 * Int64(index))) }
        #expect(error?.code == code && error?.message.contains(says) == true, "\(says): \(error?.message ?? "")")
      }
      provider.set { ($0.keyStatus, $0.keyText) = (200, nil) }
      #expect(try await prove(token, Sample.now).person == Sample.ann)
    }
  }

  @Test("F7: a document that speaks for another issuer, or leads where anybody may listen, is refused")
  func documents() async throws {
    let cases: [(String, IdentityError.Code, String)] = [
      (#"{"issuer":"https://evil.example.com","jwks_uri":"ISSUER/keys"}"#, .wrongIssuer, "speaks for the issuer"),
      (#"{"issuer":"ISSUER/","jwks_uri":"ISSUER/keys"}"#, .wrongIssuer, "a slash at the end included"),
      (#"{"issuer":"ISSUER","jwks_uri":"http://evil.example.com/keys"}"#, .providerGarbage, "not asked over https"),
      (#"{"issuer":"ISSUER","jwks_uri":"file:///etc/passwd"}"#, .providerGarbage, "not asked over https"),
      (#"{"issuer":"ISSUER"}"#, .providerGarbage, "no discovery document"),
      ("[]", .providerGarbage, "no discovery document"),
    ]
    for (document, code, says) in cases {
      try await with { provider, prove in
        provider.set { $0.document = document }
        let error = await refusal { try await prove(provider.token(), Sample.now) }
        #expect(error?.code == code && error?.message.contains(says) == true, "\(error?.message ?? "")")
        #expect(provider.keysAsked == 0)
      }
    }
  }

  @Test("F7: a provider that is not there, or that others could speak for, is refused in words")
  func unreachable() async throws {
    try await withClient { client in
      // Port 1 answers nobody; the other is not asked at all.
      for (issuer, code, says) in [
        ("http://127.0.0.1:1", IdentityError.Code.providerUnreachable, "is it running?"),
        ("http://id.example.com", .misconfigured, "anybody on the way could sign as anybody"),
      ] {
        let prover = IdentityProver(
          spec: IdentitySpec(oidc: OIDCSpec(issuer: issuer, client: "slipway")), folder: "/", environment: [:],
          client: client)
        let token = try Mint.token(["iss": issuer], by: .es256())
        let error = await refusal {
          try await prover.prove(.oidc(token: token), by: "ann", statement: Sample.statement, at: Sample.now)
        }
        #expect(error?.code == code && error?.message.contains(says) == true, "\(error?.message ?? "")")
      }
    }
  }
}
