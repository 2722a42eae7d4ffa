/// A weakness of the release that whoever decides must know of: a CVE, a failed scan rule, a review's complaint (A3).
package struct RequestFinding: Codable, Sendable, Equatable {
  /// Such as `CVE-2026-1234`.
  package var id: String
  /// Nil where the report does not state it for this finding.
  package var severity: Severity?
  /// Where it was found: kind and file of the report, or the gate.
  package var source: String
  package var text: String
  /// Nil while the finding is open.
  package var acceptance: Acceptance?

  package init(id: String, severity: Severity?, source: String, text: String = "", acceptance: Acceptance? = nil) {
    self.id = id
    self.severity = severity
    self.source = source
    self.text = text
    self.acceptance = acceptance
  }

  /// Who carries the risk, why, and for how long.
  package struct Acceptance: Codable, Sendable, Equatable {
    package var by: String
    package var reason: String
    package var until: Timestamp?

    package init(by: String, reason: String, until: Timestamp?) {
      self.by = by
      self.reason = reason
      self.until = until
    }
  }

  package var isOpen: Bool { acceptance == nil }
}

extension RequestFinding {
  /// The findings that the newest reports of each kind name for the plan's release, the worst first, with the acceptances that its gates relied on.
  package static func known(of promotion: Promotion, in ledger: Ledger, at now: Timestamp) -> [RequestFinding] {
    let reports = promotion.records.flatMap(\.reports)
    let book = AcceptanceBook(entries: reports.flatMap(\.acceptances))
    let found = openFindings(ledger: ledger, plan: promotion.plan, acceptances: book, at: now).map { open in
      RequestFinding(
        id: open.finding.id.isEmpty ? open.finding.title ?? "a finding without a name" : open.finding.id,
        severity: open.finding.severity, source: open.reports.joined(separator: ", "), text: text(of: open),
        acceptance: open.acceptance.map { Acceptance(by: $0.by.text, reason: $0.reason, until: $0.until) })
    }
    return sorted(found + uncounted(ledger, promotion.plan))
  }

  private static func text(of open: OpenFinding) -> String {
    ([open.finding.title ?? ""] + open.finding.places.prefix(3) + [open.lapse ?? ""]).filter { !$0.isEmpty }
      .joined(separator: "; ")
  }

  /// What reports count without naming it one by one.
  private static func uncounted(_ ledger: Ledger, _ plan: Plan) -> [RequestFinding] {
    ledger.newestReports(of: plan.release).compactMap { report in
      guard case .findings(let figures) = report.content else { return nil }
      let counts = figures.bySeverity.filter { $0.value > 0 }
      let all = counts.values.reduce(figures.unknownSeverity) { $0.addingReportingOverflow($1).partialValue }
      guard all > figures.findings.count else { return nil }
      let levels = counts.sorted { $0.key > $1.key }.map { "\($0.value) \($0.key.rawValue)" }
      let unknown = figures.unknownSeverity > 0 ? ["\(figures.unknownSeverity) of unstated severity"] : []
      return RequestFinding(
        id: "\(report.label) in all", severity: figures.unknownSeverity > 0 ? .critical : counts.keys.max(),
        source: report.label, text: (levels + unknown).listed())
    }
  }

  /// Open ones first, then the worse ones, then by name.
  static func sorted(_ findings: [RequestFinding]) -> [RequestFinding] {
    func rank(_ finding: RequestFinding) -> Int {
      finding.severity.flatMap { Severity.allCases.firstIndex(of: $0) } ?? -1
    }
    return findings.sorted {
      ($0.isOpen ? 0 : 1, -rank($0), $0.id, $0.source) < ($1.isOpen ? 0 : 1, -rank($1), $1.id, $1.source)
    }
  }
}
