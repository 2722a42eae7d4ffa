/// Who says from the counters whether the candidate is worse.
package enum JudgeSpec: Codable, Sendable, Equatable {
  /// Tests that may be looked at any moment, with a proved bound on false alarms (canary-analysis, section 6).
  case sequential(SequentialSpec)
  /// The figures of the newest window against the limits, as they stand.
  case thresholds
  /// The same limits, one measurement an interval, with so many that may be beyond them.
  case limitedThresholds(FailureLimits)
  /// As Spinnaker's Kayenta compares; no data and errors are never a pass here.
  case kayenta(KayentaSpec)
  /// As Keptn scores service level objectives; no data and errors are never a pass here.
  case keptn(KeptnSpec)

  /// Whether every reading since the watch began is needed, not only the newest window.
  package var needsWholeWatch: Bool {
    switch self {
    case .sequential, .thresholds: false
    case .limitedThresholds, .kayenta, .keptn: true
    }
  }
}
