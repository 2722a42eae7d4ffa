import Foundation
import SlipwayModel
import Testing

/// What people can say at any moment.
enum Say: String, CaseIterable {
  case abort, rollBack, hold, pause, reject, resumed

  func event(_ run: Driver) -> Event {
    switch self {
    case .abort: .aborted(by: "ann", reason: "stop")
    case .rollBack: .rollbackAsked(by: "ann", incident: "INC-1")
    case .hold: .held(by: "ann", reason: "wait")
    case .pause: .paused(by: "ann", reason: "wait")
    case .reject: .rejected(by: "ann", reason: "no")
    case .resumed: .resumed
    }
  }
}

@Suite("Promotion: people's words in every state of a canary")
struct TurningTests {
  /// Every state that a full canary passes through, one per event, on the way forward.
  static func states(_ plan: Plan) throws -> [Driver] {
    var driver = try Driver(plan)
    var states = [driver.copy()]
    for _ in 0..<400 where !driver.promotion.isFinished {
      let ahead = driver.copy()
      let count = ahead.events.count
      if !ahead.turn() {
        if ahead.promotion.status == "awaiting_approval" { ahead.approve() }
        if let index = ahead.promotion.current { ahead.apply(.confirmed(step: index, by: "ann", note: "")) }
      }
      // Cut between intent and report too: replay all events but the last.
      if ahead.events.count == count + 2, let intent = ahead.events.dropLast().last {
        let cut = driver.copy()
        cut.apply(intent.event)
        states.append(cut)
      }
      driver = ahead
      states.append(driver.copy())
    }
    return states
  }

  private func isOver(_ driver: Driver) -> Bool { driver.promotion.outcome != nil }

  @Test(
    "abort and rollback win in every state: blue ends at 100 percent whenever traffic was begun, green is removed",
    arguments: [Say.abort, .rollBack])
  func turnsAround(say: Say) throws {
    for state in try Self.states(Sample.fullPlan()) where !isOver(state) {
      let driver = state.copy()
      // What was under way may have happened.
      if let index = driver.promotion.current, case .intended = driver.promotion.records[index].status {
        driver.happen(driver.promotion.records[index].step.action)
      }
      let touched = (driver.promotion.hasTouchedTraffic, driver.promotion.hasTouchedGreen)
      let place = driver.currentID ?? ""
      #expect(driver.apply(say.event(driver)), "\(place)")
      #expect(driver.promotion.suspension == nil)
      let outcome = try driver.finish()
      #expect(driver.share == 0, "\(place)")
      #expect(!driver.hasGreen, "\(place)")
      switch say {
      case .abort: #expect(outcome == .aborted, "\(place)")
      default: #expect(outcome == (touched.0 ? .rolledBack : .failed), "\(place)")
      }
      #expect(driver.ids.contains("rollback-shift-0") == touched.0, "\(place)")
      #expect(driver.ids.contains("rollback-destroy-green") == touched.1, "\(place)")
      if touched.0 { #expect(driver.promotion.greenPercent == 0, "\(place)") }
      #expect(!driver.apply(say.event(driver)))
    }
  }

  @Test(
    "hold and pause stop what has not begun in every state, watching goes on, and resume leads to success",
    arguments: [Say.hold, .pause])
  func suspends(say: Say) throws {
    for state in try Self.states(Sample.fullPlan()) where !isOver(state) {
      let driver = state.copy()
      let place = driver.currentID ?? ""
      if let index = driver.promotion.current, case .intended = driver.promotion.records[index].status {
        driver.happen(driver.promotion.records[index].step.action)
      }
      #expect(driver.apply(say.event(driver)), "\(place)")
      #expect(!driver.apply(say.event(driver)), "\(place): twice")
      driver.apply(.resumed)
      let begun = driver.decisions.count
      for _ in 0..<30 { driver.turn() }
      let performed = driver.decisions.dropFirst(begun).filter { if case .perform = $0 { true } else { false } }
      #expect(performed.isEmpty, "\(place): \(performed)")
      if isOver(driver) { continue }  // the last step was under way and ended
      if place.hasPrefix("watch") || place.hasPrefix("shift-50") || place.hasPrefix("shift-100") {
        #expect(
          driver.decisions.dropFirst(begun).contains { if case .measure = $0 { true } else { false } }, "\(place)")
      }
      if driver.promotion.suspension == nil { continue }
      #expect(driver.apply(.resumedBy("bob")), "\(place)")
      if driver.promotion.suspension == nil, place == "approve" { driver.approve() }
      let outcome = try driver.finish()
      #expect(outcome == .success, "\(place)")
      #expect(driver.share == 100, "\(place)")
    }
  }

