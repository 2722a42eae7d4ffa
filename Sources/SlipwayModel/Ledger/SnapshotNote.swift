/// Something that happened to a snapshot, for the journal (B14, C3).
package struct SnapshotNote: Codable, Sendable, Equatable {
  package enum Word: String, Codable, Sendable, CaseIterable {
    /// It was taken by hand.
    case taken
    /// Its data are beside the running ones now.
    case restored
    /// It is going to be deleted; written before anything is.
    case deleting
    case deleted
    /// It came back from the bucket.
    case fetched
  }

  package var id: SnapshotID
  package var word: Word
  package var environment: EnvironmentName
  /// SHA-256 of its manifest; nil where that is damaged.
  package var manifest: Digest?
  /// Where it lies, or where its data went to.
  package var place: String
  /// Why, for people.
  package var reason: String?

  package init(
    _ word: Word, _ id: SnapshotID, of environment: EnvironmentName, manifest: Digest?, place: String,
    reason: String? = nil
  ) {
    self.word = word
    self.id = id
    self.environment = environment
    self.manifest = manifest
    self.place = place
    self.reason = reason
  }
}
