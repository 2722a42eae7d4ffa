/// A run that is not over, as far as another one on the same environment has to know.
package struct OpenRun: Sendable, Equatable {
  package var run: RunID
  package var environment: EnvironmentName
  /// The status word of the interface.
  package var status: String

  package init(run: RunID, environment: EnvironmentName, status: String) {
    self.run = run
    self.environment = environment
    self.status = status
  }
}

extension Plan {
  /// Why no run of this plan may begin beside the runs that are open; nil when it may. An environment has one open run at most.
  package func refusal(besides open: [OpenRun]) -> String? {
    if Mutant.secondRunOnEnvironment.isActive { return nil }
    return open.first { $0.environment == to }.map {
      "run \($0.run) is open on \(to) (\($0.status)); one promotion per environment: wait for it or abort it"
    }
  }
}
