/// A proof as it was handed in: which release, what kind, which bytes, and what was read from them.
package struct Report: Codable, Sendable, Equatable {
  package var release: ReleaseID
  /// The release's digest when the report was handed in; a release that changed since then does not get the proof.
  package var releaseDigest: Digest?
  /// The release's commit when the report was handed in; it binds where the release has no digest.
  package var releaseCommit: String?
  /// As the user named it: `security`, `junit`, `cobertura`, …
  package var kind: String
  /// Which of several of its kind, such as `load` beside the unit tests; nil for the only one.
  package var name: String?
  package var file: String
  /// SHA-256 of the file's bytes.
  package var digest: Digest
  package var size: Int
  package var at: Timestamp
  package var content: ReportContent
  /// What the file says about itself; nil where it says nothing.
  package var origin: ReportOrigin?

  package init(
    release: ReleaseID, releaseDigest: Digest?, releaseCommit: String? = nil, kind: String, name: String? = nil,
    file: String, digest: Digest, size: Int, at: Timestamp, content: ReportContent, origin: ReportOrigin? = nil
  ) {
    self.release = release
    self.releaseDigest = releaseDigest
    self.releaseCommit = releaseCommit
    self.kind = kind
    self.name = name
    self.file = file
    self.digest = digest
    self.size = size
    self.at = at
    self.content = content
    self.origin = origin
  }

  /// The kind, with the name where it has one: what tells it from others of the same release.
  package var label: String { name.map { "\(kind) '\($0)'" } ?? kind }
}

/// What a report says, in figures that a gate can judge. A figure that the file does not state is nil, never 0.
package enum ReportContent: Codable, Sendable, Equatable {
  /// A review of requirement A2.
  case review(kind: ReviewKind, status: String?, verdict: String?, severity: Severity?)
  case tests(TestFigures)
  case coverage(CoverageFigures)
  case findings(FindingFigures)
}

/// Counts of one test run. `executed` leaves out what was skipped.
package struct TestFigures: Codable, Sendable, Equatable {
  package var executed: Int
  package var failed: Int
  package var errored: Int
  package var skipped: Int

  package init(executed: Int, failed: Int, errored: Int, skipped: Int) {
    self.executed = executed
    self.failed = failed
    self.errored = errored
    self.skipped = skipped
  }
}

/// Lines that can be covered and lines that were.
package struct CoverageFigures: Codable, Sendable, Equatable {
  package var lines: Int
  package var covered: Int

  package init(lines: Int, covered: Int) {
    self.lines = lines
    self.covered = covered
  }
}

/// What a scanner found. `examined` is how many components, files or rules it looked at, nil when the file does not say.
package struct FindingFigures: Sendable, Equatable {
  package var examined: Int?
  package var bySeverity: [Severity: Int]
  /// Findings whose severity the file does not state; a gate counts them as critical.
  package var unknownSeverity: Int
  /// Identifiers such as CVE numbers, sorted, without repeats, at most 1,000.
  package var ids: [String]
  /// The findings one by one, the worst first, at most ``mostFindings`` and ``mostText``. Those beyond are in the counts and can be accepted by nobody.
  package var findings: [Finding]

  /// As many as a person could ever look at.
  package static let mostFindings = 10_000
  /// About so many bytes, because a report travels in one message of at most a mebibyte.
  package static let mostText = 600_000

  package init(
    examined: Int?, bySeverity: [Severity: Int], unknownSeverity: Int, ids: [String], findings: [Finding] = []
  ) {
    self.examined = examined
    self.bySeverity = bySeverity
    self.unknownSeverity = unknownSeverity
    self.ids = ids
    self.findings = findings
  }
}

extension FindingFigures: Codable {
  private enum CodingKeys: String, CodingKey { case examined, bySeverity, unknownSeverity, ids, findings }

  /// A report from before findings were kept one by one has none.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      examined: try container.decodeIfPresent(Int.self, forKey: .examined),
      bySeverity: try container.decode([Severity: Int].self, forKey: .bySeverity),
      unknownSeverity: try container.decode(Int.self, forKey: .unknownSeverity),
      ids: try container.decode([String].self, forKey: .ids),
      findings: try container.decodeIfPresent([Finding].self, forKey: .findings) ?? [])
  }
}

/// One thing that a scanner found, as far as its report says.
package struct Finding: Codable, Sendable, Equatable {
  /// A CVE number, the scanner's own rule, or empty where the report names none.
  package var id: String
  /// Other names of the same finding.
  package var aliases: [String]
  /// nil where the report states none.
  package var severity: Severity?
  /// Where it is: packages as `name@version`, or files as `path:line`.
  package var places: [String]
  package var title: String?

  package init(id: String, aliases: [String] = [], severity: Severity?, places: [String] = [], title: String? = nil) {
    self.id = id
    self.aliases = aliases
    self.severity = severity
    self.places = places
    self.title = title
  }

  /// What it counts as: nobody knows how bad an unrated one is.
  package var weight: Severity { severity ?? .critical }
}
