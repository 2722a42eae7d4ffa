internal import Foundation
internal import SlipwayModel

/// The tests of a look in words and figures.
struct SequentialWords {
  let look: WatchLook
  let run: SequentialRun
  let green: WatchFigures?
  let blue: WatchFigures?
  let latencies: [Slot: LatencyHistogram]

  init(look: WatchLook, run: SequentialRun, green: WatchFigures?, blue: WatchFigures?) {
    (self.look, self.run, self.green, self.blue) = (look, run, green, blue)
    latencies = Self.latencies(look, run)
  }

  var isAlone: Bool { look.blue == nil || look.percent >= 100 }

  /// What the test claims when it is proved.
  private func claim(_ test: SequentialPlan.Test) -> String {
    let bound = Words.figure(test.bound, for: test.metric)
    let worse = isAlone ? "" : " and higher than blue's"
    switch test.id {
    case "T1": return "the error rate on green is more than \(bound) above blue's"
    case "T2": return "the error rate on green is above \(bound)\(worse)"
    case "T3": return "the error rate on green is higher than blue's"
    case "T4", "T5":
      return "slow requests take more than \(bound) longer on green than on blue (\(test.metric.rawValue))"
    case "T6":
      let slower = isAlone ? "" : " and more requests are slower than on blue"
      return "\(test.metric.rawValue) on green is above \(bound)\(slower)"
    case "T7": return "availability on green is below \(bound)\(isAlone ? "" : " and worse than blue's")"
    default: return "the error rate on green is less than \(bound) above blue's"
    }
  }

  private var counts: String {
    func side(_ name: String, _ figures: WatchFigures?) -> String? {
      figures.map { "\($0.errors) of \(Words.requests($0.requests)) failed on \(name)" }
    }
    return [side("green", green), isAlone ? nil : side("blue", blue)].compactMap { $0 }.joined(separator: ", ")
  }

  private func latencies(_ figures: WatchFigures?) -> String {
    guard let p99 = figures?.p99, let p95 = figures?.p95 else { return "unknown" }
    return "p95 \(Words.figure(p95, for: .p95)), p99 \(Words.figure(p99, for: .p99))"
  }

  private func shown(_ test: SequentialPlan.Test) -> String {
    switch test.metric {
    case .p95, .p99, .p95Increase, .p99Increase:
      "green \(latencies(green))\(isAlone ? "" : "; blue \(latencies(blue))")"
    default: counts
    }
  }

  /// `proved: the error rate on green is above 5 % and higher than blue's (p 0.0003, at most 0.005 by chance; 24 of 412 requests failed on green)`.
  func proved(_ index: Int) -> String {
    let test = run.plan.tests[index]
    let chance = short(p(run.peak(index)))
    return "proved: \(claim(test)) (p \(chance), by chance at most \(short(test.alpha)); \(shown(test)))"
  }

  /// An absolute limit that both sides break.
  func shared(_ index: Int) -> String {
    let test = run.plan.tests[index]
    return
      "\(test.metric.rawValue) is beyond \(Words.figure(test.bound, for: test.metric)) on green and on blue alike, so it is not the release (\(shown(test)))"
  }

  /// An absolute limit that green breaks without being proved to be worse.
  func open(_ index: Int) -> String {
    let test = run.plan.tests[index]
    return
      "\(test.metric.rawValue) on green is beyond \(Words.figure(test.bound, for: test.metric)), but it is not proved yet that green is worse than blue (\(shown(test)))"
  }

  /// A limit that the evidence speaks for, which is more than nothing and less than a proof.
  func leaning(_ index: Int) -> String {
    let test = run.plan.tests[index]
    return "not proved yet, but likely: \(claim(test)) (p \(short(p(run.peak(index)))); \(shown(test)))"
  }

  var unproved: String {
    guard let proof = run.plan.proof else { return "" }
    let more = needed(proof)
    let hint = more.map { "about \(count($0)) more requests on green would prove it at the present rates" }
    return
      "not proved yet that \(claim(proof)) (\(hint ?? "the present rates do not lead there"); \(counts))"
  }

  var avoided: String {
    let share = run.state.share
    let part = share.green / max(1, share.green + share.blue)
    return
      "canary is being avoided: it got \(Words.figure(part, for: .errorRate)) of the requests and not its \(look.percent) % (p \(short(p(run.avoidedPeak))))"
  }

  var healthy: String {
    let tests = run.plan.tests.count + (run.isNotWorse == nil ? 0 : 1)
    guard tests > 0 else { return "no limit crossed" }
    let proof = run.plan.proof.flatMap { run.isNotWorse == true ? "; proved: \(claim($0))" : nil } ?? ""
    return "\(tests == 1 ? "1 test" : "\(tests) tests"), no limit proved to be crossed\(proof) (\(counts))"
  }

