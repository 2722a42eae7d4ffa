/// What checking an evidence folder has found, check by check.
package struct EvidenceReport: Codable, Sendable, Equatable {
  /// What is wrong, for programs to branch on.
  package enum Problem: String, Codable, Sendable {
    case missing, changed, extra, malformed, unreadable
    case badSignature = "bad_signature"
    case wrongSubject = "wrong_subject"
    case unknownKey = "unknown_key"
    case notAFile = "not_a_file"
    case tooLarge = "too_large"
  }

  /// One thing that was looked at.
  package struct Check: Codable, Sendable, Equatable {
    /// What was looked at: a file's name, or `manifest signature` and the like.
    package let subject: String
    /// Nil when it is as it should be.
    package let problem: Problem?
    /// The same for a person, with what to make of it.
    package let detail: String

    package var passed: Bool { problem == nil }
  }

  package let folder: String
  /// The run that the manifest names; nil when it could not be read.
  package let run: String?
  /// The id of the key that the signatures were checked with.
  package let keyID: String?
  /// Whether the key came from the caller; a key from the folder itself proves only that the folder is whole.
  package let isKeyTrusted: Bool
  package let checks: [Check]

  /// Whether every check passed.
  package var passed: Bool { !checks.isEmpty && problems.isEmpty }

  /// The checks that failed.
  package var problems: [Check] { checks.filter { !$0.passed } }

  /// The report for a terminal: a line per check, a verdict at the end. Names from the folder hold no control characters.
  package var lines: [String] {
    let body = checks.map {
      "\($0.passed ? "ok  " : "FAIL")  \(Self.printable($0.subject)): \(Self.printable($0.detail))"
    }
    guard passed else {
      return body + ["FAILED: \(problems.count) of \(checks.count) checks; do not rely on \(folder)"]
    }
    let key = "signed by key \(keyID ?? "?")"
    let trust = isKeyTrusted ? "the trusted key" : "from the folder itself: compare it with the one you know"
    return body + ["verified: run \(Self.printable(run ?? "?")), \(key) (\(trust))"]
  }

  private static func printable(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
  }
}
