internal import SlipwayModel

/// Image registries, and what the gates ask of images.
enum RegistryGrammar {
  /// A registry as images name it: a host with or without a port.
  static let host = Shape<String>.pattern(
    "[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?(?::[0-9]{1,5})?|\\[[0-9A-Fa-f:]{2,45}\\](?::[0-9]{1,5})?",
    "a registry as images name it, such as registry.example.com:5000", show: { .text($0) }, parse: { $0 })

  static let registry = Shape<RegistrySpec>.object(
    "a registry", RegistrySpec(),
    [
      .optional("user", \.user, .secretText("a user's name"), "For Basic, or for the token endpoint it names."),
      .optional("password", \.password, .secretText("a reference such as ${env:NAME}"), "The user's password."),
      .optional("token", \.token, .secretText("a reference such as ${env:NAME}"), "A bearer token, sent as it is."),
      .optional(
        "insecure", \.insecure, .boolean, "Plain HTTP. A registry on this very machine is asked so without a word."),
      .optional("ca", \.ca, .text("a file with certificates"), "PEM file with the certificates that sign its own."),
    ]
  ).checked { registry, node, reading in
    if (registry.user == nil) != (registry.password == nil) {
      reading.report(
        .meaning, node.position, "a user needs a password, and a password a user", expected: "both, or neither")
    }
    if registry.token != nil, registry.user != nil {
      reading.report(
        .meaning, node.place("token"), "only one of user and token can be sent", expected: "one of the two")
    }
    if registry.insecure, registry.ca != nil {
      reading.report(
        .meaning, node.place("ca"), "plain HTTP has no certificates", expected: "'ca' or 'insecure', not both")
    }
  }

  /// What `immutable-reference` may say beside its name.
  struct Image: Sendable {
    var platform: String?
    var registry = RegistryUse.ask
  }

  static let image = Shape<Image>.object(
    "immutable-reference", Image(),
    [
      .optional("platform", \.platform, platform, "The platform that an image of several must have."),
      .optional(
        "registry", \.registry, .word("registry"), "Whether the image's registry is asked what it serves: ask or skip."),
    ])

  private static let platform = Shape<String>.pattern(
    "[a-z0-9]{1,20}/[a-z0-9_]{1,20}(?:/[a-z0-9.]{1,20})?", "a platform such as linux/amd64", show: { .text($0) },
    parse: { $0 })

  static let provenance = Shape<ProvenanceSpec>.object(
    "provenance", ProvenanceSpec(keys: []),
    [
      .required(
        "keys", \.keys, .list(of: .text("a file with a public key"), what: "key files", minimum: 1, isUnique: true),
        "PEM files of the public keys that may sign: Ed25519, or ECDSA on P-256."),
      .optional(
        "threshold", \.threshold, .integer(1...64, "a number of keys"), "So many different keys must have signed."),
      .optional("builder", \.builder, .text("the id of a builder"), "The builder that the attestation must name."),
      .optional(
        "source", \.source, .text("a repository such as git+https://git.example.com/shop"),
        "The repository that it must have been built from."),
      .optional(
        "predicate", \.predicate, .text("a predicate type"),
        "The attestation's predicate type; SLSA provenance 1 or 0.2 when left out."),
    ]
  ).checked { provenance, node, reading in
    guard provenance.threshold > provenance.keys.count, !provenance.keys.isEmpty else { return }
    reading.report(
      .meaning, node.place("threshold"),
      "\(provenance.threshold) keys can never have signed: \(provenance.keys.count) are named",
      expected: "at most \(provenance.keys.count), or more keys")
  }
}
