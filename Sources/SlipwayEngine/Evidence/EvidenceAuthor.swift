internal import Foundation
internal import SlipwayConnectors
package import SlipwayEvidence
internal import SlipwayJournal
internal import SlipwayModel

/// Writes a run's evidence folder from its journal entries, redacted and signed.
package struct EvidenceAuthor: Sendable {
  private let key: SigningKey
  private let redactor: Redactor

  /// - Parameters:
  ///   - key: signs the folder.
  ///   - redactor: knows the secrets that must not appear.
  package init(key: SigningKey, redactor: Redactor) {
    self.key = key
    self.redactor = redactor
  }

  /// The request as evidence and every shelf hold it.
  ///
  /// - Throws: an encoding error.
  func document(_ request: ApprovalRequest) throws -> RequestDocument { try RequestDocument(request, redactor) }

  /// The handoff document of a run as it stands, without secrets.
  func handoff(_ promotion: Promotion, evidence: String, at now: Timestamp) -> String {
    redactor.redact(HandoffDocument.text(promotion, evidence: evidence, at: now))
  }

  /// Publishes the folder; a repeat with the same entries changes nothing.
  ///
  /// - Throws: ``EvidenceError``.
  func write(
    _ promotion: Promotion, entries: [StoredEntry], request: ApprovalRequest?, into state: StateFolder
  ) throws -> (folder: String, manifest: Digest) {
    let contents = EvidenceFiles(
      promotion: promotion, entries: entries, request: try request.map { try RequestDocument($0, redactor) })
    let evidence = Evidence(
      run: promotion.run, createdAt: contents.ending, createdBy: "slipway", files: try contents.all(),
      predicate: try CanonicalJSON.encodeForUsers(contents.predicate))
    let folder = state.evidence(of: promotion)
    try FileManager.default.createDirectory(
      at: folder.deletingLastPathComponent(), withIntermediateDirectories: true)
    return try publish(evidence, at: folder)
  }

  /// Publishes evidence of any kind as `folder`.
  ///
  /// - Throws: ``EvidenceError``.
  func publish(_ evidence: Evidence, at folder: URL) throws -> (folder: String, manifest: Digest) {
    let published = try EvidenceFolder.publish(evidence, at: folder.path, signer: key, redactor: redactor)
    return (published.path, published.manifest)
  }
}
