internal import Foundation
package import SlipwayModel

/// Writes evidence as a signed folder that anyone can check without Slipway.
package enum EvidenceFolder {
  /// What ``publish(_:at:signer:redactor:)`` did.
  package struct Published: Sendable, Equatable {
    package let path: String
    /// The digest of `manifest.json`, by which the journal can hold on to the whole folder.
    package let manifest: Digest
    /// Whether the very same folder was there before.
    package let wasThere: Bool
  }

  /// Redacts, signs and publishes `evidence` as the folder `path`.
  ///
  /// All or nothing: the folder is complete and on disk before it gets its name, and a crash leaves at most a hidden sibling,
  /// which the next call clears away. A repeat with equal evidence changes nothing.
  ///
  /// - Throws: `missingFiles` naming what is absent, `badName`, `malformed` for JSON that is none, `conflict` when other
  ///   content stands under `path`, `storage` when the disk refuses.
  package static func publish(
    _ evidence: Evidence, at path: String, signer: SigningKey, redactor: Redactor
  ) throws(EvidenceError) -> Published {
    let (contents, manifest) = try contents(of: evidence, signer: signer, redactor: redactor)
    let wasThere = try FolderPublication(path: path, contents: contents).publish()
    return Published(path: path, manifest: Digest(of: manifest), wasThere: wasThere)
  }

  /// The bytes of every file of the folder, and of the manifest again; the same evidence and key give the same bytes.
  static func contents(
    of evidence: Evidence, signer: SigningKey, redactor: Redactor
  ) throws(EvidenceError) -> (files: [String: Data], manifest: Data) {
    try checkNames(evidence, redactor: redactor)
    var contents: [String: Data] = [:]
    for (name, bytes) in evidence.files { contents[name] = try redacted(bytes, name, redactor) }
    contents[EvidenceName.publicKey] = Data(signer.publicKey.pem.utf8)
    contents[EvidenceName.script] = Data(VerifyScript.text.utf8)
    let list = Manifest(
      run: evidence.run, createdAt: evidence.createdAt, createdBy: evidence.createdBy, contents: contents)
    let manifest = list.bytes
    let predicate = try redacted(evidence.predicate, "predicate.json", redactor)
    guard predicate.first(where: { !ByteClass.isSpace($0) }) == UInt8(ascii: "{") else {
      throw EvidenceError(.malformed, "the predicate of run \(evidence.run) is no JSON object; hand one in")
    }
    let subjects = Statement.subjects(manifest: manifest, files: list.files)
    let statement = Statement.encode(subjects: subjects, type: evidence.kind, predicate: predicate)
    let envelope = try Envelope(signing: statement, type: Envelope.statementType, with: [signer]).json
    contents[EvidenceName.manifest] = manifest
    contents[EvidenceName.manifestSignature] = try signer.signature(for: manifest)
    contents[EvidenceName.envelope] = envelope
    contents[EvidenceName.envelopeLines] = envelope
    return (contents, manifest)
  }

  private static func checkNames(_ evidence: Evidence, redactor: Redactor) throws(EvidenceError) {
    let missing = evidence.kind.missing(from: evidence.files.keys)
    guard missing.isEmpty else {
      throw EvidenceError(
        .missingFiles, "run \(evidence.run) lacks evidence: \(missing.joined(separator: ", ")); nothing was published",
        names: missing)
    }
    let names = evidence.files.keys.sorted()
    let folders = Set(EvidenceName.folders(above: names))
    let bad = names.filter {
      !EvidenceName.isSafe($0) || EvidenceName.reserved.contains($0) || folders.contains($0)
        || redactor.redact($0) != $0
    }
    guard bad.isEmpty, folders.isDisjoint(with: EvidenceName.reserved) else {
      throw EvidenceError(
        .badName,
        "run \(evidence.run) has evidence with unusable names: "
          + bad.map { redactor.redact($0.debugDescription) }.joined(separator: ", ")
          + "; use relative paths of letters, digits and ._-+=@ that are not Slipway's own", names: bad)
    }
  }

  private static func redacted(_ bytes: Data, _ name: String, _ redactor: Redactor) throws(EvidenceError) -> Data {
    let redacted = redactor.redact(bytes, named: name)
    let documents: [Data]
    switch true {
    case name.hasSuffix(".json"): documents = [redacted]
    case name.hasSuffix(".jsonl"): documents = redacted.split(separator: 0x0A).map { Data($0) }
    default: return redacted
    }
    for document in documents {
      let isWhole = document.withUnsafeBytes { raw in
        raw.withMemoryRebound(to: UInt8.self) { bytes in
          var walk = JSONWalk(bytes)
          return walk.walk { _, _, _, _ in }
        }
      }
      guard isWhole, String(data: document, encoding: .utf8) != nil else {
        throw EvidenceError(.malformed, "\(name) is no JSON in UTF-8; nothing was published", names: [name])
      }
    }
    return redacted
  }
}
