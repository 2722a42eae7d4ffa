import SlipwayModel
import SlipwayPipelineFile
import Testing

@Suite("Pipeline file: identity")
struct IdentityTests {
  private func problems(_ identity: String) -> [String] {
    Samples.problems(Samples.withoutIdentity + identity + "\n").map { "\($0.line):\($0.column) \($0.sentence)" }
  }

  private func spec(_ identity: String) -> IdentitySpec? {
    if case .success(let document) = Samples.read(Samples.withoutIdentity + identity + "\n") {
      document.pipeline.identity
    } else {
      nil
    }
  }

  @Test("E8, E9: people are to agree, so the file has to say how they prove who they are")
  func missing() throws {
    let problems = Samples.problems(Samples.withoutIdentity)
    #expect(problems.count == 1)
    #expect(try #require(problems.first).sentence.contains("how they prove who they are"))
  }

  @Test("E8: a provider needs no more than issuer and client; the rest has defaults")
  func defaults() {
    let oidc = OIDCSpec(issuer: "https://id.example.com", client: "slipway")
    #expect(
      spec("identity: {oidc: {issuer: 'https://id.example.com', client: slipway}}") == IdentitySpec(oidc: oidc))
    #expect(spec("identity: {ssh: {allowed_signers: s}}") == IdentitySpec(ssh: SSHSpec(allowedSigners: "s")))
    #expect(spec("identity: {claimed: true}") == IdentitySpec(claimed: true))
  }

  @Test(
    "an identity that nobody can have is refused",
    arguments: ["identity: {}", "identity: {local: false}", "identity: {claimed: false, local: false}"])
  func nobody(_ text: String) throws {
    let all = problems(text)
    #expect(all.count == 1)
    #expect(try #require(all.first).contains("this identity accepts nobody"), "\(all)")
  }

  @Test(
    "an issuer that others could answer for is refused",
    arguments: [
      "http://id.example.com", "http://127.0.0.1.example.com", "http://10.0.0.1:8080", "http://localhost.example.com",
    ])
  func plainIssuer(_ issuer: String) throws {
    let all = problems("identity: {oidc: {issuer: '\(issuer)', client: c}}")
    #expect(all.count == 1)
    #expect(try #require(all.first).contains("could sign as anybody"), "\(all)")
  }

  @Test(
    "an issuer on this very machine may speak http",
    arguments: ["http://127.0.0.1:8080", "http://localhost:8080/realms/a", "http://[::1]:8080", "http://127.8.9.1"])
  func loopback(_ issuer: String) {
    #expect(spec("identity: {oidc: {issuer: '\(issuer)', client: c}}")?.oidc?.issuer == issuer)
  }

  @Test(
    "F7: a mistake in identity is named at its place",
    arguments: [
      ("identity: {odic: {}}", "did you mean 'oidc'?"), ("identity: yes", "expected identity"),
      ("identity: {oidc: {client: c}}", "oidc lacks 'issuer'"),
      ("identity: {oidc: {issuer: 'https://a', client: ''}}", "expected the client's id"),
      ("identity: {oidc: {issuer: 'a.example.com', client: c}}", "expected a URL"),
      ("identity: {oidc: {issuer: 'https://ann:pw@a', client: c}}", "expected a URL"),
      ("identity: {oidc: {issuer: 'https://a/?b=c', client: c}}", "expected the address alone"),
      ("identity: {oidc: {issuer: 'https://a', client: c, max_age: 0s}}", "no time at all"),
      ("identity: {oidc: {issuer: 'https://a', client: c, mfa: []}}", "this list is empty"),
      ("identity: {oidc: {issuer: 'https://a', client: c, client_secret: hunter2}}", "a secret written in clear"),
      ("identity: {ssh: {second_factor: true}}", "ssh lacks 'allowed_signers'"),
      ("identity: {local: yes}", "did you mean 'true'?"),
    ])
  func mistakes(_ text: String, says: String) {
    let all = problems(text)
    #expect(all.contains { $0.contains(says) }, "\(all)")
    #expect(!all.joined().contains("hunter2"))
  }
}
