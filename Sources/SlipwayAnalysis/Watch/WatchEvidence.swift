internal import SlipwayModel

/// Everything the rules of a watch are measured on.
struct WatchEvidence {
  let green: SlotWindow
  /// Nil in a first deployment, where there is nothing to compare with.
  let blue: SlotWindow?
  /// What blue answered while it still had traffic; nil where that was not enough either.
  let reference: SlotWindow?
  /// Crashes on green since the watch began; nil when nobody counts them.
  let crashes: Int?
  /// Connections to green's database that ended in an error since the watch began; nil when nobody counts them.
  let databaseErrors: Int?
  let minimum: UInt64

  /// Whether rules about an increase look at what blue answered earlier.
  var usesReference: Bool { reference != nil && (blue.map { $0.requests < minimum } ?? false) }

  /// What a rule's quantity came to.
  enum Measurement {
    case measured(Reading)
    /// The rule does not apply, and why.
    case skipped(String)
    /// The rule applies and could not be measured, and why.
    case missing(String)
  }

  /// Measures what `metric` asks for.
  func measure(_ metric: WatchMetric) -> Measurement {
    switch metric {
    case .crashes:
      guard let crashes else { return .missing("nobody counts the crashes on green") }
      return .measured(Reading(Double(crashes)))
    case .databaseErrors:
      guard let databaseErrors else { return .missing("nobody counts the errors of green's database") }
      return .measured(Reading(Double(databaseErrors)))
    case .gauge: return .skipped("gauges are judged by their own limits")
    case .errorRate: return onGreen { .rate($0.errorRate) }
    case .availability: return onGreen { .rate($0.errorRate.map { 1 - $0 }) }
    case .p95: return onGreen { latency(0.95, of: $0, on: "green") }
    case .p99: return onGreen { latency(0.99, of: $0, on: "green") }
    case .errorRateIncrease: return againstBlue(errorRateIncrease)
    case .p95Increase: return againstBlue { latencyIncrease(0.95, $0) }
    case .p99Increase: return againstBlue { latencyIncrease(0.99, $0) }
    }
  }

  private func onGreen(_ measure: (SlotWindow) -> Measurement) -> Measurement {
    guard green.requests >= minimum else {
      return .missing("only \(Words.requests(green.requests)) of at least \(minimum) on green so far")
    }
    return measure(green)
  }

  private func againstBlue(_ measure: (SlotWindow) -> Measurement) -> Measurement {
    guard let now = blue else { return .skipped("there is no blue to compare with") }
    let blue = now.requests >= minimum ? now : reference ?? now
    guard green.requests >= minimum else { return onGreen { _ in .rate(nil) } }
    guard blue.requests >= minimum else {
      return .missing("only \(Words.requests(blue.requests)) of at least \(minimum) on blue to compare with")
    }
    return measure(blue)
  }

  private func errorRateIncrease(over blue: SlotWindow) -> Measurement {
    guard let rate = green.errorRate, let base = blue.errorRate else { return .rate(nil) }
    return .rate(rate - base)
  }

  private func latencyIncrease(_ rank: Double, _ blue: SlotWindow) -> Measurement {
    let (onGreen, onBlue) = (latency(rank, of: green, on: "green"), latency(rank, of: blue, on: "blue"))
    guard case .measured(let reading) = onGreen else { return onGreen }
    guard case .measured(let base) = onBlue else { return onBlue }
    guard base.value > 0 else { return .missing("blue's latency is 0, which nothing can be compared with") }
    let ratio = Self.tidied(reading.value / base.value - 1)
    switch (reading.precision, base.precision) {
    case (.exact, .exact): return .measured(Reading(ratio))
    case (.atLeast, .exact): return .measured(Reading(ratio, .atLeast))
    case (.exact, .atLeast): return .measured(Reading(ratio, .atMost))
    default: return .missing("green and blue are both slower than the histogram's last bound")
    }
  }

  private func latency(_ rank: Double, of window: SlotWindow, on name: String) -> Measurement {
    guard let histogram = window.latency else {
      return .missing("there is no latency histogram for \(name) over the whole window")
    }
    guard histogram.total >= minimum, let reading = histogram.quantile(rank) else {
      return .missing("only \(histogram.total) of at least \(minimum) requests on \(name) have a latency")
    }
    guard reading.value.isFinite else { return .missing("the latency on \(name) is no number") }
    return .measured(reading)
  }

  /// Drops what the subtraction of two rounded numbers leaves behind, so that 1.1 - 1 lies on a bound of 0.1 and not above it.
  static func tidied(_ value: Double) -> Double {
    let scale = 1e12
    return value.magnitude < 1e3 ? (value * scale).rounded() / scale : value
  }
}

extension WatchEvidence.Measurement {
  /// A rate that is a number, else missing.
  fileprivate static func rate(_ value: Double?) -> Self {
    guard let value, value.isFinite else { return .missing("without requests there is no rate") }
    return .measured(Reading(WatchEvidence.tidied(value)))
  }
}
