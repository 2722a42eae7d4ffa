package import SlipwayModel

/// When a crashed process is started again.
package struct RestartPolicy: Sendable, Equatable {
  /// The wait after the first crash; each further crash in a row doubles it.
  package var first: Span
  package var longest: Span
  /// A process that lived this long begins a new row.
  package var steadyAfter: Span

  package init(first: Span = .milliseconds(200), longest: Span = .seconds(10), steadyAfter: Span = .seconds(60)) {
    self.first = first
    self.longest = longest
    self.steadyAfter = steadyAfter
  }

  /// The wait before the start that follows `crashes` in a row; none before the first.
  package func delay(after crashes: Int) -> Span {
    guard crashes > 0 else { return .zero }
    var delay = first.milliseconds
    for _ in 1..<min(max(crashes, 1), 40) where delay < longest.milliseconds { delay *= 2 }
    return .milliseconds(min(delay, longest.milliseconds))
  }

  /// The length of the row when a process crashes that had lived for `age`.
  package func row(before: Int, age: Span) -> Int { age >= steadyAfter ? 1 : before + 1 }
}
