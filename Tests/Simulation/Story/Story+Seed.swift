import SlipwayModel

extension Story {
  /// What `seed` decides.
  init(seed: UInt64) {
    var dice = Dice(seed, 1)
    self.seed = seed
    let count = 1 + dice.below(2)
    environments = (0..<count).map { EnvironmentSetting($0, &dice) }
    releases = [.good] + (0..<5).map { _ in Truth(&dice) }
    elements = []
    let calm = dice.chance(10)
    addPromotions(&dice)
    addWords(&dice)
    if calm { return }
    addTroubles(&dice)
    addCrashes(&dice)
  }

  private mutating func addPromotions(_ dice: inout Dice) {
    for place in environments.indices {
      // The first release is good, so that there mostly is a blue.
      elements.append(
        .promote(at: dice.between(0, 60_000), environment: place, release: 0, by: "carol", directly: false))
    }
    for _ in 0..<(1 + dice.below(2)) {
      let at = dice.between(600_000, Self.stormEnds * 2 / 3)
      let place = dice.below(environments.count)
      let release = 1 + dice.below(5)
      elements.append(
        .promote(at: at, environment: place, release: release, by: "carol", directly: dice.chance(30)))
      // Somebody competes for the environment.
      guard dice.chance(30) else { continue }
      elements.append(
        .promote(
          at: at + (dice.chance(50) ? 0 : dice.between(0, 400)), environment: place, release: 1 + dice.below(5),
          by: "dave", directly: true))
    }
  }

  private mutating func addWords(_ dice: inout Dice) {
    let words: [Word] = [
      .approve, .approve, .approve, .approveAnotherPlan, .hold, .resume, .reject, .pause, .abort, .abort, .confirm,
      .rollback, .rollback, .freeze, .thaw,
    ]
    for _ in 0..<dice.below(8) {
      elements.append(
        .say(
          at: dice.between(0, Self.stormEnds), environment: dice.below(environments.count), dice.pick(words),
          by: dice.pick(["ann", "ann", "bob", "carol", "dave"]), directly: dice.chance(30), again: dice.chance(20)))
    }
  }

  private mutating func addTroubles(_ dice: inout Dice) {
    for _ in 0..<dice.below(14) {
      let site = dice.pick(Site.allCases)
      // What is asked often may fail late.
      let often = [.counters, .readSplit, .crashes].contains(site)
      elements.append(
        .trouble(
          site, environment: dice.below(environments.count), call: dice.below(often ? 60 : 6), Trouble(at: site, &dice))
      )
    }
    for _ in 0..<dice.below(2) {
      let from = dice.between(0, Self.stormEnds)
      elements.append(
        .outage(
          dice.pick([.counters, .readSplit, .apply, .contents]), environment: dice.below(environments.count),
          from: from,
          to: from + dice.between(1_000, 600_000)))
    }
    for _ in 0..<dice.below(4) { addHappening(&dice) }
    if dice.chance(10) { addFrozenWait(&dice) }
  }

  private mutating func addHappening(_ dice: inout Dice) {
    let place = dice.below(environments.count)
    let jumps: [Int64] = [3_000, -3_000, 3_600_000, -3_600_000]
    switch dice.below(6) {
    case 3:
      // A freeze begins while green has traffic.
      elements.append(
        .during(
          .counters, environment: place, call: 1 + dice.below(8), after: dice.between(0, 5_000), .words([.freeze])))
    case 0:
      // While somebody looks at the counters green has traffic.
      elements.append(
        .during(
          .counters, environment: place, call: 2 + dice.below(24), after: dice.between(0, 9_000),
          .meddle(percent: dice.pick([0, 5, 33, 100]), lasting: dice.between(5_000, 400_000))))
    case 1:
      elements.append(
        .during(
          dice.pick(Site.allCases), environment: place, call: dice.below(8), after: dice.between(0, 200),
          .clock(dice.pick(jumps))))
    case 2:
      let site = dice.pick([Site.deploy, .apply, .destroy, .carryOut, .verify, .counters])
      let call = dice.below(6)
      elements.append(
        .during(
          site, environment: place, call: call, after: dice.between(0, 200),
          .words(
            dice.pick([
              [.abort, .hold], [.abort, .approve], [.rollback, .abort], [.hold, .resume], [.pause, .abort, .hold],
            ]))))
      if dice.chance(50) {
        elements.append(.trouble(site, environment: place, call: call, .deaf(dice.between(2_000, 60_000))))
      }
    default:
      elements.append(
        .during(dice.pick(Site.allCases), environment: place, call: dice.below(8), after: dice.between(0, 260), .crash))
    }
  }

