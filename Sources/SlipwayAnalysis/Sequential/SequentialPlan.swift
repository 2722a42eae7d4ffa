package import SlipwayModel

/// What the rules of a watch come to as tests, with everything that evidence has to be gathered against (canary-analysis, section 6).
package struct SequentialPlan: Sendable {
  /// One stream of evidence: what is claimed, of which requests, and from when on.
  struct Stream: Sendable, Hashable {
    let claim: Claim
    let quantity: Quantity
    /// Whether the time right after a change of weights is left out.
    let skipsWarmUp: Bool

    /// What the state calls it.
    var name: String {
      let claimed =
        switch claim {
        case .increaseAtMost(let margin): "worse \(margin)"
        case .increaseAtLeast(let margin): "not-worse \(margin)"
        case .rateAtMost(let limit): "above \(limit)"
        }
      return "\(quantity.name) \(claimed)\(skipsWarmUp ? "" : " at once")"
    }
  }

  /// Which requests count as hits.
  enum Quantity: Sendable, Hashable {
    case errors
    /// Blue's errors in green's place: whether blue breaks an absolute limit as well.
    case blueErrors
    /// On blue those beyond the percentile of that place in the state's edges, on green those beyond `ratio` times it (F4).
    case slower(ratio: Double, rank: Int)
    /// Those slower than so many seconds.
    case beyond(Double)
    case blueBeyond(Double)

    var isLatency: Bool { self != .errors && self != .blueErrors }

    var name: String {
      switch self {
      case .errors: "errors"
      case .blueErrors: "blue-errors"
      case .slower(let ratio, let rank): "slower \(ratio) \(rank)"
      case .beyond(let limit): "beyond \(limit)"
      case .blueBeyond(let limit): "blue-beyond \(limit)"
      }
    }
  }

  /// What is decided from streams.
  struct Test: Sendable {
    let id: String
    let metric: WatchMetric
    let consequence: WatchLimit.Consequence
    let bound: Double
    let alpha: Double
    /// Against an absolute limit, which counts alone where there is nothing to compare with.
    var absolute: Int?
    /// Against blue; the mean of several.
    var comparison: [Int] = []
    /// Whether blue breaks the same limit.
    var onBlue: Int?

    var name: String { "\(id) \(metric.rawValue) \(bound) \(consequence.rawValue)" }
    /// The logarithm of evidence that proves it.
    var goal: Double { -Logarithm.of(alpha) }
  }

  private(set) var streams: [Stream] = []
  private(set) var tests: [Test] = []
  /// The proof that green is no worse (T8), which a watch may have to bring before it passes; nil where no rule asks for a comparison.
  private(set) var proof: Test?
  let onWorse: WorsePolicy
  let onAvoided: AvoidedPolicy
  /// Limits whose bound is no number.
  private(set) var unusable: [WatchMetric] = []

  static let wrongPromotion = 0.05
  static let wrongShare = 0.001

  package init(_ rules: [WatchRule], _ spec: SequentialSpec) {
    let isAboutErrors = rules.contains { [.errorRate, .errorRateIncrease, .availability].contains($0.metric) }
    onWorse = isAboutErrors ? spec.onWorse ?? .pause : .off
    onAvoided = rules.isEmpty ? .off : spec.onAvoided
    for metric in WatchMetric.allCases {
      let limits = rules.filter { $0.metric == metric }.flatMap(\.limits)
      for limit in limits {
        guard limit.bound.isFinite else {
          unusable.append(metric)
          continue
        }
        add(metric, limit, alpha: spec.errorBudget / (limit.consequence == .rollBack ? 4 : 2))
      }
      guard metric == .errorRateIncrease else { continue }
      let bounds = limits.filter { $0.consequence > .alert && $0.bound.isFinite }.map(\.bound)
      if let margin = bounds.min() { prove(margin) }
    }
    guard onWorse != .off else { return }
    let consequence: WatchLimit.Consequence =
      switch onWorse {
      case .pause: .pause
      case .rollBack: .rollBack
      case .warn, .off: .alert
      }
    var test = Test(
      id: "T3", metric: .errorRateIncrease, consequence: consequence, bound: 0, alpha: spec.errorBudget / 2)
    test.comparison = [stream(.increaseAtMost(0), .errors)]
    tests.append(test)
  }

  private mutating func prove(_ margin: Double) {
    var test = Test(
      id: "T8", metric: .errorRateIncrease, consequence: .alert, bound: margin, alpha: Self.wrongPromotion)
    test.comparison = [stream(.increaseAtLeast(margin), .errors)]
    proof = test
  }

  private mutating func add(_ metric: WatchMetric, _ limit: WatchLimit, alpha: Double) {
    func test(_ id: String) -> Test {
      Test(id: id, metric: metric, consequence: limit.consequence, bound: limit.bound, alpha: alpha)
    }
    var added: Test
    switch metric {
    case .errorRate:
      added = test("T2")
      // More than 5 % at any moment goes back (C5), also right after a change of weights.
      bound(&added, limit.bound, .errors, .blueErrors, skipsWarmUp: limit.consequence != .rollBack)
    case .availability:
      added = test("T7")
      bound(&added, WatchEvidence.tidied(max(0, 1 - limit.bound)), .errors, .blueErrors)
    case .p95, .p99:
      added = test("T6")
      bound(&added, metric == .p95 ? 0.05 : 0.01, .beyond(limit.bound), .blueBeyond(limit.bound))
    case .errorRateIncrease:
      added = test("T1")
      added.comparison = [stream(.increaseAtMost(limit.bound), .errors)]
    case .p95Increase, .p99Increase:
      added = test(limit.bound < 1 ? "T4" : "T5")
      let ranks = metric == .p95Increase ? [1] : [0, 1, 2]
      added.comparison = ranks.map { stream(.increaseAtMost(0), .slower(ratio: 1 + limit.bound, rank: $0)) }
    case .crashes, .databaseErrors, .gauge: return
    }
    tests.append(added)
  }

  private mutating func bound(
    _ test: inout Test, _ rate: Double, _ quantity: Quantity, _ onBlue: Quantity, skipsWarmUp: Bool = true
  ) {
    test.absolute = stream(.rateAtMost(rate), quantity, skipsWarmUp)
    test.comparison = [stream(.increaseAtMost(0), quantity, skipsWarmUp)]
    test.onBlue = stream(.rateAtMost(rate), onBlue, skipsWarmUp)
  }

  /// The place of a stream, which several tests may share.
  private mutating func stream(_ claim: Claim, _ quantity: Quantity, _ skipsWarmUp: Bool = true) -> Int {
    let one = Stream(claim: claim, quantity: quantity, skipsWarmUp: skipsWarmUp)
    if let index = streams.firstIndex(of: one) { return index }
    streams.append(one)
    return streams.count - 1
  }

  var needsEdges: Bool {
    streams.contains { if case .slower = $0.quantity { true } else { false } }
  }

  /// What all tests with this consequence together are wrong at most (union bound).
  func bound(of consequence: WatchLimit.Consequence) -> Double {
    tests.filter { $0.consequence == consequence }.reduce(0) { $0 + $1.alpha }
      + (consequence == .pause && onAvoided == .pause ? Self.wrongShare : 0)
  }
}
