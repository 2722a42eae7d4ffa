package import SlipwayModel

/// What somebody hands in: the only way anything but a step changes the journal.
package struct Submission: Codable, Sendable, Equatable {
  /// Unique; a repeat is answered like the first and changes nothing.
  package var id: String
  package var by: Person
  /// What proves that `by` hands it in.
  package var credential: Credential
  package var content: Content

  package init(id: String, by: Person, credential: Credential = .local, content: Content) {
    self.id = id
    self.by = by
    self.credential = credential
    self.content = content
  }

  package enum Content: Codable, Sendable, Equatable {
    case ledger(LedgerEvent)
    case promote(ReleaseID, to: EnvironmentName, asking: PromotionAsk = PromotionAsk())
    case rollback(EnvironmentName, to: ReleaseID?, incident: String)
    case decide(RunID, Decision)
  }

  /// A person's word on a run.
  package enum Decision: Codable, Sendable, Equatable {
    case approve(plan: Digest?, comment: String?)
    case hold(reason: String)
    case resume
    case reject(reason: String)
    case revoke(reason: String)
    case pause(reason: String)
    case abort(reason: String)
    case confirm(step: String, note: String)
  }
}

/// The answer to a submission.
package struct Reply: Codable, Sendable, Equatable {
  package var accepted: Bool
  /// The run that was begun or concerned.
  package var run: RunID?
  package var message: String
  package var code: EngineError.Code?

  package init(accepted: Bool, run: RunID? = nil, message: String, code: EngineError.Code? = nil) {
    self.accepted = accepted
    self.run = run
    self.message = message
    self.code = code
  }

  package init(refusing error: EngineError) {
    self.init(accepted: false, message: error.message, code: error.code)
  }
}
