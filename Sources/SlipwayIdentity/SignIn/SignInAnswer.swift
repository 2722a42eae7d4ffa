internal import Foundation

/// What the browser brought back from the provider (RFC 6749, section 4.1.2; RFC 9207).
enum SignInAnswer {
  /// Reads the target of a request; knows what an answer to this sign-in must have in it.
  struct Reader: Sendable {
    let state: String
    let issuer: String
    let mustNameIssuer: Bool

    /// The code, or why there is none; nil for a request that is no answer, such as one for an icon.
    func read(_ target: String) -> Result<String, IdentityError>? {
      guard let parts = URLComponents(string: "http://127.0.0.1" + target), parts.path == "/callback" else {
        return nil
      }
      var fields: [String: String] = [:]
      for item in (parts.percentEncodedQuery ?? "").split(separator: "&") {
        let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
          $0.replacing("+", with: "%20").removingPercentEncoding ?? ""
        }
        guard let name = pair.first, fields.updateValue(pair.count > 1 ? pair[1] : "", forKey: name) == nil else {
          return .failure(IdentityError(.providerGarbage, "the provider's answer has a field twice; sign in again"))
        }
      }
      return read(fields)
    }

    private func read(_ fields: [String: String]) -> Result<String, IdentityError> {
      // The state first: without it nothing says that the rest is the provider's.
      guard let found = fields["state"], found.isExactly(state) else {
        return .failure(
          IdentityError(
            .wrongState,
            "an answer came that belongs to another sign-in, or to none ('state' is wrong): it was not used; sign in again, with "
              + "the address that was shown last"))
      }
      guard fields["iss"].map({ $0.isExactly(issuer) }) ?? !mustNameIssuer else {
        return .failure(
          IdentityError(
            .wrongIssuer,
            "the answer of the sign-in is of '\((fields["iss"] ?? "nobody").shown)', not of \(issuer.shown)"))
      }
      if let error = fields["error"] { return .failure(Self.refusal(error, fields["error_description"], issuer)) }
      guard let code = fields["code"], !code.isEmpty, code.utf8.count <= 4_096 else {
        return .failure(
          IdentityError(.providerGarbage, "the provider's answer has neither a code nor an error; sign in again"))
      }
      return .success(code)
    }

    private static func refusal(_ error: String, _ description: String?, _ issuer: String) -> IdentityError {
      let why = description.map { " (\($0.shown(200)))" } ?? ""
      if error == "access_denied" {
        return IdentityError(.denied, "the sign-in at \(issuer.shown) was denied\(why); nothing was decided")
      }
      if ["temporarily_unavailable", "server_error"].contains(error) {
        return IdentityError(.providerUnreachable, "\(issuer.shown) cannot sign in now: \(error)\(why); try again")
      }
      return IdentityError(
        .misconfigured,
        "\(issuer.shown) refuses the sign-in: \(error.shown(60))\(why); look at 'client' in 'identity: oidc:' and at the client's "
          + "settings there (public or with a secret, redirect to http://127.0.0.1 on any port)")
    }
  }
}
