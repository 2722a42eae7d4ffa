/// How often limits may be crossed before something follows, as Argo Rollouts and Flagger count it.
///
/// One measurement is made at the end of each interval, of that interval alone. Failures are counted over the whole watch and never forgiven.
package struct FailureLimits: Codable, Sendable, Equatable {
  /// More measurements than this beyond a roll-back limit take traffic back. Flagger's `threshold` is this and one more.
  package var failureLimit: Int
  /// More measurements than this beyond a pause limit ask a person.
  package var inconclusiveLimit: Int
  /// More measurements than this in a row without figures, and the watch cannot decide.
  package var consecutiveErrorLimit: Int
  /// Time between two measurements, and what each looks at.
  package var interval: Span

  package init(
    failureLimit: Int = 0, inconclusiveLimit: Int = 0, consecutiveErrorLimit: Int = 4, interval: Span = .minutes(1)
  ) {
    self.failureLimit = failureLimit
    self.inconclusiveLimit = inconclusiveLimit
    self.consecutiveErrorLimit = consecutiveErrorLimit
    self.interval = interval
  }
}
