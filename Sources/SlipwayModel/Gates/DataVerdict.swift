/// What was found about one side's data.
package struct DataLook: Sendable, Equatable {
  package var environment: EnvironmentName
  package var readiness: DataReadiness
  /// Whether anything serves from these data.
  package var isLive: Bool

  package init(_ environment: EnvironmentName, _ readiness: DataReadiness, isLive: Bool) {
    self.environment = environment
    self.readiness = readiness
    self.isLive = isLive
  }
}

/// Whether the data of both sides are fit for a promotion (B1): what was looked at passed, and there is room.
package struct DataVerdict: Sendable, Equatable {
  private let target: DataLook
  private let source: DataLook?
  /// So many times the size of the data must be free.
  private let factor: Double

  package init(target: DataLook, source: DataLook? = nil, factor: Double) {
    self.target = target
    self.source = source
    self.factor = factor
  }

  private var looks: [DataLook] { [target] + (source.map { [$0] } ?? []) }

  /// Whether databases and files can be reached, with the rights that are needed.
  package func reach(_ gate: String, at now: Timestamp) -> GateReport {
    let checks = looks.flatMap { look in look.readiness.checks.map { (look.environment, $0) } }
    let proof = checks.map { place, check in
      Proof(
        what: "\(check.name): \(check.passed ? "passed" : "failed"), \(check.detail)", from: "data of \(place)", at: now
      )
    }
    let failed = checks.filter { !$0.1.passed }
    guard looks.allSatisfy({ !$0.readiness.checks.isEmpty }) else {
      return GateReport(
        gate: gate, verdict: .error, reason: "nothing was looked at about the data of \(target.environment)",
        remedy: "mend the 'data' of the environment; see slipway check", proof: proof)
    }
    guard failed.isEmpty else {
      let reasons = failed.map { "\($0.0) \($0.1.name): \($0.1.detail)" }.joined(separator: "; ")
      return GateReport(
        gate: gate, verdict: .failed, reason: reasons,
        remedy: "mend \(failed.map { "\($0.1.name) of \($0.0)" }.joined(separator: ", "))", proof: proof)
    }
    return GateReport(
      gate: gate, verdict: .passed,
      reason:
        "\(checks.count) checks of the data of \(looks.map(\.environment.text).joined(separator: " and ")) passed",
      proof: proof)
  }

  /// Whether as much is free on the target's side as the factor asks.
  package func room(_ gate: String, at now: Timestamp) -> GateReport {
    let sizes = looks.map { look in look.readiness.liveBytes ?? (look.isLive ? nil : 0) }
    guard let free = target.readiness.freeBytes, !sizes.contains(nil), let largest = sizes.compactMap(\.self).max()
    else {
      return GateReport(
        gate: gate, verdict: .error,
        reason: "how large the data are and how much is free could not be measured",
        remedy: "mend what is said about the data above; without figures nothing is copied")
    }
    // As a double, because a factor is one; whole bytes up to 9 PB.
    let needed = Double(largest) * factor
    let proof = looks.map { look in
      Proof(
        what: "\(look.readiness.liveBytes ?? 0) bytes of data, \(look.readiness.freeBytes ?? 0) bytes free",
        from: "data of \(look.environment)", at: now)
    }
    let said =
      "\(Self.text(Double(free))) free where the data of \(target.environment) lie, \(Self.text(needed)) needed "
      + "(\(Self.text(factor: factor)) × \(Self.text(Double(largest))))"
    guard Double(free) >= needed else {
      return GateReport(
        gate: gate, verdict: .failed, reason: said,
        remedy: "free \(Self.text(needed - Double(free))) there, or lower 'factor' of the gate", proof: proof)
    }
    return GateReport(gate: gate, verdict: .passed, reason: said, proof: proof)
  }

  /// Both together, as the gate says it.
  package func report(_ gate: String, at now: Timestamp) -> GateReport {
    let (reach, room) = (reach(gate, at: now), room(gate, at: now))
    // What cannot be reached cannot be measured either; one reason is enough then.
    let all = reach.verdict == .passed ? [reach, room] : [reach]
    let open = all.filter { $0.verdict != .passed }
    return GateReport(
      gate: gate, verdict: open.first?.verdict ?? .passed,
      reason: (open.isEmpty ? all : open).map(\.reason).joined(separator: "; "), remedy: open.first?.remedy,
      proof: all.flatMap(\.proof))
  }

  private static func text(factor: Double) -> String { factor == factor.rounded() ? "\(Int(factor))" : "\(factor)" }

  private static func text(_ bytes: Double) -> String {
    var value = bytes
    for unit in ["bytes", "kB", "MB", "GB", "TB"] {
      if value < 1_000 || unit == "TB" {
        return unit == "bytes" ? "\(Int(value)) bytes" : "\((value * 10).rounded() / 10) \(unit)"
      }
      value /= 1_000
    }
    return "\(Int(bytes)) bytes"
  }
}
