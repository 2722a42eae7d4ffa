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

  package init(run: RunID, createdAt: Timestamp, createdBy: String, files: [String: Data], predicate: Data) {
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

  /// The predicate type of the signed statement.
  package static let predicateType = "https://slipway.dev/promotion/v1"

  /// Required files that `names` lacks, sorted.
  package static func missing(from names: some Sequence<String>) -> [String] {
    let present = Set(names)
    return requiredFiles.filter { !present.contains($0) }
  }
}
