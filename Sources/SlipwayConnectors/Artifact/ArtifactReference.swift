private import struct Crypto.SHA256
internal import Foundation
package import SlipwayModel

/// What an artifact's name promises: a file that can be hashed, a reference by digest, or a tag that may move (E5).
package enum ArtifactReference: Sendable, Equatable {
  case file(String)
  case byDigest(SlipwayModel.Digest)
  /// A tag; `isNamedMoving` for those that move by custom.
  case tag(String, isNamedMoving: Bool)

  private static let moving: Set<String> = [
    "latest", "prod", "production", "staging", "main", "master", "stable", "dev", "edge", "nightly", "canary",
    "release",
  ]

  /// Reads a reference; a path is one that begins with `/`, `./` or `../`, names a file that exists in `folder`, or ends in a file's name
  /// without a tag (`dist/app.tar.gz`), so that a missing file is called missing and not an image.
  package init(_ text: String, folder: String) {
    let path = text.hasPrefix("/") ? text : folder + "/" + text
    let last = text.split(separator: "/").last.map(String.init) ?? text
    let isNamed = last.contains(".") && !last.contains(where: { $0 == ":" || $0 == "@" })
    if text.hasPrefix("/") || text.hasPrefix("./") || text.hasPrefix("../") || isNamed
      || FileManager.default.fileExists(atPath: path)
    {
      self = .file(path)
    } else if let at = text.lastIndex(of: "@"), let digest = SlipwayModel.Digest(String(text[text.index(after: at)...]))
    {
      self = .byDigest(digest)
    } else if let at = last.lastIndex(of: "@") {
      // A digest that is none; the gate then says what form one has.
      self = .tag(String(last[last.index(after: at)...]), isNamedMoving: false)
    } else {
      let tag = last.lastIndex(of: ":").map { String(last[last.index(after: $0)...]) } ?? "latest"
      self = .tag(tag, isNamedMoving: Self.moving.contains(tag.lowercased()))
    }
  }
}

/// The digest of an artifact that is a file.
package enum FileDigest {
  /// SHA-256 over the file, read in pieces.
  ///
  /// - Throws: ``ConnectorError``: `misconfigured` when the file is not there or cannot be read.
  package static func of(_ path: String) throws(ConnectorError) -> SlipwayModel.Digest {
    guard FileManager.default.fileExists(atPath: path) else {
      throw ConnectorError(.misconfigured, "artifact \(path) does not exist; build it, or correct the path")
    }
    let (handle, _) = try BoundedFile.open(path)
    defer { try? handle.close() }
    var hash = SHA256()
    do {
      while let piece = try handle.read(upToCount: 1 << 20), !piece.isEmpty { hash.update(data: piece) }
    } catch {
      throw ConnectorError(.misconfigured, "artifact \(path) cannot be read to its end: \(error)")
    }
    let hex = hash.finalize().map { byte in
      let text = String(byte, radix: 16)
      return byte < 16 ? "0" + text : text
    }.joined()
    guard let digest = SlipwayModel.Digest(hex: hex) else {
      throw ConnectorError(.garbage, "the digest of \(path) has the wrong form")
    }
    return digest
  }
}

/// The gate on an immutable reference: what was built is what will be deployed (E5).
package struct ImmutableReferenceGate: Sendable {
  private let folder: String

  package init(folder: String) { self.folder = folder }

  /// Judges the artifact of `release` as it is now.
  package func judge(_ gate: GateSpec, _ release: Release, at now: Timestamp) -> GateReport {
    func report(_ verdict: Verdict, _ reason: String, _ digest: SlipwayModel.Digest? = nil) -> GateReport {
      let proof = [Proof(what: "artifact \(release.artifact)", from: release.artifact, at: now, digest: digest)]
      return GateReport(gate: gate.name, verdict: verdict, reason: reason, proof: proof)
    }
    switch ArtifactReference(release.artifact, folder: folder) {
    case .file(let path):
      guard let built = release.digest else {
        return report(
          .failed, "no digest was registered for file \(release.artifact); register the release with --digest")
      }
      do throws(ConnectorError) {
        let found = try FileDigest.of(path)
        return found == built
          ? report(.passed, "the file still has its digest \(built)", found)
          : report(
            .failed, "the file has digest \(found), registered was \(built): it was changed after the build", found)
      } catch {
        return report(.error, error.message)
      }
    case .byDigest(let digest):
      if let built = release.digest, built != digest {
        return report(.failed, "the reference names \(digest), registered was \(built)", digest)
      }
      return report(.passed, "named by digest \(digest)", digest)
    case .tag(let tag, let isNamedMoving):
      let kind = isNamedMoving ? "a moving tag" : "a tag, which can be moved"
      return report(.failed, "'\(tag)' is \(kind); name the artifact by digest: NAME@sha256:…")
    }
  }
}
