import Foundation
import SlipwayModel
import Testing

@Suite("The phases after a deployment: timers and findings")
struct AftercareStateTests {
  private static let start = Timestamp(milliseconds: 1_800_000_000_000)

  private static func order(_ spec: AftercareSpec = .standard) -> AftercareOrder {
    AftercareOrder(
      run: "r1", project: "shop", environment: "production", release: "1.1", slot: .b, since: start, spec: spec,
      baseline: nil)
  }

  /// Looks at whatever is due at `now`; every check says `verdict`.
  private static func look(
    _ state: inout AftercareState, at now: Timestamp, _ verdict: (AftercareCheck) -> AftercareVerdict = { _ in .passed }
  ) {
    let due = state.due(at: now)
    guard !due.isEmpty else { return }
    let outcomes = due.flatMap { one in
      state.order.spec[one.phase].checks.map { AftercareOutcome(one.phase, $0.name, verdict($0), "said") }
    }
    state.apply(.looked(AftercareLook(phases: due, outcomes: outcomes), next: nil), at: now)
  }

  /// Lets time run from look to look.
  private static func goOn(
    _ state: inout AftercareState, until end: Timestamp? = nil,
    _ verdict: (AftercareCheck, Timestamp) -> AftercareVerdict = { _, _ in .passed }
  ) {
    while let next = state.next, next <= end ?? next { look(&state, at: next) { verdict($0, next) } }
  }

  @Test("E14: looks come on a grid that hangs on the beginning, the last one at the very end of each phase")
  func grid() {
    var state = AftercareState(Self.order())
    #expect(state.next == Self.start)
    Self.goOn(&state)
    #expect(state.phases[.alive]?.looks == 11)
    #expect(state.phases[.healthy]?.looks == 25)
    #expect(state.phases[.lasting]?.looks == 141)
    #expect(state.lastLook == Self.start + .hours(24))
    #expect(AftercarePhase.allCases.map { state.result(of: $0) } == [.passed, .passed, .passed])
  }

  @Test("F1: whoever comes late looks once at each phase that was missed")
  func late() {
    var state = AftercareState(Self.order())
    Self.look(&state, at: Self.start)
    Self.look(&state, at: Self.start + .hours(5))
    #expect(AftercarePhase.allCases.map { state.phases[$0]?.looks } == [2, 1, 1])
    #expect(state.phases[.alive]?.next == nil && state.phases[.healthy]?.next == nil)
    #expect(state.phases[.alive]?.late == 1)
    #expect(state.next == Self.start + .hours(5) + .minutes(10))
    Self.look(&state, at: Self.start + .hours(500))
    #expect(state.next == nil)
    #expect(state.looks == 3)
  }

  @Test("whatever the clock does, looks are never nearer than an interval and never farther, and it ends")
  func anyClock() {
    var random = SplitMix64(seed: 77)
    for _ in 0..<300 {
      var state = AftercareState(Self.order())
      var now = Self.start
      var looks = 0
      for _ in 0..<60 {
        let jump = Int64.random(in: -5_000...20_000, using: &random)
        now = now + .seconds(jump)
        let before = state.looks
        Self.look(&state, at: now)
        Self.look(&state, at: now)
        looks += 1
        #expect(state.looks - before <= 1, "one moment is looked at once")
        guard let next = state.next else { break }
        let every = AftercarePhase.allCases.map { state.order.spec[$0].every }.max() ?? .zero
        if state.phases.values.allSatisfy({ $0.looks > 0 || $0.next == nil }) { #expect(next - now <= every) }
      }
      #expect(state.looks <= looks)
      Self.look(&state, at: Self.start + .hours(1_000))
      #expect(state.next == nil)
    }
  }

  @Test("E14: a finding takes its patience, is one however long it lasts, and ends by as many good looks")
  func finding() {
    var state = AftercareState(Self.order())
    let bad = (Self.start + .minutes(10))...(Self.start + .minutes(14))
    Self.goOn(&state) { check, now in
      check.name == "error-rate" && bad.contains(now) && now < Self.start + .minutes(30) ? .failed : .passed
    }
    #expect(state.findings.count == 1)
    let finding = state.findings[0]
    #expect(finding.check == "error-rate" && finding.consequence == .askRollback)
    #expect(finding.began == Self.start + .minutes(11))
    #expect(finding.ended == Self.start + .minutes(16))
    #expect(state.result(of: .healthy) == .recovered)
    #expect(state.untold == ([0], [0]) as ([Int], [Int]))
    state.apply(.told(began: [0], ended: [0]), at: Self.start)
    #expect(state.untold == ([], []) as ([Int], [Int]))
  }

  @Test("going back and forth is no news each time")
  func flapping() {
    var state = AftercareState(Self.order())
    var turn = 0
    Self.goOn(&state, until: Self.start + .minutes(29)) { check, _ in
      guard check.name == "readiness" else { return .passed }
      turn += 1
      return turn % 2 == 0 ? .failed : .passed
    }
    #expect(state.findings.isEmpty)
  }

  @Test("what cannot be asked is told after three looks, never as a question to go back, and is no success")
  func unreadable() {
    var state = AftercareState(Self.order())
    Self.goOn(&state) { check, _ in check.name == "error-rate" ? .error : .passed }
    #expect(state.findings.map(\.check) == ["error-rate"])
    #expect(state.findings[0].consequence == .alert)
    #expect(state.findings[0].began == Self.start + .minutes(8))
    #expect(state.result(of: .healthy) == .failed)
  }

  @Test(
    "E14: no data is never success, and neither is a phase in which nothing applies",
    arguments: [
      AftercareVerdict.undecided, .skipped,
    ])
  func noData(_ verdict: AftercareVerdict) {
    var state = AftercareState(Self.order())
    Self.goOn(&state) { _, _ in verdict }
    #expect(AftercarePhase.allCases.allSatisfy { state.result(of: $0) == .unproved })
  }

  @Test("a release that was replaced proves nothing more")
  func superseded() {
    var state = AftercareState(Self.order())
    Self.goOn(&state, until: Self.start + .minutes(12))
    state.apply(.ending(.superseded(by: "release 1.2")), at: Self.start + .minutes(13))
    #expect(AftercarePhase.allCases.map { state.result(of: $0) } == [.passed, .superseded, .superseded])
    #expect(state.next == nil)
  }

  @Test("events and spec come out of their encoding as they went in")
  func coding() throws {
    let order = Self.order()
    let look = AftercareLook(
      phases: [AftercareLook.PhaseLook(phase: .alive, due: Self.start, next: nil)],
      outcomes: [AftercareOutcome(.alive, "figure", .failed, "3", value: 3)],
      sample: CounterSample(at: Self.start, source: "s", slots: [.a: SlotCounters(requests: 1)]), gauges: ["m": 1.5],
      figures: ["orders": 2])
    let events: [AftercareEvent] = [
      .opened(order), .looked(look, next: Self.start), .told(began: [1], ended: []), .ending(.completed),
      .ending(.superseded(by: "x")), .closed(folder: "f", manifest: Digest(of: Data([1, 2]))),
    ]
    for event in events {
      #expect(try CanonicalJSON.decode(AftercareEvent.self, from: CanonicalJSON.encode(event)) == event)
    }
  }
}
