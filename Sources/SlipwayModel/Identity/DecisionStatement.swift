internal import Crypto
internal import Foundation

/// Exactly what a person says yes or no to, as a text that is signed: the word, the run, and the plan's digest (F3).
///
/// An ID token carries ``nonce``, a signature covers ``text``: neither fits another word, another run or another plan.
package struct DecisionStatement: Sendable, Equatable {
  package var word: String
  package var run: RunID
  package var plan: Digest
  /// How often approvals of the run were taken back or grew too old: a proof from before counts for nothing after that.
  package var round: Int

  /// The namespace of signatures (`ssh-keygen -Y sign -n …`).
  package static let namespace = "slipway-decision"

  package init(word: String, run: RunID, plan: Digest, round: Int = 0) {
    self.word = word
    self.run = run
    self.plan = plan
    self.round = round
  }

  /// The statement of somebody who asks for a promotion: the plan says everything, and there is no run yet.
  package static func promotion(of plan: Digest) -> DecisionStatement {
    DecisionStatement(word: "promote", run: "new", plan: plan)
  }

  /// The statement of somebody who asks to go back: there is no plan yet, so the incident stands for it.
  package static func rollback(of environment: EnvironmentName, incident: String) -> DecisionStatement {
    DecisionStatement(word: "rollback \(environment)", run: "new", plan: Digest(of: Data(incident.utf8)))
  }

  /// Three lines, and a fourth from the second round on, each ended by a line feed; what `ssh-keygen -Y sign` gets on its standard input.
  package var text: String {
    "slipway decision: \(word)\nrun: \(run)\nplan: \(plan)\n" + (round > 0 ? "round: \(round)\n" : "")
  }

  /// The `nonce` of an ID token for this statement: SHA-256 of ``text``, base64url without padding.
  package var nonce: String {
    Data(SHA256.hash(data: Data(text.utf8))).base64EncodedString()
      .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }
}
