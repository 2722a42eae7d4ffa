/// The document that a person decides from: what would change, what was proved, what it risks, how it is taken back, and the very words to answer with (A4).
///
/// A projection of the journal: the same run, ledger and history give the same document. It is bound to the plan's digest (F3), so an answer to another
/// plan does not count. In JSON its keys `title`, `summary`, `timeline`, `blocker` and `options` have the shape that requirement A4 asks for.
package struct ApprovalRequest: Codable, Sendable, Equatable {
  package var title: String
  package var summary: String
  package var timeline: [Moment]
  package var blocker: Blocker
  package var options: [Option]

  package var run: RunID
  package var project: String
  package var release: ReleaseID
  package var from: EnvironmentName?
  package var to: EnvironmentName
  package var requester: Person
  package var requestedAt: Timestamp
  package var planDigest: Digest
  /// The instant of which the document speaks.
  package var madeAt: Timestamp
  /// How many entries of the run's journal it was made from; of two documents about a run the one with more is the newer.
  package var revision: Int64
  /// The run's status word.
  package var status: String
  /// What speaks against a yes, or for a second look, the weightiest first; empty when nothing does.
  package var concerns: [String]
  package var change: RequestChange
  package var staging: Staging?
  package var gates: [Gate]
  package var findings: [RequestFinding]
  package var stability: RequestStability
  package var timing: RequestTiming
  package var rollout: RequestRollout
  package var rollback: RequestRollback
  package var agreement: Agreement
  package var rejections: [Rejection]

  /// Something that happened on the way here.
  package struct Moment: Codable, Sendable, Equatable {
    package var date: Timestamp
    package var event: String
    /// Who did it: a person, or `slipway`.
    package var agent: String
  }

  /// Why it does not go on by itself.
  package struct Blocker: Codable, Sendable, Equatable {
    package var description: String
    package var rootCause: String
    package var impact: String
    package var severity: Severity
  }

  /// One possible answer.
  package struct Option: Codable, Sendable, Equatable {
    package var label: String
    package var description: String
    /// The exact text that answers in the team's chat (A5).
    package var slackReply: String
    /// The same answer on the command line.
    package var command: String
  }

  /// What the release showed in the environment it comes from.
  package struct Staging: Codable, Sendable, Equatable {
    package var environment: EnvironmentName
    /// When this very artifact was verified there; nil when it never was.
    package var verifiedSince: Timestamp?
    /// How long it has stayed there without a break, at most.
    package var soaked: Span?
    package var servesNow: Bool
  }

  /// A gate's verdict with what it rests on.
  package struct Gate: Codable, Sendable, Equatable {
    package var name: String
    /// `passed`, `failed`, `waiting`, `undecided`, `error`, or `pending` where nobody has looked yet.
    package var verdict: String
    package var reason: String
    package var remedy: String?
    package var warnings: [String]
    package var proof: [Proof]
  }

  /// Who has to agree, who has, and who is missing.
  package struct Agreement: Codable, Sendable, Equatable {
    package var rules: [Rule]
    package var given: [Given]
    /// In words; empty when everybody has agreed.
    package var missing: [String]
    /// Whether the person who asked may agree too.
    package var ownRequest: Bool

    package struct Rule: Codable, Sendable, Equatable {
      package var role: RoleName
      package var count: Int
      /// Who holds the role and may still be asked, as the pipeline file says.
      package var people: [Person]
    }

    package struct Given: Codable, Sendable, Equatable {
      package var person: Person
      package var roles: [RoleName]
      package var at: Timestamp
      package var comment: String?
    }
  }

  /// An earlier attempt with this release that people turned down.
  package struct Rejection: Codable, Sendable, Equatable {
    package var run: RunID
    package var at: Timestamp
    package var by: String
    package var reason: String
  }
}