  var noComparison: String {
    guard look.blue != nil else { return "no comparison, because there is no blue" }
    guard let rate = run.state.blue.rate else { return "no comparison, because blue gets no traffic" }
    return
      "no comparison, because blue gets no traffic any more; before, \(Words.figure(rate, for: .errorRate)) of its requests failed"
  }

  /// The figure that a finding shows.
  func value(of test: SequentialPlan.Test) -> Double {
    switch test.metric {
    case .errorRate: green?.errorRate ?? 0
    case .availability: 1 - (green?.errorRate ?? 0)
    case .errorRateIncrease: (green?.errorRate ?? 0) - (blue?.errorRate ?? 0)
    case .p95: green?.p95 ?? 0
    case .p99: green?.p99 ?? 0
    case .p95Increase: ratio(green?.p95, blue?.p95)
    case .p99Increase: ratio(green?.p99, blue?.p99)
    case .crashes, .databaseErrors, .gauge: 0
    }
  }

  private func ratio(_ green: Double?, _ blue: Double?) -> Double {
    guard let green, let blue, blue > 0 else { return 0 }
    return green / blue - 1
  }
}

/// The report.
extension SequentialWords {
  var report: SequentialReport? {
    guard !run.plan.tests.isEmpty else { return nil }
    var readings = run.plan.tests.indices.map(reading)
    if let proof = run.plan.proof { readings.append(reading(proof, peak: run.proofPeak)) }
    if run.plan.onAvoided != .off, run.state.share.green + run.state.share.blue > 0 { readings.append(share) }
    let state = run.state
    let increase = IncreaseInterval.bounds(state.increase, alpha: 0.01)
    let isKnown = state.dispersion.minutes > 0 || state.dispersion.isGiven
    return SequentialReport(
      tests: readings, increaseAtLeast: increase.atLeast, increaseAtMost: increase.atMost,
      compared: [state.green.requests, state.blue.requests], dispersion: isKnown ? state.dispersion.errors : nil,
      rollBackBound: run.plan.bound(of: .rollBack), pauseBound: run.plan.bound(of: .pause))
  }

  private func reading(_ index: Int) -> TestReading { reading(run.plan.tests[index], peak: run.peak(index)) }

  private func reading(_ test: SequentialPlan.Test, peak: Double) -> TestReading {
    let isProved = peak >= test.goal
    let needed = isProved ? nil : needed(test)
    let visible = visible(test)
    return TestReading(
      id: test.id, metric: test.metric, consequence: test.consequence, bound: test.bound, alpha: test.alpha,
      evidence: finite(run.evidence(of: test)), p: p(peak), isProved: isProved, needed: needed, visible: visible,
      text: text(test, peak: peak, isProved: isProved, needed: needed, visible: visible))
  }

  private var share: TestReading {
    let alpha = SequentialPlan.wrongShare
    let part = run.state.share.green / max(1, run.state.share.green + run.state.share.blue)
    return TestReading(
      id: "T9", alpha: alpha, evidence: finite(run.shareEvidence), p: p(run.avoidedPeak), isProved: run.isAvoided,
      text: run.isAvoided
        ? avoided
        : "green gets its share of the traffic: \(Words.figure(part, for: .errorRate)) of \(look.percent) %")
  }

  private func text(
    _ test: SequentialPlan.Test, peak: Double, isProved: Bool, needed: Double?, visible: Double?
  ) -> String {
    if isProved { return "proved that \(claim(test)): p \(short(p(peak))), by chance at most \(short(test.alpha))" }
    var text = "not proved that \(claim(test)): p \(short(p(peak))) of \(short(test.alpha))"
    if let needed { text += "; about \(count(needed)) more requests on green would prove it at the present rates" }
    if let visible, test.id != "T8" {
      let what = isAboutErrors(test) ? "an increase" : "an increase of the share of slow requests"
      text += "; \(what) by \(Words.figure(visible, for: .errorRateIncrease)) would have been seen"
    }
    return text
  }

  private func isAboutErrors(_ test: SequentialPlan.Test) -> Bool {
    [.errorRate, .errorRateIncrease, .availability].contains(test.metric)
  }

  private func p(_ peak: Double) -> Double { peak > 0 ? exp(-peak) : 1 }

  private func finite(_ value: Double) -> Double { value.isFinite ? value : 0 }

  private func count(_ value: Double) -> String { value < 1e15 ? "\(Int64(value))" : "\(value)" }

  /// Two digits that count: `0.0031`, `1`, `4.2e-09`.
  private func short(_ value: Double) -> String { String(format: "%.2g", value) }
}
