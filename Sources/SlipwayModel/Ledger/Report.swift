/// A proof as it was handed in: which release, what kind, which bytes, and what was read from them.
package struct Report: Codable, Sendable, Equatable {
  package var release: ReleaseID
  /// The release's digest when the report was handed in; a release that changed since then does not get the proof.
  package var releaseDigest: Digest?
  /// As the user named it: `security`, `junit`, `cobertura`, …
  package var kind: String
  package var file: String
  /// SHA-256 of the file's bytes.
  package var digest: Digest
  package var size: Int
  package var at: Timestamp
  package var content: ReportContent

  package init(
    release: ReleaseID, releaseDigest: Digest?, kind: String, file: String, digest: Digest, size: Int, at: Timestamp,
    content: ReportContent
  ) {
    self.release = release
    self.releaseDigest = releaseDigest
    self.kind = kind
    self.file = file
    self.digest = digest
    self.size = size
    self.at = at
    self.content = content
  }
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
package struct FindingFigures: Codable, Sendable, Equatable {
  package var examined: Int?
  package var bySeverity: [Severity: Int]
  /// Findings whose severity the file does not state; a gate counts them as critical.
  package var unknownSeverity: Int
  /// Identifiers such as CVE numbers, sorted, without repeats, at most 1,000.
  package var ids: [String]

  package init(examined: Int?, bySeverity: [Severity: Int], unknownSeverity: Int, ids: [String]) {
    self.examined = examined
    self.bySeverity = bySeverity
    self.unknownSeverity = unknownSeverity
    self.ids = ids
  }
}
