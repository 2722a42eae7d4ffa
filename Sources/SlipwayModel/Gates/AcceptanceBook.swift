/// A finding that somebody takes the risk of, for a reason and for a time (A3).
package struct RiskAcceptance: Codable, Sendable, Equatable {
  /// The finding's id or one of its aliases, such as a CVE number.
  package var id: String
  package var reason: String
  package var by: Person
  /// From this instant on it does not count.
  package var until: Timestamp
  /// Where it holds; everywhere when empty.
  package var environments: [EnvironmentName]
  /// For which releases it holds; for all when empty.
  package var releases: [ReleaseID]
  /// The packages or files that it is about, with or without `@version` or `:line`; all when empty.
  package var packages: [String]

  package init(
    id: String, reason: String, by: Person, until: Timestamp, environments: [EnvironmentName] = [],
    releases: [ReleaseID] = [], packages: [String] = []
  ) {
    self.id = id
    self.reason = reason
    self.by = by
    self.until = until
    self.environments = environments
    self.releases = releases
    self.packages = packages
  }

  /// Whether it is about `finding` of `release` in `environment`, in time or not.
  package func covers(_ finding: Finding, of release: ReleaseID, in environment: EnvironmentName) -> Bool {
    let names = [finding.id] + finding.aliases
    guard names.contains(where: { !$0.isEmpty && $0.lowercased() == id.lowercased() }),
      environments.isEmpty || environments.contains(environment), releases.isEmpty || releases.contains(release)
    else { return false }
    if packages.isEmpty { return true }
    // One place outside of the scope is a risk that nobody took.
    return !finding.places.isEmpty && finding.places.allSatisfy { place in packages.contains { Self.names($0, place) } }
  }

  private static func names(_ wanted: String, _ place: String) -> Bool {
    place == wanted || place.hasPrefix(wanted + "@") || place.hasPrefix(wanted + ":")
  }
}

/// The recorded risk acceptances as they are at this moment, or why they cannot be relied on.
package struct AcceptanceBook: Codable, Sendable, Equatable {
  /// The file as the pipeline file names it; nil when it names none.
  package var file: String?
  /// Of the file's bytes.
  package var digest: Digest?
  package var entries: [RiskAcceptance]
  /// What is wrong with the file; while there is anything, no finding is judged.
  package var problems: [String]

  package init(
    file: String? = nil, digest: Digest? = nil, entries: [RiskAcceptance] = [], problems: [String] = []
  ) {
    self.file = file
    self.digest = digest
    self.entries = entries
    self.problems = problems
  }

  /// An acceptance that ends later than this from now on is one without end: nobody will look at it again in time.
  package static let longest = Span.hours(24 * 366)

  /// What the book says about a finding.
  package enum Answer: Sendable, Equatable {
    /// Nobody takes the risk.
    case silent
    case accepted(RiskAcceptance)
    /// It was accepted until a time that is over.
    case expired(RiskAcceptance)
    /// Its end is so far off that it is none.
    case endless(RiskAcceptance)
  }
}

/// The book by what its entries are about, so that thousands of findings are looked up in it quickly.
struct AcceptanceIndex {
  private let entries: [String: [RiskAcceptance]]
  private let release: ReleaseID
  private let environment: EnvironmentName
  private let now: Timestamp

  init(_ book: AcceptanceBook, for plan: Plan, at now: Timestamp) {
    entries = Dictionary(grouping: book.problems.isEmpty ? book.entries : []) { $0.id.lowercased() }
    release = plan.release.id
    environment = plan.to
    self.now = now
  }

  /// What the book says at this moment; an acceptance in force counts before one that is not.
  func answer(to finding: Finding) -> AcceptanceBook.Answer {
    let named = Set(([finding.id] + finding.aliases).map { $0.lowercased() }).flatMap { entries[$0] ?? [] }
    let covering = named.filter { $0.covers(finding, of: release, in: environment) }
    let inForce = covering.filter { $0.until > now && $0.until <= now + AcceptanceBook.longest }
    if let entry = inForce.max(by: { $0.until < $1.until }) { return .accepted(entry) }
    if let entry = covering.filter({ $0.until > now }).min(by: { $0.until < $1.until }) { return .endless(entry) }
    return covering.max { $0.until < $1.until }.map { .expired($0) } ?? .silent
  }
}

/// A finding that is not mended: what an approver must know.
package struct OpenFinding: Codable, Sendable, Equatable {
  package var finding: Finding
  /// The kinds of the reports that name it.
  package var reports: [String]
  /// The acceptance in force; nil when the finding counts against the limits.
  package var acceptance: RiskAcceptance?
  /// Why an acceptance that names it does not count.
  package var lapse: String?

  package init(finding: Finding, reports: [String], acceptance: RiskAcceptance? = nil, lapse: String? = nil) {
    self.finding = finding
    self.reports = reports
    self.acceptance = acceptance
    self.lapse = lapse
  }
}

/// Every finding that the newest reports of this very artifact list, the worst first, with the acceptance that is in force at `now`.
package func openFindings(
  ledger: Ledger, plan: Plan, acceptances: AcceptanceBook, at now: Timestamp
) -> [OpenFinding] {
  let index = AcceptanceIndex(acceptances, for: plan, at: now)
  var found: [String: OpenFinding] = [:]
  for report in ledger.newestReports(of: plan.release) {
    guard case .findings(let figures) = report.content else { continue }
    for finding in figures.findings {
      let key = finding.id.isEmpty ? "\(report.label) \(finding.places) \(finding.title ?? "")" : finding.id
      let name = ([key] + finding.places).joined(separator: "\n")
      if found[name] != nil {
        if found[name]?.reports.contains(report.label) == false { found[name]?.reports.append(report.label) }
        if finding.weight > found[name]?.finding.weight ?? .low { found[name]?.finding = finding }
        continue
      }
      var open = OpenFinding(finding: finding, reports: [report.label])
      switch index.answer(to: finding) {
      case .silent: break
      case .accepted(let entry): open.acceptance = entry
      case .expired(let entry): open.lapse = "the acceptance by \(entry.by) expired at \(entry.until)"
      case .endless(let entry):
        open.lapse = "the acceptance by \(entry.by) until \(entry.until) is longer than a year, as good as without end"
      }
      found[name] = open
    }
  }
  return found.values.sorted {
    ($1.finding.weight, $0.finding.id, $0.finding.places.joined()) < (
      $0.finding.weight, $1.finding.id, $1.finding.places.joined()
    )
  }
}

extension Ledger {
  /// The reports that were handed in for this very artifact; of one kind and name the newest alone.
  package func newestReports(of release: Release) -> [Report] {
    var newest: [String: Report] = [:]
    for report in reports[release.id] ?? [] where report.isBound(to: release) { newest[report.label] = report }
    return newest.values.sorted { $0.label < $1.label }
  }
}
