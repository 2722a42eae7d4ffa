internal import Crypto
internal import Foundation
internal import Glibc
internal import SlipwayModel

/// Checks an evidence folder with nothing but the folder: no state, no network, bounded memory.
package enum EvidenceVerifier {
  /// Looks at everything, whatever it finds first, and reports it all.
  ///
  /// - Parameters:
  ///   - folder: what ``EvidenceFolder`` has published, or anything else; nothing in it is followed or run.
  ///   - trustedKey: the key that must have signed. Without it the folder's own key is used, which proves that the folder
  ///     is whole but not who made it.
  /// - Returns: every check with what it found; ``EvidenceReport/passed`` sums it up.
  package static func verify(_ folder: String, trustedKey: PublicKey? = nil) -> EvidenceReport {
    var inspection = EvidenceInspection(folder: folder, trustedKey: trustedKey)
    return inspection.report()
  }
}

/// One run of the verifier.
private struct EvidenceInspection {
  private let folder: String
  private let trustedKey: PublicKey?
  private let listing: FolderListing
  private var checks: [EvidenceReport.Check] = []
  /// What the signed statement says that this is evidence of.
  private var kind = Evidence.Kind.promotion

  /// A manifest, envelope or key is small; more is no work of ours.
  private static let documentLimit = 64 << 20

  init(folder: String, trustedKey: PublicKey?) {
    self.folder = folder
    self.trustedKey = trustedKey
    listing = FolderListing(of: folder)
  }

  mutating func report() -> EvidenceReport {
    checkKinds()
    let key = checkKey()
    let bytes = document(EvidenceName.manifest)
    let manifest = bytes.flatMap { Manifest(bytes: $0) }
    if let bytes {
      if manifest == nil { fail(EvidenceName.manifest, .malformed, "no manifest in the form that Slipway writes") }
      if let key { checkManifestSignature(bytes, key) }
      if let key { checkEnvelope(manifestBytes: bytes, manifest, key) }
    }
    if let manifest {
      checkRequired(manifest)
      for file in manifest.files { check(file) }
      checkExtra(manifest)
    }
    return EvidenceReport(
      folder: folder, run: manifest?.run.text, keyID: key?.keyID, isKeyTrusted: trustedKey != nil, checks: checks)
  }

  private mutating func pass(_ subject: String, _ detail: String) {
    checks.append(EvidenceReport.Check(subject: subject, problem: nil, detail: detail))
  }

  private mutating func fail(_ subject: String, _ problem: EvidenceReport.Problem, _ detail: String) {
    checks.append(EvidenceReport.Check(subject: subject, problem: problem, detail: detail))
  }

  private mutating func checkKinds() {
    if listing.isCut { fail(folder, .unreadable, "no folder, no right to read all of it, or far too much in it") }
    for name in listing.names(of: .other) {
      fail(name, .notAFile, "a link, pipe or device, which evidence never holds")
    }
  }

  private mutating func document(_ name: String) -> Data? {
    switch listing.entries[name] {
    case nil: fail(name, .missing, "not in the folder")
    case .folder: fail(name, .notAFile, "a folder where a file is expected")
    case .other: break
    case .file:
      if let bytes = FolderListing.read("\(folder)/\(name)", limit: Self.documentLimit) { return bytes }
      fail(name, .tooLarge, "cannot be read, or is larger than 64 MiB")
    }
    return nil
  }

  private mutating func checkKey() -> PublicKey? {
    guard let bytes = document(EvidenceName.publicKey) else { return trustedKey }
    let own = try? PublicKey(pem: String(decoding: bytes, as: UTF8.self))
    guard let own, Data(own.pem.utf8) == bytes else {
      fail(EvidenceName.publicKey, .malformed, "no Ed25519 public key as OpenSSL writes it")
      return trustedKey ?? own
    }
    if let trustedKey, trustedKey != own {
      fail(EvidenceName.publicKey, .unknownKey, "key \(own.keyID) is not the trusted key \(trustedKey.keyID)")
    } else {
      pass(EvidenceName.publicKey, "key \(own.keyID)")
    }
    return trustedKey ?? own
  }

  private mutating func checkManifestSignature(_ manifest: Data, _ key: PublicKey) {
    guard let signature = document(EvidenceName.manifestSignature) else { return }
    if key.isValid(signature, for: manifest) {
      pass("manifest signature", "made by key \(key.keyID)")
    } else {
      fail("manifest signature", .badSignature, "not made over this manifest by key \(key.keyID)")
    }
  }

