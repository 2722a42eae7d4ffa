internal import SlipwayModel

/// How people prove who they are when they decide.
enum IdentityGrammar {
  static let identity = Shape<IdentitySpec>.object(
    "identity", IdentitySpec(),
    [
      .optional("oidc", \.oidc, oidc, "Sign-in at an OpenID Connect provider: its signed ID tokens prove identity."),
      .optional("ssh", \.ssh, ssh, "Signatures of SSH keys, as ssh-keygen -Y sign makes them."),
      .optional("local", \.local, .boolean, "Whether the user of the operating system is proof enough."),
      .optional("claimed", \.claimed, .boolean, "Whether a name that nobody checks counts, as in a demonstration."),
    ]
  ).checked { identity, node, reading in
    // What was written and could not be read has been reported.
    guard node["oidc"] == nil, node["ssh"] == nil, !identity.local, !identity.claimed,
      [node["local"], node["claimed"]].allSatisfy({ $0.map { $0.scalar == .boolean(false) } ?? true })
    else { return }
    reading.report(
      .meaning, node.position, "this identity accepts nobody, so nothing can ever be approved",
      expected: "at least one of oidc, ssh, local: true, claimed: true")
  }

  private static let oidc = Shape<OIDCSpec>.object(
    "oidc", OIDCSpec(issuer: "", client: ""),
    [
      .required(
        "issuer", \.issuer, issuer,
        "The issuer exactly as tokens state it; asked for /.well-known/openid-configuration."),
      .required("client", \.client, .text("the client's id"), "The client that tokens must be meant for."),
      .optional(
        "client_secret", \.clientSecret, .secretText("a reference such as ${env:NAME}"),
        "The client's secret where it has one, by reference."),
      .optional("name", \.nameClaim, claim, "The claim that names the person as roles and decisions spell them."),
      .optional("groups", \.groupsClaim, claim, "The claim that lists groups, or a path such as realm_access.roles."),
      .optional("teams", \.teamsClaim, claim, "The claim that lists teams; when left out, that of the groups."),
      .optional(
        "mfa", \.mfa, .list(of: .text("a method of authentication"), what: "methods", minimum: 1, isUnique: true),
        "Values of the claim 'amr' of which one proves a second factor (RFC 8176)."),
      .optional("max_age", \.maxAge, .duration(), "How long ago the person may have signed in."),
    ])

  private static let claim = Shape<String>.text("the name of a claim")

  private static let issuer = Shape<String>.url.checked { issuer, node, reading in
    guard !issuer.contains("?"), !issuer.contains("#") else {
      reading.report(.meaning, node.position, "an issuer has no query and no fragment", expected: "the address alone")
      return
    }
    guard !OIDCSpec.isTrustworthy(issuer) else { return }
    reading.report(
      .meaning, node.position, "whoever is on the way to this issuer could sign as anybody",
      expected: "an https address; http only on this very machine")
  }

  private static let ssh = Shape<SSHSpec>.object(
    "ssh", SSHSpec(allowedSigners: ""),
    [
      .required(
        "allowed_signers", \.allowedSigners, .text("the path of an allowed-signers file"),
        "Who may sign with which key (ssh-keygen(1), ALLOWED SIGNERS); read at each use."),
      .optional(
        "second_factor", \.countsAsMFA, .boolean,
        "Whether such a key, which may live on a hardware token, counts as a second factor."),
    ])
}
