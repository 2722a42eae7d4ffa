/// A deliberate fault in one rule of safety, switched on by tests alone, to show that the exploration or the simulation would find it.
///
/// A rule asks ``isActive`` at the place where the fault would sit. A release build has no faults: there the answer is a constant.
package enum Mutant: String, CaseIterable, Sendable {
  // The machine
  case forgetReadBack = "forget-read-back"
  case secondRunOnEnvironment = "second-run-on-environment"
  case repeatWithoutAsking = "repeat-without-asking"
  case unclearIsDone = "unclear-is-done"
  case acceptLateReport = "accept-late-report"
  case shiftBeforeVerify = "shift-before-verify"
  case noDataIsHealthy = "no-data-is-healthy"
  case undecidedIsSuccess = "undecided-is-success"
  case errorIsSuccess = "error-is-success"
  case patiencePasses = "patience-passes"
  case watchSettlesAtOnce = "watch-settles-at-once"
  case ignoreBreach = "ignore-breach"
  case waitingGatePasses = "waiting-gate-passes"
  case undecidedGatePasses = "undecided-gate-passes"
  case judgeGatesAtOnce = "judge-gates-at-once"
  case skipRecheck = "skip-recheck"
  case resumeWithoutRecheck = "resume-without-recheck"
  case approveWithoutQuorum = "approve-without-quorum"
  case countPersonTwice = "count-person-twice"
  case requesterApproves = "requester-approves"
  case approveAnotherPlan = "approve-another-plan"
  case ignoreExpiry = "ignore-expiry"
  case ageless = "ageless"
  case believeAnyProof = "believe-any-proof"
  case forgetSecondFactor = "forget-second-factor"
  case resumeInFreeze = "resume-in-freeze"
  case ignoreHold = "ignore-hold"
  case forgetToWatch = "forget-to-watch"
  case forgetHandedOut = "forget-handed-out"
  case believeConfirmation = "believe-confirmation"
  case standOnUnknownShare = "stand-on-unknown-share"
  case waitForClock = "wait-for-clock"
  case rollbackWaitsForPerson = "rollback-waits-for-person"
  case rollbackSkipsTraffic = "rollback-skips-traffic"
  case giveUpGoingBack = "give-up-going-back"
  case believeUnread = "believe-unread"
  case destroyGreenFirst = "destroy-green-first"
  case cutFirst = "cut-first"
  case destroyGreenAnyway = "destroy-green-anyway"
  case endWithoutEvidence = "end-without-evidence"
  case migrateWithoutSnapshot = "migrate-without-snapshot"
  case restoreBeforeTraffic = "restore-before-traffic"
  case restoreIrreversible = "restore-irreversible"
  case repeatRestore = "repeat-restore"
  case rolledBackWithoutData = "rolled-back-without-data"
  case turnPastReturn = "turn-past-return"

  // The engine
  /// The effect first, its intent afterwards.
  case effectBeforeIntent = "effect-before-intent"
  /// A step is called done while its effect is under way.
  case resultNotAwaited = "result-not-awaited"
  /// What a connector says is believed; the world is not asked.
  case believeAcknowledgement = "believe-acknowledgement"
  case forgetFence = "forget-fence"
  case forgetSubmissionIDs = "forget-submission-ids"
  /// Going back begins while the cancelled effect may still write.
  case cancelledNotAwaited = "cancelled-not-awaited"
  /// A look that comes back when everybody has given up is followed by a write.
  case writeWhenGivenUp = "write-when-given-up"
  case forgetDeadline = "forget-deadline"
  case ignoreDrift = "ignore-drift"
  case claimEvidence = "claim-evidence"
  case acknowledgeBeforeFlush = "acknowledge-before-flush"
  case forgetResumed = "forget-resumed"
  case ignoreClockSetBack = "ignore-clock-set-back"
  case removeWithoutAsking = "remove-without-asking"
  case openWithoutAsking = "open-without-asking"
  case anybodyRollsBack = "anybody-rolls-back"
  case dropWords = "drop-words"
  case ignoreFreezeUnderWay = "ignore-freeze-under-way"

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
