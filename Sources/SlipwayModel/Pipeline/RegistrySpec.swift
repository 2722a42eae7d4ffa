/// How one image registry is reached; secrets stand by reference only.
package struct RegistrySpec: Codable, Sendable, Equatable {
  /// For Basic, or for the token endpoint that the registry names.
  package var user: SecretText?
  package var password: SecretText?
  /// Sent as it is, as a bearer token.
  package var token: SecretText?
  /// Whether plain HTTP is spoken; the registry on this very machine needs no word.
  package var insecure: Bool
  /// A file with the certificates that sign the registry's own, relative to the pipeline file.
  package var ca: String?

  package init(
    user: SecretText? = nil, password: SecretText? = nil, token: SecretText? = nil, insecure: Bool = false,
    ca: String? = nil
  ) {
    self.user = user
    self.password = password
    self.token = token
    self.insecure = insecure
    self.ca = ca
  }
}

/// Whether an image's registry is asked what it serves.
package enum RegistryUse: String, Codable, Sendable, CaseIterable {
  case ask
  /// For things that are named by digest and live in no registry that could be asked.
  case skip
}

/// Who may have built a release, and from what.
package struct ProvenanceSpec: Codable, Sendable, Equatable {
  /// Files with public keys, PEM, relative to the pipeline file.
  package var keys: [String]
  /// So many different keys must have signed.
  package var threshold: Int
  /// The builder's id, as attestations state it.
  package var builder: String?
  /// The repository, such as `git+https://git.example.com/shop`.
  package var source: String?
  /// The predicate type; SLSA provenance 1 or 0.2 when nil.
  package var predicate: String?

  package init(
    keys: [String], threshold: Int = 1, builder: String? = nil, source: String? = nil, predicate: String? = nil
  ) {
    self.keys = keys
    self.threshold = threshold
    self.builder = builder
    self.source = source
    self.predicate = predicate
  }
}
