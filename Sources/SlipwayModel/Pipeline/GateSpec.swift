/// What must be true before a release may move; each case is one gate of the pipeline file.
package enum GateSpec: Codable, Sendable, Equatable {
  /// The release was verified in the environment it comes from, with this very digest (E2).
  case verified(in: EnvironmentName)
  /// The verified release stayed live there, without a break, for at least this long (E3).
  case soak(in: EnvironmentName, atLeast: Span)
  /// Review reports of these kinds were handed in and passed (A2).
  case reviews([ReviewKind], maxAge: Span? = nil)
  /// Test reports with at least `minimum` executed tests and no failure: those of one name, or all together (D2, D3).
  case tests(minimum: Int, name: String? = nil, maxAge: Span? = nil)
  /// At most this many findings per severity (E4, A3); an absent one has the limit of the next milder one that has one, so that a limit on high
  /// findings never lets critical ones pass.
  case vulnerabilities(limits: [Severity: Int], maxAge: Span? = nil)
  /// Covered lines in percent (D2).
  case coverage(lines: Double, maxAge: Span? = nil)
  /// The artifact is named by digest and still is what was registered: a file by its bytes, an image by what its registry serves (E5).
  case immutableReference(platform: String? = nil, registry: RegistryUse = .ask)
  /// Signed attestations say who built this very digest, and from what (E5).
  case provenance(ProvenanceSpec)
  /// The named deployment window is open (E6).
  case window(String)
  /// No freeze covers the environment (E6).
  case noFreeze
  /// The release that serves now is known, healthy to go back to and still in its slot (E11).
  case rollbackTarget
  /// A command that exits 0; what it prints is the proof.
  case command(name: String, run: String, timeout: Span)
  /// Everything that the release depends on answers as it should; all are asked, all are reported (C1, C2).
  case dependencies([DependencySpec])
  /// What serves in the environment it comes from is this very release, or of the same commit (B1).
  case sameCommit(as: EnvironmentName)
  /// Databases and files can be reached, with the rights that are needed, and `factor` times their size is free (B1).
  case dataReady(factor: Double = 3)

  /// The name by which status, evidence and messages call the gate.
  package var name: String {
    switch self {
    case .verified(let environment): "verified-in-\(environment)"
    case .soak(let environment, _): "soak-in-\(environment)"
    case .reviews: "reviews"
    case .tests(_, let name, _): name.map { "tests-\($0)" } ?? "tests"
    case .vulnerabilities: "vulnerabilities"
    case .coverage: "coverage"
    case .immutableReference: "immutable-reference"
    case .provenance: "provenance"
    case .window(let name): "window-\(name)"
    case .noFreeze: "no-freeze"
    case .rollbackTarget: "rollback-target"
    case .command(let name, _, _): name
    case .dependencies: "dependencies"
    case .sameCommit(let environment): "same-commit-as-\(environment)"
    case .dataReady: "data-ready"
    }
  }
}

extension GateSpec {
  /// How long judging it may take.
  package var timeout: Span {
    switch self {
    case .command(_, _, let own): own
    // All are asked at the same time.
    case .dependencies(let specs): (specs.map(\.timeout).max() ?? .zero) + .seconds(20)
    // A folder of many files is measured file by file.
    case .dataReady: .minutes(5)
    case .verified, .soak, .reviews, .tests, .vulnerabilities, .coverage, .immutableReference, .provenance, .window,
      .noFreeze, .rollbackTarget, .sameCommit:
      .seconds(30)
    }
  }

  var looksAtData: Bool { if case .dataReady = self { true } else { false } }
}

/// The reviews of requirement A2, and the code review and the CI's word of D2 in the same form.
package enum ReviewKind: String, Codable, Sendable, CaseIterable, Comparable {
  case ba, architect, security, devops, e2e, code, ci
  package static func < (left: ReviewKind, right: ReviewKind) -> Bool { left.rawValue < right.rawValue }
}

/// How bad a finding is; ordered from harmless to worst.
package enum Severity: String, Codable, Sendable, CaseIterable, Comparable, CodingKeyRepresentable {
  case low = "LOW"
  case medium = "MEDIUM"
  case high = "HIGH"
  case critical = "CRITICAL"

  private var rank: Int {
    switch self {
    case .low: 0
    case .medium: 1
    case .high: 2
    case .critical: 3
    }
  }

  package static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }
}
