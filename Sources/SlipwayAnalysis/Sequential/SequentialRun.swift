package import SlipwayModel

/// What came in on both slots between two readings.
package struct SequentialBin: Sendable {
  package struct Side: Sendable {
    package var errors: Tally
    /// Nil where the source has no latencies.
    package var latency: LatencyHistogram?

    package init(_ errors: Tally, latency: LatencyHistogram? = nil) {
      self.errors = errors
      self.latency = latency
    }
  }

  /// How long it counts as watched.
  package var milliseconds: Int64
  package var isWarmUp: Bool
  /// Green's share of new requests.
  package var percent: Int
  /// Nil where it could not be counted.
  package var green: Side?
  /// Nil where there is nothing to compare with, or where it could not be counted.
  package var blue: Side?
  /// Whether it is the latter.
  package var isBlueMissing = false

  package init(milliseconds: Int64, isWarmUp: Bool = false, percent: Int, green: Side?, blue: Side?) {
    self.milliseconds = milliseconds
    self.isWarmUp = isWarmUp
    self.percent = percent
    self.green = green
    self.blue = blue
  }
}

/// The tests of a run and their evidence, fed with the counts of one interval after the other; knows nothing of where these come from.
package struct SequentialRun: Sendable {
  /// Intervals in a row that may be missing.
  static let mostMissing = 6

  package let plan: SequentialPlan
  package private(set) var state: SequentialState
  private var streams: [Evidence]
  private let weights: StartWeights
  /// ln M of each stream as it stands.
  private(set) var values: [Double]
  /// The greatest evidence of each test, and of blue breaking the same limit as green.
  private var peaks: [Double]
  private var shared: [Double]
  private var provedPeak: Double
  private var sharePeak: Double
  /// Whether the newest interval had nothing to compare with.
  private var isAlone = false

  package init(_ plan: SequentialPlan, planned: Span, state: SequentialState) {
    self.plan = plan
    self.state = state
    weights = StartWeights(plannedMinutes: Int((planned.milliseconds + 59_999) / 60_000))
    streams = plan.streams.map { stream in
      Evidence(stream.claim, slow: stream.quantity.isLatency, state: state.evidence[stream.name])
    }
    values = streams.map(\.value)
    peaks = plan.tests.map { state.peaks[$0.name] ?? -.infinity }
    shared = plan.tests.map { state.peaks["shared " + $0.name] ?? -.infinity }
    provedPeak = plan.proof.flatMap { state.peaks[$0.name] } ?? -.infinity
    sharePeak = state.peaks["T9"] ?? -.infinity
  }

  /// The state with all evidence in it.
  package var closed: SequentialState {
    var closed = state
    for (stream, evidence) in zip(plan.streams, streams) { closed.evidence[stream.name] = evidence.state }
    func note(_ name: String, _ peak: Double) { if peak.isFinite { closed.peaks[name] = peak } }
    for (index, test) in plan.tests.enumerated() {
      note(test.name, peaks[index])
      note("shared " + test.name, shared[index])
    }
    if let proof = plan.proof { note(proof.name, provedPeak) }
    note("T9", sharePeak)
    return closed
  }

  /// Begins another watch of the same run.
  package mutating func begin(watch: Timestamp?) {
    state.watch = watch
    state.inWatch = 0
    (state.share.silent, state.share.expected) = (0, 0)
    closeShare()
  }

  /// Notes the reading that the newest interval ended with, and the bounds for slow requests in the next one.
  package mutating func close(at time: Timestamp?, edges: [Double]) {
    state.foldedUntil = time
    if !edges.isEmpty { state.edges = edges }
  }

  package mutating func look() { state.looks += 1 }

  /// Folds one interval in.
  package mutating func fold(_ bin: SequentialBin) {
    let minute = Int(state.watched / 60_000)
    let weight = weights.weight(after: state.minute, through: minute)
    state.minute = max(state.minute, minute)
    state.watched += max(0, bin.milliseconds)
    let isMissing = bin.green == nil || bin.isBlueMissing
    if isMissing { state.missing += 1 }
    state.missingInRow = isMissing ? state.missingInRow + 1 : 0
    guard let green = bin.green else {
      for index in streams.indices { add(index, nil, nil, weight) }
      return
    }
    if !bin.isWarmUp, !isMissing { count(green.errors, bin.blue?.errors, percent: bin.percent) }
    for index in streams.indices {
      let stream = plan.streams[index]
      if bin.isWarmUp, stream.skipsWarmUp {
        add(index, nil, nil, weight)
      } else {
        let (onGreen, onBlue) = tallies(stream.quantity, green, bin.blue)
        add(index, onGreen, onBlue, weight)
      }
    }
    // One reading without blue does not leave the limit alone: trouble on both sides would go back.
    isAlone =
      bin.isBlueMissing ? state.missingInRow >= Self.mostMissing : bin.blue == nil || isBlueSilent(bin.percent)
    note()
  }

  private mutating func add(_ index: Int, _ green: Tally?, _ blue: Tally?, _ weight: Double) {
    guard green != nil || weight > 0 || streams[index].state.bets.isEmpty else { return }
    let dispersion = plan.streams[index].quantity.isLatency ? state.dispersion.latency : state.dispersion.errors
    streams[index].fold(green, blue, weight: weight, dispersion: dispersion)
    values[index] = streams[index].value
  }

  private mutating func count(_ green: Tally, _ blue: Tally?, percent: Int) {
    state.bins += 1
    state.inWatch += green.requests
    guard let blue, percent > 0, percent < 100 else { return }
    state.green += green
    state.blue += blue
    IncreaseInterval.fold(green, blue, dispersion: state.dispersion.errors, into: &state.increase)
    if state.share.percent != percent { closeShare() }
    state.share.percent = percent
    state.share.green += green.requests
    state.share.blue += blue.requests
    if green.requests == 0 {
      state.share.silent += 1
      state.share.expected += blue.requests * Double(percent) / Double(100 - percent)
    } else {
      (state.share.silent, state.share.expected) = (0, 0)
    }
    if plan.onAvoided != .off, isShort { sharePeak = max(sharePeak, shareEvidence) }
  }

  private mutating func closeShare() {
    state.share.carried = shareEvidence
    (state.share.green, state.share.blue) = (0, 0)
  }

  private func isBlueSilent(_ percent: Int) -> Bool {
    guard percent > 0, percent < 100 else { return true }
    return state.blue.requests == 0 && state.green.requests * Double(100 - percent) / Double(percent) >= 20
  }

  private mutating func note() {
    for (index, test) in plan.tests.enumerated() {
      peaks[index] = max(peaks[index], evidence(of: test))
      if let absolute = test.absolute, let onBlue = test.onBlue {
        shared[index] = max(shared[index], min(values[absolute], values[onBlue]))
      }
    }
    if let proof = plan.proof { provedPeak = max(provedPeak, evidence(of: proof)) }
  }

  private func tallies(
    _ quantity: SequentialPlan.Quantity, _ green: SequentialBin.Side, _ blue: SequentialBin.Side?
  ) -> (Tally?, Tally?) {
    switch quantity {
    case .errors: return (green.errors, blue?.errors)
    case .blueErrors: return (blue?.errors, nil)
    case .beyond(let limit): return (green.tally(beyond: limit), blue?.tally(beyond: limit))
    case .blueBeyond(let limit): return (blue?.tally(beyond: limit), nil)
    case .slower(let ratio, let rank):
      guard state.edges.indices.contains(rank) else { return (nil, nil) }
      let edge = state.edges[rank]
      return (green.tally(beyond: ratio * edge), blue?.tally(beyond: edge))
    }
  }
}

