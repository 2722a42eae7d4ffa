import Crypto
import Foundation
import SlipwayIdentity
import SlipwayModel
import Testing

@Suite("Identity: ID tokens")
struct TokenTests {
  private static let rsa = Result { try SigningKey.rsa() }

  /// Runs `body` beside a provider that signs with `key`.
  private func with(
    _ key: SigningKey, spec change: @escaping @Sendable (inout OIDCSpec) -> Void = { _ in },
    _ body: @escaping @Sendable (StrictProvider, IdentityProver) async throws -> Void
  ) async throws {
    try await StrictProvider(key: key).serve { provider in
      try await withClient { client in
        let prover = IdentityProver(
          spec: IdentitySpec(oidc: provider.spec(change)), folder: "/", environment: [:], client: client)
        try await body(provider, prover)
      }
    }
  }

  @Test("E8: a signed token of the provider proves name, groups, second factor and time of sign-in")
  func good() async throws {
    try await with(Self.rsa.get()) { provider, prover in
      let token = try provider.token()
      let identity = try await prover.prove(
        .oidc(token: token + "\n"), by: Sample.ann, statement: Sample.statement, at: Sample.now)
      #expect(
        identity
          == Identity(
            person: "ann@example.com", kind: .oidc, groups: ["release-managers", "staff"],
            teams: ["release-managers", "staff"], mfa: true, provenAt: Sample.now - .seconds(10),
            authority: provider.issuer, proof: Digest(of: Data(token.utf8)).description))
    }
  }

  @Test(
    "every algorithm that proves who signed is understood, with a named key and without a name",
    arguments: ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"])
  func algorithms(_ name: String) async throws {
    let key =
      switch name {
      case "ES256": SigningKey.es256()
      case "ES384": SigningKey.es384()
      case "EdDSA": SigningKey.ed25519()
      default: try SigningKey.rsa(name)
      }
    try await with(key) { provider, prover in
      func prove(_ token: String) async throws -> Identity {
        try await prover.prove(.oidc(token: token), by: Sample.ann, statement: Sample.statement, at: Sample.now)
      }
      let other = SigningKey.es256()
      // Among keys of other kinds and uses, one of them unknown to everybody.
      let strange = ["kty": "XY", "kid": "strange", "alg": "XY1"]
      provider.set { state in
        state.keys = [
          strange, other.entry("other"), key.entry("one", use: "enc"), key.entry("one", algorithm: false, use: nil),
        ]
      }
      let named = try await prove(Mint.token(provider.claims(), by: key, kid: "one"))
      let unnamed = try await prove(Mint.token(provider.claims(), by: key))
      #expect([named, unnamed].map(\.person) == [Sample.ann, Sample.ann])
    }
  }

  @Test("E8: without a second factor in 'amr' none is stated, and which values count is the file's word")
  func secondFactor() async throws {
    try await with(Self.rsa.get(), spec: { $0.mfa = ["hwk"] }) { provider, prover in
      let cases: [([String: Any?], Bool)] = [
        (["amr": ["pwd", "hwk"]], true), (["amr": "hwk"], true), (["amr": ["pwd"]], false),
        (["amr": ["pwd", "otp"]], false), (["amr": nil], false),
      ]
      for (changes, proven) in cases {
        let identity = try await prover.prove(
          .oidc(token: provider.token(changes)), by: Sample.ann, statement: Sample.statement, at: Sample.now)
        #expect(identity.mfa == proven, "\(changes)")
      }
    }
  }

  @Test("E8: groups and teams come as one text, as a list, or at a path")
  func groups() async throws {
    let change: @Sendable (inout OIDCSpec) -> Void = {
      ($0.groupsClaim, $0.teamsClaim, $0.nameClaim) = ("realm_access.roles", "https://example.com/teams", "sub")
    }
    try await with(Self.rsa.get(), spec: change) { provider, prover in
      let token = try provider.token([
        "realm_access": ["roles": ["admin", "dev"]], "https://example.com/teams": "platform", "groups": nil,
      ])
      let identity = try await prover.prove(
        .oidc(token: token), by: "42", statement: Sample.statement, at: Sample.now)
      #expect(identity.groups == ["admin", "dev"])
      #expect(identity.teams == ["platform"])
      let bare = try await prover.prove(
        .oidc(token: provider.token()), by: "42", statement: Sample.statement, at: Sample.now)
      #expect(bare.groups == [] && bare.teams == [])
    }
  }

  @Test("E8, F7: a forged, foreign, old or early token is refused, each with its own reason", arguments: Forgery.all)
  func forged(_ forgery: Forgery) async throws {
    try await with(Self.rsa.get()) { provider, prover in
      let token = try forgery.make(provider)
      let error = await refusal {
        try await prover.prove(.oidc(token: token), by: Sample.ann, statement: Sample.statement, at: Sample.now)
      }
      #expect(error?.code == forgery.code, "\(error?.message ?? "")")
      #expect(error?.message.contains(forgery.says) == true, "\(error?.message ?? "")")
      // The token must not get into a log through the message, nor its signature.
      let parts = token.split(separator: ".").filter { $0.utf8.count > 8 }
      #expect(parts.allSatisfy { error?.message.contains($0) == false })
    }
  }

  @Test("F3: a token for one decision fits no other word, run or plan, and the same again is the same")
  func replay() async throws {
    try await with(Self.rsa.get()) { provider, prover in
      let token = try provider.token()
      func prove(_ statement: DecisionStatement) async throws -> Identity {
        try await prover.prove(.oidc(token: token), by: Sample.ann, statement: statement, at: Sample.now)
      }
      let (first, second) = (try await prove(Sample.statement), try await prove(Sample.statement))
      #expect(first == second)
      var (word, run, plan) = (Sample.statement, Sample.statement, Sample.statement)
      (word.word, run.run, plan.plan) = ("reject", Sample.other.run, Sample.other.plan)
      for statement in [word, run, plan] {
        await expectRefusal(.wrongNonce) { try await prove(statement) }
      }
    }
  }

  /// What each of these changes leads to; nil where the token is believed.
  private func expect(_ cases: [([String: Any?], IdentityError.Code?)]) async throws {
    // JSON, because dictionaries of anything cannot be handed to the provider's task.
    let cases = try cases.map { changes, code in (try Mint.json(changes.mapValues { $0 ?? NSNull() }), code) }
    try await with(Self.rsa.get()) { provider, prover in
      for (data, code) in cases {
        let changes = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        var found: IdentityError.Code?
        do {
          _ = try await prover.prove(
            .oidc(token: provider.token(changes)), by: Sample.ann, statement: Sample.statement, at: Sample.now)
        } catch let error as IdentityError { found = error.code }
        #expect(found == code, "\(changes)")
      }
    }
  }

  @Test("E8: a leeway of a minute is given to the provider's clock, none to expiry")
  func clocks() async throws {
    let seconds = Int(Sample.now.milliseconds / 1_000)
    try await expect([
      (["iat": seconds + 60, "auth_time": nil], nil), (["iat": seconds + 61, "auth_time": nil], .clockBehind),
      (["auth_time": seconds + 61], .clockBehind), (["nbf": seconds + 60], nil), (["nbf": seconds + 61], .notYetValid),
      (["exp": seconds + 1], nil), (["exp": seconds], .expired), (["exp": Double(seconds) + 0.5], nil),
      (["auth_time": seconds - 900], nil), (["auth_time": seconds - 901], .signInTooOld),
      (["iat": seconds - 901, "auth_time": nil], .signInTooOld),
    ])
  }

  @Test("E8: an audience of several needs the party that the token was given to")
  func audiences() async throws {
    try await expect([
      (["aud": ["slipway"]], nil), (["aud": ["slipway", "wiki"], "azp": "slipway"], nil),
      (["aud": ["slipway", "wiki"]], .wrongAudience), (["aud": "slipway", "azp": "wiki"], .wrongAudience),
      (["aud": [String]()], .wrongAudience),
    ])
  }

  @Test("a way that the file does not name is refused with those that it does")
  func notAccepted() async throws {
    try await withClient { client in
      let spec = IdentitySpec(ssh: SSHSpec(allowedSigners: "signers"), local: true)
      let prover = IdentityProver(spec: spec, folder: "/", environment: [:], client: client)
      func prove(_ credential: Credential) async throws -> Identity {
        try await prover.prove(credential, by: "ann", statement: Sample.statement, at: Sample.now)
      }
      let local = try await prove(.local)
      #expect(local == Identity(person: "ann", kind: .local, provenAt: Sample.now))
      for credential in [Credential.oidc(token: "a.b.c"), .claimed] {
        let error = await refusal { try await prove(credential) }
        #expect(error?.code == .notAccepted)
        #expect(error?.message.contains("a key in signers (--sign KEY), or the user of the operating system") == true)
      }
    }
  }
}
