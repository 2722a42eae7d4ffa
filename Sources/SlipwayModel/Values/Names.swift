/// A name that must not be mixed up with another kind of name, spelled as users type it.
///
/// Conforming types are one-field wrappers; they encode as a bare string and sort as text.
package protocol Name: Codable, Hashable, Sendable, Comparable, CustomStringConvertible, ExpressibleByStringLiteral {
  /// The text as written by the user.
  var text: String { get }

  /// Wraps `text` unchecked; whoever reads user input validates it first.
  init(_ text: String)
}

extension Name {
  package init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode(String.self))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }

  package init(stringLiteral value: String) { self.init(value) }
  package var description: String { text }
  package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

/// An environment of the pipeline, such as `staging`.
package struct EnvironmentName: Name {
  package let text: String
  package init(_ text: String) { self.text = text }
}

/// A release as the team calls it, such as `1.4.2`.
package struct ReleaseID: Name {
  package let text: String
  package init(_ text: String) { self.text = text }
}

/// One attempt to change one environment; run ids sort by the time they were made.
package struct RunID: Name {
  package let text: String
  package init(_ text: String) { self.text = text }

  /// Makes the id for a run requested at `time`: `YYYYMMDD-HHMMSSmmm-` and four characters of `randomness`.
  package init(at time: Timestamp, randomness: UInt32) {
    let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
    var rest = randomness
    var suffix = ""
    for _ in 0..<4 {
      suffix.append(alphabet[Int(rest % 32)])
      rest /= 32
    }
    self.init("\(time.compactUTC)-\(suffix)")
  }
}

/// A step of a plan, unique in the plan, such as `shift-10`.
package struct StepID: Name {
  package let text: String
  package init(_ text: String) { self.text = text }
}

/// A role that people hold, such as `release-manager`.
package struct RoleName: Name {
  package let text: String
  package init(_ text: String) { self.text = text }
}

/// A person as the identity source names them.
package struct Person: Name {
  package let text: String
  package init(_ text: String) { self.text = text }
}
