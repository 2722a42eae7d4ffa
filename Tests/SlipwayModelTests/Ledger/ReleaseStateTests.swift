import Foundation
import SlipwayModel
import Testing

@Suite("Ledger: where a release stands")
struct ReleaseStateTests {
  private let environments = [Sample.environment("staging"), Sample.environment("production", protected: true)]

  private func state(_ events: [LedgerEvent], of release: Release = Sample.new) -> String {
    var ledger = Ledger()
    for event in [.releaseAdded(release)] + events { ledger.apply(event, at: .start) }
    return ledger.state(of: release, through: environments)
  }

  private func serves(_ environment: EnvironmentName, _ release: Release = Sample.new) -> LedgerEvent {
    .environmentServes(environment, Placement(slot: .a, release: release, run: "r", since: .start))
  }

  @Test("A1: the state is what the journal says: registered, verified in staging, deployed in production")
  func way() {
    #expect(state([]) == "REGISTERED")
    #expect(state([serves("staging")]) == "STAGING_VERIFIED")
    #expect(state([serves("staging"), serves("production")]) == "PRODUCTION_DEPLOYED")
    #expect(state([serves("staging"), serves("staging", Sample.old)]) == "STAGING_LEFT")
  }

  @Test("A1, A6: what was taken away, turned down or put in quarantine says so")
  func back() {
    let rejection = Rejection(run: "r", to: "production", by: "bob", reason: "slow")
    #expect(state([serves("staging"), .verificationFailed("staging", "1.1", reason: "503")]) == "STAGING_REVOKED")
    #expect(state([serves("staging"), .releaseRejected("1.1", rejection)]) == "REJECTED")
    #expect(
      state([serves("staging"), .releaseRejected("1.1", rejection), .releaseResubmitted("1.1", note: "n")])
        == "STAGING_VERIFIED")
    #expect(state([serves("staging"), .releaseQuarantined("1.1", reason: "leaks")]) == "QUARANTINED")
  }

  @Test("A1: promotion into production starts only from STAGING_VERIFIED")
  func gate() throws {
    var ledger = Sample.ledger()
    let plan = try Sample.plan(Sample.spec(gates: [.verified(in: "staging")]))
    func verdict() -> Verdict? {
      GateJudge(plan: plan, ledger: ledger, surroundings: Surroundings()).judge(.verified(in: "staging"), at: .start)?
        .verdict
    }
    #expect(ledger.state(of: Sample.new, through: environments) == "REGISTERED")
    #expect(verdict() == .failed)
    ledger.apply(serves("staging"), at: .start)
    #expect(ledger.state(of: Sample.new, through: environments) == "STAGING_VERIFIED")
    #expect(verdict() == .passed)
  }
}
