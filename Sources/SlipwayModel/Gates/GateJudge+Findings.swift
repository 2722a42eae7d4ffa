/// The gate on what scanners found (E4, A3).
extension GateJudge {
  /// What the newest scans found, less what is accepted at this moment.
  private struct Sum {
    var counts: [Severity: Int] = [:]
    /// Names of those that count, the worst first.
    var open: [Finding] = []
    var accepted: [String] = []
    var lapsed: [String] = []
    var examined: Int? = 0
    var examinedNothing: [String] = []

    mutating func count(_ severity: Severity, _ number: Int) {
      counts[severity] = GateJudge.add(number, to: counts[severity, default: 0])
    }
  }

  func vulnerabilities(
    _ gate: GateSpec, _ limits: [Severity: Int], within maxAge: Span?, at now: Timestamp
  ) -> GateReport {
    guard !limits.isEmpty else { return demandsNothing(gate, "no severity is limited") }
    func matches(_ report: Report) -> Bool { if case .findings = report.content { true } else { false } }
    let found = newest(matches)
    guard !found.isEmpty else { return missing(gate, "scan", "sarif", among: matches) }
    if let unfit = unfit(gate, found, within: maxAge, at: now) { return unfit }
    let book = surroundings.acceptances
    guard book.problems.isEmpty else {
      return GateReport(
        gate: gate.name, verdict: .error, reason: book.problems.prefix(5).joined(separator: "; "),
        remedy: "correct \(book.file ?? "the acceptances"); 'slipway check' shows every mistake", proof: proof(found))
    }
    let sum = sum(found, at: now)
    let over = Self.completed(limits).filter { sum.counts[$0.key, default: 0] > $0.value }.sorted { $0.key > $1.key }
    func said(_ verdict: Verdict, _ reason: String, _ remedy: String?) -> GateReport {
      GateReport(
        gate: gate.name, verdict: verdict, reason: ([reason] + Self.first(5, of: sum.lapsed)).joined(separator: "; "),
        remedy: remedy,
        warnings: Self.first(200, of: sum.accepted) + (verdict == .passed ? stillOpen(sum) : []) + caveats(found),
        proof: proof(found) + bookProof(sum, at: now))
    }
    if !over.isEmpty {
      let limit = over.map { "\(sum.counts[$0.key, default: 0]) \($0.key.rawValue), \($0.value) allowed" }
      let counted = Set(over.map(\.key))
      return said(
        .failed, limit.joined(separator: "; ") + Self.names(sum.open.filter { counted.contains($0.weight) }),
        "mend them, scan again and hand in: \(handIn(found[0].kind)); or record the risk in "
          + (book.file ?? "a file that the pipeline file names under 'acceptances'"))
    }
    if !sum.examinedNothing.isEmpty {
      let kinds = sum.examinedNothing.joined(separator: ", ")
      return said(
        .undecided, "\(kinds): the scan examined nothing, so finding nothing proves nothing",
        "scan the artifact itself and hand in: \(handIn(found[0].kind))")
    }
    let levels = Severity.allCases.reversed().map { "\(sum.counts[$0, default: 0]) \($0.rawValue)" }
    let examined = sum.examined.map { "\($0) examined" } ?? "what was examined is not said"
    let accepted = sum.accepted.isEmpty ? "" : ", \(sum.accepted.count) accepted"
    return said(.passed, "\(levels.joined(separator: ", "))\(accepted), \(examined)\(Self.names(sum.open))", nil)
  }

  private func sum(_ reports: [Report], at now: Timestamp) -> Sum {
    var sum = Sum()
    let index = AcceptanceIndex(surroundings.acceptances, for: plan, at: now)
    for report in reports {
      guard case .findings(let figures) = report.content else { continue }
      var counts = figures.bySeverity.mapValues { max(0, $0) }
      var unknown = max(0, figures.unknownSeverity)
      var listed: Set<String> = []
      for finding in figures.findings {
        listed.insert(finding.id)
        guard take(finding, index.answer(to: finding), into: &sum) else { continue }
        if let severity = finding.severity {
          counts[severity] = max(0, counts[severity, default: 0] - 1)
        } else {
          unknown = max(0, unknown - 1)
        }
      }
      // Names beyond those that are kept one by one; how bad they are is not known any more.
      for id in figures.ids where !listed.contains(id) { sum.open.append(Finding(id: id, severity: nil)) }
      for (severity, count) in counts { sum.count(severity, count) }
      // A finding whose severity nobody states is counted as the worst.
      sum.count(.critical, unknown)
      if figures.examined == 0 { sum.examinedNothing.append(report.label) }
      sum.examined = sum.examined.flatMap { all in figures.examined.map { Self.add($0, to: all) } }
    }
    sum.open.sort { $0.weight > $1.weight }
    return sum
  }

  /// Whether the finding is accepted; notes it where it belongs.
  private func take(_ finding: Finding, _ answer: AcceptanceBook.Answer, into sum: inout Sum) -> Bool {
    let name = Self.name(finding)
    switch answer {
    case .accepted(let entry):
      sum.accepted.append("\(name) accepted until \(entry.until) by \(entry.by): \(entry.reason)")
      return true
    case .expired(let entry): sum.lapsed.append("the acceptance of \(name) by \(entry.by) expired at \(entry.until)")
    case .endless(let entry):
      sum.lapsed.append(
        "the acceptance of \(name) by \(entry.by) until \(entry.until) is longer than a year, as good as without end")
    case .silent: break
    }
    sum.open.append(finding)
    return false
  }

  /// The book is part of the proof as soon as it said anything.
  private func bookProof(_ sum: Sum, at now: Timestamp) -> [Proof] {
    let book = surroundings.acceptances
    guard let file = book.file, !(sum.accepted.isEmpty && sum.lapsed.isEmpty) else { return [] }
    return [Proof(what: "\(book.entries.count) risk acceptances", from: file, at: now, digest: book.digest)]
  }

  /// Known and let through, within the limits.
  private func stillOpen(_ sum: Sum) -> [String] {
    let open = sum.open.map {
      "\(Self.name($0)) (\($0.severity?.rawValue ?? "unrated")) is open, within the limits"
    }
    return Self.first(50, of: open)
  }

  /// The first of them, and how many more there are.
  private static func first(_ count: Int, of lines: [String]) -> [String] {
    lines.count <= count ? lines : lines.prefix(count) + ["and \(lines.count - count) more"]
  }

  private static func name(_ finding: Finding) -> String {
    let id = finding.id.isEmpty ? finding.title ?? "a finding without a name" : finding.id
    guard let place = finding.places.first else { return id }
    return "\(id) in \(place)\(finding.places.count > 1 ? " and \(finding.places.count - 1) more" : "")"
  }

  private static func names(_ findings: [Finding]) -> String {
    var names: [String] = []
    for finding in findings where !names.contains(name(finding)) && names.count <= 10 { names.append(name(finding)) }
    return names.isEmpty ? "" : " (\(names.prefix(10).joined(separator: ", "))\(names.count > 10 ? ", …" : ""))"
  }

  /// The limits with those that follow from them: what is worse than a limited severity is limited at least as much.
  private static func completed(_ limits: [Severity: Int]) -> [Severity: Int] {
    var complete: [Severity: Int] = [:]
    var last: Int?
    for severity in Severity.allCases.sorted() {
      last = limits[severity] ?? last
      complete[severity] = last
    }
    return complete
  }
}
