internal import Foundation
internal import SlipwayEvidence
package import SlipwayModel

/// The gate on attestations: who built this very digest, and from what.
package struct ProvenanceGate: Sendable {
  private let registry: RegistryClient
  private let folder: String

  /// Key files with relative names begin in `folder`.
  package init(registry: RegistryClient, folder: String) {
    self.registry = registry
    self.folder = folder
  }

  /// Judges what is attached to the image of `release`.
  package func judge(_ gate: GateSpec, _ spec: ProvenanceSpec, _ release: Release, at now: Timestamp) async
    -> GateReport
  {
    var finding = GateFinding(gate: gate.name, at: now)
    if case .file = ArtifactReference(release.artifact, folder: folder) {
      return finding.report(
        .undecided, "\(release.artifact) is a file, and attestations are looked for beside an image",
        "deliver the release as an image, or take the gate out for it")
    }
    do throws(ConnectorError) {
      let image = try ImageReference(release.artifact)
      guard let digest = image.digest ?? release.digest else {
        return finding.report(
          .failed, "the release names no digest, so nothing can be attested of it",
          "name the image by digest: NAME@sha256:…")
      }
      if let built = release.digest, built != digest {
        return finding.report(.failed, "the reference names \(digest), registered was \(built)")
      }
      var keys: [VerificationKey] = []
      for path in spec.keys {
        let key = try self.key(path)
        // One key under two names must not count twice.
        if !keys.contains(key) { keys.append(key) }
        finding.read("key \(key)", path, Digest(hex: key.keyID))
      }
      let found = try await AttestationFinder(registry: registry).all(of: digest, in: image)
      for place in found.looked { finding.read(place.what, place.document) }
      let policy = ProvenancePolicy(spec: spec, keys: keys, digest: digest, commit: release.commit)
      var worths: [ProvenancePolicy.Worth] = []
      for (data, document) in found.envelopes {
        let worth = policy.judge(data)
        worths.append(worth)
        finding.read("attestation (\(Self.word(worth)))", document)
      }
      let (verdict, reason, remedy, warnings) = policy.verdict(worths)
      finding.warnings = found.remarks + warnings
      return finding.report(verdict, reason, remedy)
    } catch {
      return finding.failure(error)
    }
  }

  private func key(_ path: String) throws(ConnectorError) -> VerificationKey {
    let data = try BoundedFile.contents(of: path.hasPrefix("/") ? path : folder + "/" + path, limit: 1 << 20)
    do throws(EvidenceError) {
      return try VerificationKey(pem: String(decoding: data, as: UTF8.self))
    } catch {
      throw ConnectorError(.misconfigured, "key file \(path): \(error.message)")
    }
  }

  private static func word(_ worth: ProvenancePolicy.Worth) -> String {
    switch worth {
    case .good: "counts"
    case .beside: "of another kind"
    case .unsigned: "not signed by a known key"
    case .wrong: "refused"
    }
  }
}
