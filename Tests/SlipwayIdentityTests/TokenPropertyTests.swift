import Foundation
import SlipwayIdentity
import SlipwayModel
import Testing

@Suite("Identity: random tokens")
struct TokenPropertyTests {
  @Test("E8, F7: no random change of a good token is ever believed", arguments: ["RS256", "ES256", "EdDSA"])
  func mutations(_ name: String) async throws {
    let key = name == "ES256" ? .es256() : name == "EdDSA" ? .ed25519() : try SigningKey.rsa()
    try await StrictProvider(key: key).serve { provider in
      try await withClient { client in
        let prover = IdentityProver(
          spec: IdentitySpec(oidc: provider.spec()), folder: "/", environment: [:], client: client)
        var random = SeededRandom(seed: 4)
        let good = try provider.token()
        let other = try provider.token(["email": "eve@example.com", "groups": ["admin"]])
        for round in 0..<1_000 {
          let token = random.mutated(good, with: other)
          do {
            let identity = try await prover.prove(
              .oidc(token: token), by: Sample.ann, statement: Sample.statement, at: Sample.now)
            #expect(
              token.trimmingCharacters(in: .whitespacesAndNewlines) == good, "round \(round): \(identity) \(token)")
          } catch let error as IdentityError {
            #expect(!error.message.isEmpty)
          }
        }
        // However many came, the provider was asked no more than once for the start and once for an unknown key.
        #expect(provider.keysAsked <= 2)
      }
    }
  }

  @Test("E8, F7: whatever a well signed token says, it proves only what it was asked for")
  func claims() async throws {
    let key = SigningKey.es256()
    try await StrictProvider(key: key).serve { provider in
      try await withClient { client in
        let prover = IdentityProver(
          spec: IdentitySpec(oidc: provider.spec()), folder: "/", environment: [:], client: client)
        var random = SeededRandom(seed: 11)
        let good = String(decoding: try Mint.json(provider.claims()), as: UTF8.self)
        let header = Data(#"{"alg":"ES256","kid":"one"}"#.utf8)
        var believed = 0
        for _ in 0..<1_500 {
          let text = random.mutated(good, with: #"{"exp":1e300,"aud":[[]],"nbf":-0.0,"auth_time":9e18,"amr":{}}"#)
          let token = try Mint.token(header: header, payload: Data(text.utf8), sign: key.sign)
          guard
            let identity = try? await prover.prove(
              .oidc(token: token), by: Sample.ann, statement: Sample.statement, at: Sample.now)
          else { continue }
          believed += 1
          let said = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
          #expect(said["iss"] as? String == provider.issuer)
          #expect(said["nonce"] as? String == Sample.statement.nonce)
          #expect(said["email"] as? String == "ann@example.com")
          #expect(identity.person == Sample.ann)
        }
        #expect(believed > 0, "the changes must leave some tokens good, or this shows nothing")
      }
    }
  }
}

/// SplitMix64: the same changes in every run.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// `text` with one to three changes: a byte changed, removed, added or doubled, a piece of `other` in its place, or cut short.
  mutating func mutated(_ text: String, with other: String) -> String {
    var bytes = Array(text.utf8)
    let strange = Array(other.utf8)
    for _ in 0..<Int.random(in: 1...3, using: &self) where !bytes.isEmpty {
      let place = Int.random(in: bytes.indices, using: &self)
      switch Int.random(in: 0..<8, using: &self) {
      case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<7, using: &self)
      case 1: bytes[place] = strange[place % strange.count]
      case 2: bytes.remove(at: place)
      case 3: bytes.insert(UInt8.random(in: 32..<127, using: &self), at: place)
      case 4: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 8)], at: place)
      case 5:
        let from = Int.random(in: strange.indices, using: &self)
        let piece = strange[from..<min(strange.count, from + Int.random(in: 1...40, using: &self))]
        bytes.replaceSubrange(place..<min(bytes.count, place + piece.count), with: piece)
      case 6: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...20, using: &self)))
      default: bytes.swapAt(place, Int.random(in: bytes.indices, using: &self))
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