  private mutating func checkEnvelope(manifestBytes: Data, _ manifest: Manifest?, _ key: PublicKey) {
    let written = document(EvidenceName.envelope)
    if let lines = document(EvidenceName.envelopeLines), let written {
      if lines == written {
        pass(EvidenceName.envelopeLines, "the envelope again")
      } else {
        fail(EvidenceName.envelopeLines, .changed, "differs from \(EvidenceName.envelope)")
      }
    }
    guard let written else { return }
    do {
      let envelope = try Envelope(json: written)
      let payload = try envelope.verified(by: [key])
      // Nobody signs the key's hint, the spelling of base64 or the spaces; so there is only one right spelling.
      guard envelope.json == written, envelope.signatures.map(\.keyID) == [key.keyID] else {
        return fail("envelope", .changed, "the signature holds, but the text around it was altered")
      }
      pass("envelope signature", "made by key \(key.keyID)")
      checkStatement(envelope.payloadType, payload, manifestBytes: manifestBytes, manifest)
    } catch {
      fail("envelope signature", error.code == .malformed ? .malformed : .badSignature, error.message)
    }
  }

  private mutating func checkStatement(_ type: String, _ payload: Data, manifestBytes: Data, _ manifest: Manifest?) {
    guard type == Envelope.statementType, let header = Statement.header(of: payload), header.type == Statement.type,
      let kind = Evidence.Kind(rawValue: header.predicateType)
    else {
      let known = Evidence.Kind.allCases.map(\.rawValue).joined(separator: " or ")
      return fail("statement", .malformed, "no in-toto statement of type \(known)")
    }
    self.kind = kind
    if header.subject == Statement.subjects(manifest: manifestBytes, files: manifest?.files ?? []) {
      pass("statement", "about this manifest and \(header.subject.count - 1) files")
    } else {
      fail("statement", .wrongSubject, "about other files than this manifest lists")
    }
  }

  private mutating func checkRequired(_ manifest: Manifest) {
    for name in kind.missing(from: manifest.files.map(\.name)) {
      fail(name, .missing, "required for every run, but not in the manifest")
    }
    for name in EvidenceName.unlisted where manifest.files.contains(where: { $0.name == name }) {
      fail(name, .malformed, "carries a signature and cannot be in the manifest")
    }
  }

  private mutating func check(_ file: Manifest.File) {
    switch listing.entries[file.name] {
    case nil: return fail(file.name, .missing, "in the manifest, but not in the folder")
    case .folder: return fail(file.name, .notAFile, "a folder where a file is expected")
    case .other: return
    case .file: break
    }
    let found = FolderListing.withFile("\(folder)/\(file.name)") { descriptor, size in
      size == file.size ? (size, Self.digest(of: descriptor, size: size)) : (size, nil)
    }
    switch found {
    case nil: fail(file.name, .unreadable, "cannot be read")
    case (let size, _)? where size != file.size:
      fail(file.name, .changed, "\(size) bytes, but the manifest says \(file.size)")
    case (_, let digest)? where digest != file.sha256: fail(file.name, .changed, "not the bytes that were signed for")
    case (_, _)?: pass(file.name, "\(file.size) bytes, sha256 \(file.sha256)")
    }
  }

  /// Reads a piece at a time; nil when there is more or less than `size`, since the file may be growing.
  private static func digest(of descriptor: Int32, size: Int64) -> String? {
    var hash = SHA256()
    var total: Int64 = 0
    var buffer = [UInt8](repeating: 0, count: 262_144)
    while total <= size {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { return total == size ? Data(hash.finalize()).hexadecimal : nil }
      buffer.withUnsafeBytes { hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      total += Int64(count)
    }
    return nil
  }

  private mutating func checkExtra(_ manifest: Manifest) {
    let names = manifest.files.map(\.name)
    let expected = Set(names + EvidenceName.unlisted)
    let folders = Set(EvidenceName.folders(above: names))
    let extra =
      listing.names(of: .file).filter { !expected.contains($0) }
      + listing.names(of: .folder).filter { !folders.contains($0) }
    if extra.isEmpty, !listing.isCut { pass("unlisted files", "none") }
    for name in extra { fail(name, .extra, "in the folder, but not in the manifest") }
  }
}
