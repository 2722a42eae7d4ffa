extension Mutant {
  /// Where a fault sits, and so who has to find it: the exploration those of the machine, the simulation those of the engine.
  package enum Room: Sendable {
    case machine, engine
  }

  /// The room whose rule is broken.
  package var room: Room { Self.ofTheMachine.contains(self) ? .machine : .engine }

  private static let ofTheMachine: Set<Mutant> = [
    .forgetReadBack,
    .secondRunOnEnvironment,
    .repeatWithoutAsking,
    .unclearIsDone,
    .acceptLateReport,
    .shiftBeforeVerify,
    .noDataIsHealthy,
    .undecidedIsSuccess,
    .errorIsSuccess,
    .patiencePasses,
    .watchSettlesAtOnce,
    .ignoreBreach,
    .waitingGatePasses,
    .undecidedGatePasses,
    .judgeGatesAtOnce,
    .skipRecheck,
    .resumeWithoutRecheck,
    .approveWithoutQuorum,
    .countPersonTwice,
    .requesterApproves,
    .approveAnotherPlan,
    .ignoreExpiry,
    .ageless,
    .believeAnyProof,
    .forgetSecondFactor,
    .resumeInFreeze,
    .ignoreHold,
    .forgetToWatch,
    .forgetHandedOut,
    .believeConfirmation,
    .standOnUnknownShare,
    .waitForClock,
    .rollbackWaitsForPerson,
    .rollbackSkipsTraffic,
    .giveUpGoingBack,
    .believeUnread,
    .destroyGreenFirst,
    .cutFirst,
    .destroyGreenAnyway,
    .endWithoutEvidence,
    .migrateWithoutSnapshot,
    .restoreBeforeTraffic,
    .restoreIrreversible,
    .repeatRestore,
    .rolledBackWithoutData,
    .turnPastReturn,
  ]
}
