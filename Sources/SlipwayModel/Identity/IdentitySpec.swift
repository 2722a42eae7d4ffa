/// How people prove who they are when they decide.
package struct IdentitySpec: Codable, Sendable, Equatable {
  package var oidc: OIDCSpec?
  package var ssh: SSHSpec?
  /// Whether the user of the operating system is proof enough.
  package var local: Bool
  /// Whether a name that is merely claimed counts, as in a demonstration; never a default of a file.
  package var claimed: Bool

  package init(oidc: OIDCSpec? = nil, ssh: SSHSpec? = nil, local: Bool = false, claimed: Bool = false) {
    self.oidc = oidc
    self.ssh = ssh
    self.local = local
    self.claimed = claimed
  }

  /// Whoever may use the state folder is believed, as long as the file says nothing else.
  package static let anybody = IdentitySpec(local: true, claimed: true)

  /// Whether an identity that was proven in this way counts.
  package func accepts(_ kind: Identity.Kind) -> Bool {
    switch kind {
    case .oidc: oidc != nil
    case .ssh: ssh != nil
    case .local: local
    case .claimed: claimed
    }
  }
}

/// An OpenID Connect provider whose signed ID tokens prove identity (OpenID Connect Core 1.0, section 3.1.3.7).
package struct OIDCSpec: Codable, Sendable, Equatable {
  /// The issuer exactly as tokens state it; `/.well-known/openid-configuration` is asked below it.
  package var issuer: String
  /// The client that tokens must be meant for (`aud`, and `azp` where there are several).
  package var client: String
  package var clientSecret: SecretText?
  /// The claim that names the person.
  package var nameClaim: String
  /// The claim that lists groups; a role of the file names the groups that hold it.
  package var groupsClaim: String
  /// The claim that lists teams; the groups' claim where none is named.
  package var teamsClaim: String?
  /// Values of `amr` of which one proves a second factor (RFC 8176).
  package var mfa: [String]
  /// How long ago the person may have signed in (`auth_time`, else `iat`).
  package var maxAge: Span

  package init(
    issuer: String, client: String, clientSecret: SecretText? = nil, nameClaim: String = "email",
    groupsClaim: String = "groups", teamsClaim: String? = nil,
    mfa: [String] = ["mfa", "otp", "hwk", "swk", "fpt", "face"], maxAge: Span = .minutes(15)
  ) {
    self.issuer = issuer
    self.client = client
    self.clientSecret = clientSecret
    self.nameClaim = nameClaim
    self.groupsClaim = groupsClaim
    self.teamsClaim = teamsClaim
    self.mfa = mfa
    self.maxAge = maxAge
  }
}

/// Keys of people who sign with `ssh-keygen -Y sign` (OpenSSH's PROTOCOL.sshsig).
package struct SSHSpec: Codable, Sendable, Equatable {
  /// The allowed-signers file (ssh-keygen(1), ALLOWED SIGNERS), relative to the pipeline file's folder.
  package var allowedSigners: String
  /// Whether such a key, which may live on a hardware token, counts as a second factor.
  package var countsAsMFA: Bool

  package init(allowedSigners: String, countsAsMFA: Bool = false) {
    self.allowedSigners = allowedSigners
    self.countsAsMFA = countsAsMFA
  }
}

extension IdentitySpec {
  /// What is accepted, for people, with the words that a command needs for it.
  package var ways: [String] {
    var ways: [String] = []
    if let oidc { ways.append("a sign-in at \(oidc.issuer) (--sign-in)") }
    if let ssh { ways.append("an SSH signature by a key in \(ssh.allowedSigners) (--sign KEY)") }
    if local { ways.append("the user of the operating system") }
    if claimed { ways.append("a claimed name (--as NAME)") }
    return ways
  }
}
