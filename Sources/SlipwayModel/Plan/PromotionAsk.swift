/// What a promotion is asked for beside release and environment.
package struct PromotionAsk: Codable, Sendable, Equatable {
  /// The way around a rule that the file opens.
  package var exception: PromotionException?
  /// What was done about the reason for which the release was turned down.
  package var resubmission: String?
  /// Why the promotion may begin in discouraged hours.
  package var despiteHours: String?
  /// What was chosen beside what the file says.
  package var terms: PromotionTerms

  package init(
    exception: PromotionException? = nil, resubmission: String? = nil, despiteHours: String? = nil,
    terms: PromotionTerms = PromotionTerms()
  ) {
    self.terms = terms
    self.exception = exception
    self.resubmission = resubmission
    self.despiteHours = despiteHours
  }
}

/// A release that was turned down and put back into the pipeline.
package struct Rejection: Codable, Sendable, Equatable {
  package var run: RunID
  package var to: EnvironmentName
  package var by: Person
  package var reason: String

  package init(run: RunID, to: EnvironmentName, by: Person, reason: String) {
    self.run = run
    self.to = to
    self.by = by
    self.reason = reason
  }
}

/// A new attempt with a release that was turned down before: the earlier run, and what was done about it.
package struct Resubmission: Codable, Sendable, Equatable {
  package var rejection: Rejection
  package var note: String

  package init(rejection: Rejection, note: String) {
    self.rejection = rejection
    self.note = note
  }
}
