/// How the stake is spread over the times at which trouble can begin (F5): most at the start, the rest over the minutes that follow, so that a
/// worsening that begins late is caught as well.
package struct StartWeights: Sendable {
  private static let start = 0.7
  private static let later = 0.25
  private static let extended = 0.05
  /// Minutes that the run is planned to be watched, at least 1.
  private let planned: Int

  package init(plannedMinutes: Int) { planned = max(1, plannedMinutes) }

  /// The weight that minute `minute` (from 0) brings.
  package func weight(of minute: Int) -> Double {
    if minute == 0 { return planned == 1 ? Self.start + Self.later : Self.start }
    if minute < planned { return Self.later / Double(planned - 1) }
    let extension_ = Double(minute - planned + 1)
    return Self.extended / (extension_ * (extension_ + 1))
  }

  /// The weight of all minutes after `last` up to `minute`.
  package func weight(after last: Int, through minute: Int) -> Double {
    guard minute > last else { return 0 }
    var sum = 0.0
    for one in (last + 1)...minute where one < planned { sum += weight(of: one) }
    // What the minutes beyond the plan bring adds up to a difference, so that a long gap costs no loop.
    let (from, to) = (max(last, planned - 1), minute)
    if to > from {
      sum += Self.extended * (1 / Double(from - planned + 2) - 1 / Double(to - planned + 2))
    }
    return sum
  }
}