  /// A release waits for the end of a freeze, and the clock is set back.
  private mutating func addFrozenWait(_ dice: inout Dice) {
    let place = dice.below(environments.count)
    let at = dice.between(3_600_000, 7_200_000)
    elements += [
      .say(at: at, environment: place, .freeze, by: "ann", directly: false, again: false),
      .promote(at: at + 30_000, environment: place, release: 1 + dice.below(5), by: "carol", directly: false),
      .clock(at: at + 90_000, by: -3 * 86_400_000),
    ]
  }

  private mutating func addCrashes(_ dice: inout Dice) {
    for _ in 0..<dice.below(3) { elements.append(.crash(job: dice.below(4_000))) }
    for _ in 0..<dice.below(3) { elements.append(.powerCut(commit: dice.below(160), permille: dice.below(1_001))) }
    if dice.chance(15) {
      elements.append(.diskFull(commit: 3 + dice.below(120), bytes: dice.pick([0, 1, 100, 4_095, 8_000, 20_000])))
    }
    let jumps: [Int64] = [
      1_500, -1_500, 90_000, -90_000, 7_200_000, -7_200_000, 30 * 86_400_000, -30 * 86_400_000,
    ]
    for _ in 0..<dice.below(3) {
      elements.append(.clock(at: dice.between(0, Self.stormEnds), by: dice.pick(jumps)))
    }
  }
}

extension EnvironmentSetting {
  init(_ index: Int, _ dice: inout Dice) {
    name = EnvironmentName(["production", "europe", "asia"][index])
    weights = dice.pick([[10, 50, 100], [25, 100], [100], [50, 100]])
    watch = .seconds(dice.pick([20, 40, 60]))
    every = .seconds(dice.pick([10, 20]))
    patience = .seconds(dice.pick([60, 300]))
    whenUndecided = dice.chance(50) ? .pause : .rollBack
    rate = dice.pick([20, 50, 200, 200])
    quorum = dice.chance(30) ? 2 : 1
    confirms = dice.chance(30) ? [dice.pick(ConfirmSpec.Place.allCases)] : []
    hasCommandGate = dice.chance(30)
    hasData = dice.chance(40)
    migration = hasData && dice.chance(70) ? dice.pick(MigrationSpec.allCases) : nil
    keepBlue = dice.chance(50) ? .minutes(dice.pick([1, 20])) : .hours(24)
  }
}

extension Truth {
  fileprivate init(_ dice: inout Dice) {
    switch dice.below(10) {
    case 0, 1: self = .erroneous(dice.between(30, 90))
    case 2: self = .slow
    case 3: self = .crashing(dice.between(4_000, 15_000))
    case 4: self = .neverHealthy
    case 5: self = .dying(dice.between(1_000, 100_000))
    default: self = .good
    }
  }
}

extension Trouble {
  fileprivate init(at site: Site, _ dice: inout Dice) {
    var kinds: [Trouble] = [
      .slow(dice.between(1_000, 25_000)), .hangs, .deaf(dice.between(1_000, 400_000)), .errorBefore,
    ]
    switch site {
    case .deploy, .apply, .destroy, .carryOut:
      kinds += [.lostAnswer, .lostAnswer, .twice(dice.between(1, 5_000)), .half, .emptyPromise, .refused]
    case .contents, .readSplit, .hasHappened: kinds += [.stale, .stale, .refused]
    case .counters: kinds += [.stale, .noData, .restart, .restart]
    case .gate, .verify, .probe: kinds += [.refused]
    case .crashes, .tell: break
    }
    self = dice.pick(kinds)
  }
}
