/// Settings of the sequential judge.
package struct SequentialSpec: Codable, Sendable, Equatable {
  /// How much of the time after a change of weights is left out of comparisons; nil: a fifth of the watch, at most a minute.
  package var warmUp: Span?
  /// What follows when it is proved that the candidate fails more requests than what serves now, by however little (T3).
  ///
  /// Nil until the environment is known: a person is asked where it is protected, and where nobody watches over it the release goes back.
  package var onWorse: WorsePolicy?
  /// How often at most a release that is no worse may be taken back, all roll-back limits of a run together, when there are up to four; pauses
  /// have one and a half times as much.
  package var errorBudget: Double
  /// How much more than by chance errors come in clumps (F6); nil: measured on what served in the hours before.
  package var dispersion: Double?
  /// What follows when the candidate gets clearly less traffic than its share (T9).
  package var onAvoided: AvoidedPolicy

  package init(
    warmUp: Span? = nil, onWorse: WorsePolicy? = nil, errorBudget: Double = 0.02, dispersion: Double? = nil,
    onAvoided: AvoidedPolicy = .pause
  ) {
    self.warmUp = warmUp
    self.onWorse = onWorse
    self.errorBudget = errorBudget
    self.dispersion = dispersion
    self.onAvoided = onAvoided
  }
}

extension JudgeSpec {
  /// The same judge with what depends on the environment's protection filled in.
  package func settled(isProtected: Bool) -> JudgeSpec {
    guard case .sequential(var spec) = self, spec.onWorse == nil else { return self }
    spec.onWorse = isProtected ? .pause : .rollBack
    return .sequential(spec)
  }
}

/// What follows when the candidate is proved to be worse by however little.
package enum WorsePolicy: String, Codable, Sendable, CaseIterable {
  /// A person is asked.
  case pause
  case rollBack = "roll-back"
  /// It is said beside the verdict and changes nothing.
  case warn
  /// It is not tested.
  case off
}

/// What follows when the candidate gets clearly less traffic than its share.
package enum AvoidedPolicy: String, Codable, Sendable, CaseIterable {
  /// A person is asked.
  case pause
  /// It is said beside the verdict and changes nothing.
  case warn
  /// It is not tested.
  case off
}
