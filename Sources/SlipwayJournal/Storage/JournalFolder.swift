package import Foundation

/// Where the files of one state folder lie.
package struct JournalFolder: Sendable {
  package let url: URL

  package init(_ url: URL) { self.url = url }

  /// The database: the only truth.
  package var database: URL { url.appendingPathComponent("journal.sqlite") }
  /// The lock that only one driver holds.
  package var lock: URL { url.appendingPathComponent("driver.lock") }
  /// The signed place of the last entry, rewritten in place.
  package var head: URL { url.appendingPathComponent("journal.head") }
  /// Signed checkpoints, appended.
  package var checkpoints: URL { url.appendingPathComponent("checkpoints") }
}