extension SequentialBin.Side {
  /// Requests with a latency, and those beyond the first bound that is not below `seconds`, which is never more than those beyond `seconds` itself.
  fileprivate func tally(beyond seconds: Double) -> Tally? {
    guard let latency, let edge = latency.edge(notBelow: seconds) else { return nil }
    return latency.tally(above: edge)
  }
}

/// What the tests have come to.
extension SequentialRun {
  /// ln of the evidence for `test` as it stands.
  func evidence(of test: SequentialPlan.Test) -> Double {
    var against = -Double.infinity
    if !test.comparison.isEmpty {
      against =
        LogSum.of(test.comparison.map { values[$0] }) - Logarithm.of(Double(test.comparison.count))
    }
    guard let absolute = test.absolute else { return against }
    return isAlone ? values[absolute] : min(values[absolute], against)
  }

  /// The greatest evidence so far of the test at `index` of the plan.
  func peak(_ index: Int) -> Double { peaks[index] }

  /// Whether the test at `index` of the plan was ever proved.
  package func isProved(_ index: Int) -> Bool { peaks[index] >= plan.tests[index].goal }

  /// Whether green and blue were both proved to break the absolute limit.
  func isShared(_ index: Int) -> Bool { shared[index] >= plan.tests[index].goal }

  /// Whether green is proved to break the absolute limit, but not that it is worse than blue.
  func isOpen(_ index: Int) -> Bool {
    guard let absolute = plan.tests[index].absolute else { return false }
    return values[absolute] >= plan.tests[index].goal && !isProved(index)
  }

  /// Whether the evidence speaks for a crossed limit without proving it: nobody may call that healthy. A worsening of any size (T3) is left out, because
  /// chance alone leans that way half of the time.
  func leans(_ index: Int) -> Bool {
    let test = plan.tests[index]
    return test.bound > 0 && !isProved(index) && evidence(of: test) >= Logarithm.of(2)
  }

  /// Whether green is proved to be no worse than the rules allow; nil where no rule asks for it.
  package var isNotWorse: Bool? { plan.proof.map { provedPeak >= $0.goal } }
  var proofPeak: Double { provedPeak }

  /// Whether a test is proved that takes traffic back.
  package var goesBack: Bool { plan.tests.indices.contains { plan.tests[$0].consequence == .rollBack && isProved($0) } }
  /// Whether a test is proved that stops for a person, or trouble is on both sides.
  package var holds: Bool {
    isAvoided
      || plan.tests.indices.contains {
        (plan.tests[$0].consequence == .pause && isProved($0))
          || (plan.tests[$0].consequence > .alert && isShared($0) && !isProved($0))
      }
  }

  /// Whether green got clearly less than its share.
  var isAvoided: Bool { plan.onAvoided != .off && sharePeak >= -Logarithm.of(SequentialPlan.wrongShare) }
  var avoidedPeak: Double { sharePeak }

  /// Whether green was left out although requests should have come.
  var isLeftOut: Bool { state.share.silent >= 6 && state.share.expected >= 20 }

  private var isShort: Bool {
    let all = state.share.green + state.share.blue
    // A tenth less than asked for is a matter of the balancer's grain.
    return all > 0 && state.share.green / all < 0.9 * Double(state.share.percent) / 100
  }

  /// ln of the evidence that requests are not shared as configured; requests of one session or connection may go the same way, so it counts a fifth.
  var shareEvidence: Double {
    let part = Double(state.share.percent) / 100
    guard part > 0, part < 1, state.share.green + state.share.blue > 0 else { return state.share.carried }
    return state.share.carried
      + LogEvidence.shares([state.share.green, state.share.blue], asConfigured: [part, 1 - part])
      / DispersionMeasure.unknown
  }

  func stream(_ index: Int) -> Evidence { streams[index] }
}
