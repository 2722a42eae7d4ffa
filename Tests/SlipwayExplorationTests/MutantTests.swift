import SlipwayModel
import Testing

@Suite("Mutants of the machine")
struct MutantTests {
  @Test("the exploration finds the fault", arguments: Mutant.allCases.filter { $0.room == .machine })
  func hunt(_ mutant: Mutant) throws {
    let setting = mutant.ground
    let result = Mutant.$active.withValue(mutant) {
      var explorer = Explorer(setting)
      return explorer.run()
    }
    let finding = try #require(result.finding, "'\(mutant.rawValue)' survived \(setting.name): a rule is missing")
    print("mutant \(mutant.rawValue), caught in \(setting) after \(result.states) states: \(finding)")
  }

  @Test("there are at least 25 faults in rules, each in one of the two rooms")
  func count() {
    #expect(Mutant.allCases.count >= 25)
    #expect(Mutant.allCases.count { $0.room == .machine } >= 22)
  }
}

extension Mutant {
  /// The smallest setting in which the broken rule has a say.
  fileprivate var ground: Setting {
    switch self {
    case .secondRunOnEnvironment: .rivals
    case .waitingGatePasses, .undecidedGatePasses, .skipRecheck, .resumeWithoutRecheck, .approveWithoutQuorum,
      .countPersonTwice, .requesterApproves, .approveAnotherPlan, .ageless, .believeAnyProof, .forgetSecondFactor:
      .approval
    case .judgeGatesAtOnce, .ignoreExpiry: .gates
    case .resumeInFreeze: .frozen
    case .forgetHandedOut, .believeConfirmation: .byPeople
    case .forgetToWatch, .standOnUnknownShare: .canary
    case .migrateWithoutSnapshot, .restoreBeforeTraffic, .repeatRestore, .rolledBackWithoutData: .restorable
    case .restoreIrreversible, .turnPastReturn: .irreversible
    case .waitForClock: .blueGreen
    case .cutFirst: .drained
    default: .plain
    }
  }
}
