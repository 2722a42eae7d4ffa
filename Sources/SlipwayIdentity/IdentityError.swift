/// Why somebody was not proven to be who they say.
package struct IdentityError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was wrong, to branch on.
  package enum Code: String, Sendable, CaseIterable {
    /// The pipeline file does not accept this kind of proof.
    case notAccepted
    /// What was handed in is no token or no signature at all.
    case malformed
    case tooLarge
    /// The token's algorithm proves nothing (`none`, HMAC) or is not known.
    case algorithm
    /// The provider has no key of the token's name.
    case unknownKey
    /// The signature is of another key or of other content.
    case badSignature
    case wrongIssuer
    case wrongAudience
    case expired
    case notYetValid
    /// The clock here is behind the token's issue time.
    case clockBehind
    /// The token was made for another word, run or plan.
    case wrongNonce
    /// The sign-in lies longer back than the pipeline file allows.
    case signInTooOld
    case wrongPerson
    case unverifiedEmail
    case providerUnreachable
    /// The provider's answer made no sense.
    case providerGarbage
    /// The pipeline file, a secret or a program is not as it must be.
    case misconfigured
    /// The person, or the provider on their behalf, said no.
    case denied
    /// The answer of a sign-in belongs to another one.
    case wrongState
    case timedOut
    case wrongNamespace
    /// The allowed-signers file does not let the key speak for the person.
    case unknownSigner
    /// The key was allowed once, or will be.
    case signerNotValid
    /// The key could not be used to sign.
    case notSigned
  }

  package let code: Code
  /// What, why, and what to do next; holds neither a token nor a secret.
  package let message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { message }
}

extension String {
  /// Text from outside for a message: one line, no control characters, not long.
  var shown: String { shown(100) }

  func shown(_ limit: Int) -> String {
    let plain = String(
      String.UnicodeScalarView(unicodeScalars.filter { ![.control, .format].contains($0.properties.generalCategory) }))
    return plain.count > limit ? plain.prefix(limit) + "…" : plain
  }

  /// Whether the bytes are the same; `==` holds different spellings of one letter to be equal.
  func isExactly(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
