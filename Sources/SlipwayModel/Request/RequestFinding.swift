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
  /// The findings that the newest reports of each kind name for `release`, the worst first.
  ///
  /// A report that was handed in for another artifact of the same name says nothing about this one.
  package static func known(of release: Release, in ledger: Ledger) -> [RequestFinding] {
    var newest: [String: Report] = [:]
    for report in ledger.reports[release.id] ?? [] where report.releaseDigest == release.digest {
      newest[report.kind] = report
    }
    let found = newest.values.sorted { $0.kind < $1.kind }.flatMap(found)
    return sorted(found)
  }

  private static func found(in report: Report) -> [RequestFinding] {
    guard case .findings(let figures) = report.content else { return [] }
    let source = "\(report.kind) report \(report.file)"
    let levels = figures.bySeverity.filter { $0.value > 0 }
    // The record keeps counts by level and names apart; only where all have one level is a name's level known.
    let only = levels.count == 1 && figures.unknownSeverity == 0 ? levels.first?.key : nil
    var findings = figures.ids.map { RequestFinding(id: $0, severity: only, source: source, text: "") }
    let counts = levels.sorted { $0.key > $1.key }.map { "\($0.value) \($0.key.rawValue)" }
    let unknown = figures.unknownSeverity > 0 ? ["\(figures.unknownSeverity) of unstated severity"] : []
    if !(counts + unknown).isEmpty, only == nil || figures.ids.isEmpty {
      findings.append(
        RequestFinding(
          id: "\(report.kind) in all", severity: figures.unknownSeverity > 0 ? .critical : levels.keys.max(),
          source: source, text: (counts + unknown).listed()))
    }
    return findings
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
