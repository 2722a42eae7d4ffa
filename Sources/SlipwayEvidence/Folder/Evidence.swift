package import Foundation
package import SlipwayModel

/// What a run has to show for itself: named contents and a statement about them.
package struct Evidence: Sendable {
  package let run: RunID
  /// When the evidence was closed; every time in it comes from the caller, so equal evidence gives equal bytes.
  package let createdAt: Timestamp
  /// Who wrote it, such as `slipway 0.1.0`.
  package let createdBy: String
  /// Contents by name; a name may have folders: `reports/junit.xml`.
  package let files: [String: Data]
  /// The JSON object that the signed statement carries as its predicate.
  package let predicate: Data
  /// What it is evidence of.
  package let kind: Kind

  package init(
    run: RunID, createdAt: Timestamp, createdBy: String, files: [String: Data], predicate: Data,
    kind: Kind = .promotion
  ) {
    self.kind = kind
    self.run = run
    self.createdAt = createdAt
    self.createdBy = createdBy
    self.files = files
    self.predicate = predicate
  }

  /// The files that every run has at its end, however it ended (requirements B10 and D7).
  package static let requiredFiles = [
    "approval.json", "blue_backup.json", "cutover.json", "final_status.json", "green_restore.json", "inputs.json",
    "metrics.json", "promotion.log", "promotion_summary.md", "rollback.json", "run_id.txt", "smoke_tests.json",
    "stability_metrics.json", "staging_snapshot.json",
  ]

  /// What a folder can be evidence of; its raw value is the predicate type of the signed statement.
  package enum Kind: String, Sendable, CaseIterable {
    /// A run.
    case promotion = "https://slipway.dev/promotion/v1"
    /// The looks at a release after it began to serve (E14).
    case aftercare = "https://slipway.dev/aftercare/v1"

    /// The files that such a folder has at least.
    package var requiredFiles: [String] {
      switch self {
      case .promotion: Evidence.requiredFiles
      case .aftercare: ["aftercare.json", "looks.jsonl", "run_id.txt"]
      }
    }

    /// Required files that `names` lacks, sorted.
    package func missing(from names: some Sequence<String>) -> [String] {
      let present = Set(names)
      return requiredFiles.filter { !present.contains($0) }
    }
  }
}
