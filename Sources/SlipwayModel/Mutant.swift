/// A deliberate fault in one rule of safety, switched on by tests alone, to show that the exploration or the simulation would find it.
///
/// A rule asks ``isActive`` at the place where the fault would sit. A release build has no faults: there the answer is a constant.
package enum Mutant: String, CaseIterable, Sendable {
  // The machine
  case forgetReadBack = "forget-read-back"
  case secondRunOnEnvironment = "second-run-on-environment"

  #if DEBUG
    /// The fault that is switched on for the current task and all that it starts.
    @TaskLocal package static var active: Mutant?
  #endif

  /// Whether this fault is switched on.
  @inline(__always)
  package var isActive: Bool {
    #if DEBUG
      Mutant.active == self
    #else
      false
    #endif
  }
}
