/// The looks at one release so far: a fold over its ``AftercareEvent``s; nothing else may change it.
package struct AftercareState: Sendable, Equatable {
  package let order: AftercareOrder
  package private(set) var phases: [AftercarePhase: Phase] = [:]
  package private(set) var findings: [AftercareFinding] = []
  package private(set) var looks = 0
  package private(set) var lastLook: Timestamp?
  /// The first reading, and the newest ones that rates are reckoned on.
  package private(set) var firstSample: CounterSample?
  package private(set) var samples: [CounterSample] = []
  /// What each gauge showed in the last phase, oldest first.
  package private(set) var gauges: [String: [GaugeReading]] = [:]
  /// What each business figure was at its first reading.
  package private(set) var figuresBefore: [String: Double] = [:]
  package private(set) var ending: AftercareEnding?
  package private(set) var endedAt: Timestamp?
  package private(set) var evidence: Evidence?
  /// By check: how it has been lately.
  private var rows: [String: Row] = [:]

  package struct GaugeReading: Sendable, Equatable {
    package var at: Timestamp
    package var value: Double

    package init(at: Timestamp, value: Double) {
      self.at = at
      self.value = value
    }
  }

  package struct Evidence: Sendable, Equatable {
    package var folder: String
    package var manifest: Digest
  }

  /// How far a phase is.
  package struct Phase: Sendable, Equatable {
    package internal(set) var next: Timestamp?
    package internal(set) var looks = 0
    /// Looks that came later than the one after them should have.
    package internal(set) var late = 0
    package internal(set) var last: [String: AftercareOutcome] = [:]
    /// Checks that passed at least once.
    package internal(set) var passed: Set<String> = []
  }

  private struct Row: Sendable, Equatable {
    var passes = 0
    var fails = 0
    var errors = 0
    /// The place of the finding that is open.
    var open: Int?
  }

  package init(_ order: AftercareOrder) {
    self.order = order
    for phase in AftercarePhase.allCases {
      phases[phase] = Phase(next: AftercareSchedule(order).first(of: phase))
    }
  }

  /// When something is due; nil where nothing is left.
  package var next: Timestamp? { phases.values.compactMap(\.next).min() }
  package var isClosed: Bool { evidence != nil }

  /// Findings that began or ended and that nobody was told of yet.
  package var untold: (began: [Int], ended: [Int]) {
    (
      findings.indices.filter { !findings[$0].toldBegan },
      findings.indices.filter { findings[$0].ended != nil && !findings[$0].toldEnded }
    )
  }

  /// Folds one fact in that became true at `time`.
  package mutating func apply(_ event: AftercareEvent, at time: Timestamp) {
    switch event {
    case .opened: break
    case .looked(let look, _): take(look, at: time)
    case .told(let began, let ended):
      for index in began where findings.indices.contains(index) { findings[index].toldBegan = true }
      for index in ended where findings.indices.contains(index) { findings[index].toldEnded = true }
    case .ending(let reason):
      ending = reason
      endedAt = time
      for phase in AftercarePhase.allCases { phases[phase]?.next = nil }
    case .closed(let folder, let manifest): evidence = Evidence(folder: folder, manifest: manifest)
    }
  }

  private mutating func take(_ look: AftercareLook, at time: Timestamp) {
    looks += 1
    lastLook = time
    for one in look.phases {
      phases[one.phase]?.next = one.next
      phases[one.phase]?.looks += 1
      if time - one.due > order.spec[one.phase].every { phases[one.phase]?.late += 1 }
    }
    if let sample = look.sample { keep(sample) }
    if look.phases.contains(where: { $0.phase == .lasting }) {
      for (name, value) in look.gauges where value.isFinite {
        gauges[name, default: []].append(GaugeReading(at: time, value: value))
      }
    }
    figuresBefore.merge(look.figures) { known, _ in known }
    for outcome in look.outcomes { take(outcome, at: time) }
  }

  /// Rates are reckoned over this much, or over the newest two intervals where looks are rarer.
  package static let window = Span.minutes(5)

  private mutating func keep(_ sample: CounterSample) {
    firstSample = firstSample ?? sample
    samples.append(sample)
    let edge = samples.lastIndex { $0.at <= sample.at - Self.window } ?? 0
    samples.removeFirst(max(0, min(edge, samples.count - 3)))
  }

  private mutating func take(_ outcome: AftercareOutcome, at time: Timestamp) {
    phases[outcome.phase]?.last[outcome.check] = outcome
    var row = rows[outcome.check] ?? Row()
    defer { rows[outcome.check] = row }
    let check = order.spec[outcome.phase].checks.first { $0.name == outcome.check }
    let patience = max(1, check?.patience ?? 1)
    switch outcome.verdict {
    case .passed:
      phases[outcome.phase]?.passed.insert(outcome.check)
      (row.passes, row.fails, row.errors) = (row.passes + 1, 0, 0)
      // Whoever goes back and forth is told of once.
      if let open = row.open, row.passes >= patience {
        findings[open].ended = time
        row.open = nil
      }
    case .failed:
      (row.passes, row.fails, row.errors) = (0, row.fails + 1, 0)
      if row.open == nil, row.fails >= patience {
        row.open = open(outcome, check?.consequence ?? .alert, outcome.detail, at: time)
      }
    case .error:
      (row.passes, row.errors) = (0, row.errors + 1)
      if row.open == nil, row.errors >= max(Self.errorPatience, patience) {
        row.open = open(outcome, .alert, "cannot be looked at: \(outcome.detail)", at: time)
      }
    case .undecided: row.passes = 0
    case .skipped: break
    }
  }

  /// One lost answer is no news.
  private static let errorPatience = 3

  private mutating func open(
    _ outcome: AftercareOutcome, _ consequence: AftercareConsequence, _ text: String, at time: Timestamp
  ) -> Int {
    findings.append(
      AftercareFinding(
        phase: outcome.phase, check: outcome.check, consequence: consequence, began: time, text: text))
    return findings.count - 1
  }
}