  @Test("A6: reject ends a run that has touched nothing, and is refused once it has")
  func rejects() throws {
    for state in try Self.states(Sample.fullPlan()) where !isOver(state) {
      let driver = state.copy()
      let place = driver.currentID ?? ""
      let hasBegun = driver.promotion.hasBegun
      #expect(driver.apply(Say.reject.event(driver)) == !hasBegun, "\(place)")
      if !hasBegun {
        #expect(try driver.finish() == .rejected, "\(place)")
        #expect(driver.promotion.status == "rejected")
      }
    }
  }

  @Test(
    "F1: taken up again in every state, a run asks back what it had begun, repeats nothing that happened, and succeeds",
    arguments: [false, true])
  func takenUp(happened: Bool) throws {
    for state in try Self.states(Sample.fullPlan()) {
      let driver = state.copy()
      let place = driver.currentID ?? ""
      var isUnderWay = false
      if let index = driver.promotion.current, case .intended = driver.promotion.records[index].status,
        driver.promotion.records[index].step.action.hasEffect
      {
        isUnderWay = true
        if happened { driver.happen(driver.promotion.records[index].step.action) }
      }
      driver.apply(.resumed)
      #expect(driver.apply(.resumed) == false, "\(place): a second start changes nothing")
      if isUnderWay {
        guard case .readBack = driver.promotion.next(at: driver.now) else {
          Issue.record("\(place) is not asked back")
          continue
        }
      }
      let before = driver.decisions.count
      #expect(try driver.finish() == .success, "\(place)")
      let again = driver.decisions.dropFirst(before).contains {
        if case .perform(let run) = $0 { run.step.id.text == place && run.step.action.hasEffect } else { false }
      }
      if isUnderWay { #expect(again == (!happened && place != "notify"), "\(place)") }
      #expect(driver.share == 100, "\(place)")
    }
  }

  @Test("F1: taken up again in every state of going back, a run ends with blue at 100 percent")
  func takenUpGoingBack() throws {
    let driver = try Driver(Sample.plan())
    try driver.drive(to: "settle")
    driver.results["settle"] = Array(repeating: .errored("no"), count: 4)
    try driver.drive { $0.promotion.status == "rolling_back" }
    driver.happen(.shift(percent: 100, settles: true))
    #expect(driver.promotion.greenPercent == nil, "a settle that failed may have happened")
    for _ in 0..<60 where !driver.promotion.isFinished {
      let crashed = driver.copy()
      if case .perform(let run) = driver.promotion.next(at: driver.now) {
        crashed.apply(.stepIntended(step: run.index, attempt: run.attempt, deadline: run.deadline))
      }
      crashed.apply(.resumed)
      #expect(try crashed.finish() == .rolledBack)
      #expect(crashed.share == 0)
      driver.turn()
    }
    #expect(driver.promotion.isFinished)
  }

  @Test(
    "each failing step goes back as far as it had come",
    arguments: [
      ("deploy", "failed"), ("verify-green", "failed"), ("shift-10", "rolled_back"), ("shift-50", "rolled_back"),
      ("verify-live", "rolled_back"), ("settle", "rolled_back"), ("record", "rolled_back"),
    ])
  func fails(id: String, outcome: String) throws {
    let driver = try Driver(Sample.plan())
    driver.results[StepID(id)] = [.failed("no")]
    #expect(try driver.finish().rawValue == outcome)
    #expect(driver.promotion.cause?.kind == .failedStep)
    #expect(driver.share == 0 && !driver.hasGreen)
  }

  @Test("a success whose evidence cannot be written can still be taken back, but not aborted")
  func evidenceMissing() throws {
    let driver = try Driver(Sample.plan())
    driver.evidenceFailures = 5
    try driver.drive(to: "notify")
    try driver.drive { $0.promotion.evidenceAttempts == 2 }
    #expect(!driver.apply(.aborted(by: "ann", reason: "late")))
    #expect(driver.apply(.rollbackAsked(by: "ann", incident: "INC-9")))
    guard case .perform(let run) = driver.promotion.next(at: driver.now) else { Issue.record("no way back"); return }
    #expect(run.step.id == "rollback-shift-0")
    #expect(try driver.finish() == .rolledBack)
    #expect(driver.share == 0)
  }
}
