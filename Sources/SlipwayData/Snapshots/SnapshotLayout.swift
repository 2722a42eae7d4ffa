/// How the parts of a snapshot are called.
enum SnapshotLayout {
  static let manifest = "manifest.json"
  /// SHA-256 of the manifest as `sha256sum -c` reads it.
  static let sum = "manifest.json.sha256"
  static let list = "files.jsonl"
  /// What `pg_dump` wrote.
  static let database = "database"
  static let files = "files"
  static let filesPrefix = "files/"
  /// Where snapshots are made and taken apart, out of sight.
  static let making = ".making"
}
