/// Who somebody was proven to be at one moment, and how; what of the proof can be kept is kept.
package struct Identity: Codable, Sendable, Equatable {
  package enum Kind: String, Codable, Sendable, CaseIterable {
    /// A signed ID token of the configured provider.
    case oidc
    /// A signature by a key of the allowed-signers file.
    case ssh
    /// The user of the operating system who handed the word in.
    case local
    /// A name that nobody checked.
    case claimed
  }

  package var person: Person
  package var kind: Kind
  /// Groups and teams as the provider states them; nobody else states any.
  package var groups: [String]
  package var teams: [String]
  /// Whether a second factor was proven.
  package var mfa: Bool
  /// When the person proved it: the sign-in of a token, the check of a signature.
  package var provenAt: Timestamp
  /// Issuer of the token, or fingerprint of the key.
  package var authority: String?
  /// What lets the proof be found or checked again: SHA-256 of the token, or the armored signature itself.
  package var proof: String?

  package init(
    person: Person, kind: Kind, groups: [String] = [], teams: [String] = [], mfa: Bool = false, provenAt: Timestamp,
    authority: String? = nil, proof: String? = nil
  ) {
    self.person = person
    self.kind = kind
    self.groups = groups
    self.teams = teams
    self.mfa = mfa
    self.provenAt = provenAt
    self.authority = authority
    self.proof = proof
  }
}

/// What a person hands in to prove who they are.
package enum Credential: Codable, Sendable, Equatable {
  case local
  case claimed
  /// An ID token in compact form; it is checked and forgotten, only its digest is kept.
  case oidc(token: String)
  /// An armored signature over the statement of the word, under the name that the allowed-signers file knows.
  case ssh(signature: String)
}
