internal import Foundation
package import SlipwayModel

/// The gates on an image: what was built is what its registry serves now, and the way back is still there (E5, E11).
package struct ImageGate: Sendable {
  private let registry: RegistryClient

  package init(registry: RegistryClient) { self.registry = registry }

  /// Judges the image of `release`, which is named by a digest.
  package func judge(
    _ gate: GateSpec, _ release: Release, platform: String?, at now: Timestamp
  ) async -> GateReport {
    var finding = GateFinding(gate: gate.name, at: now)
    let image: ImageReference
    do throws(ConnectorError) {
      image = try ImageReference(release.artifact)
    } catch {
      return finding.report(
        .failed, error.message,
        "correct the artifact, or say 'immutable-reference: {registry: skip}' where it is named by digest and is no image"
      )
    }
    do throws(ConnectorError) {
      guard let digest = image.digest else {
        return finding.report(.failed, "the reference names no digest", "name the image by digest: NAME@sha256:…")
      }
      if let built = release.digest, built != digest {
        return finding.report(
          .failed, "the reference names \(digest), registered was \(built)",
          "register the release anew with the digest that was built")
      }
      guard let served = try await registry.manifest(digest.description, in: image) else {
        return finding.report(
          .failed, "\(image.registry) serves no \(image.repository)@\(digest); it was never pushed, or was deleted",
          "push the image that was built, with its digest kept")
      }
      let manifest = try ImageManifest(served.data, contentType: served.contentType)
      finding.read("manifest \(manifest.mediaType)", served)
      if let tag = image.tag, let report = try await moved(tag, image, digest, &finding) { return report }
      let wanted = platform.flatMap { ImagePlatform($0) }
      if let wanted, let report = try await missing(wanted, manifest, image, &finding) { return report }
      return finding.report(
        .passed, "\(image.registry) serves \(image.repository)@\(digest)\(wanted.map { " for \($0)" } ?? "")")
    } catch {
      return finding.failure(error)
    }
  }

  /// A tag beside the digest says what people believe they deploy; when it was pushed again, they would be wrong.
  private func moved(
    _ tag: String, _ image: ImageReference, _ digest: Digest, _ finding: inout GateFinding
  ) async throws(ConnectorError) -> GateReport? {
    let found = try await registry.digest(of: tag, in: image)
    finding.read("tag \(tag)", "\(image.registry)/\(image.repository):\(tag)", found)
    guard let found else {
      finding.warnings.append("tag '\(tag)' is no longer in \(image.registry); the digest is")
      return nil
    }
    guard found != digest else { return nil }
    return finding.report(
      .failed, "tag '\(tag)' was pushed again: the release is \(digest), the registry's \(tag) is now \(found)",
      "find out who pushed \(tag) again, and register what is to be deployed as a release of its own")
  }

  private func missing(
    _ wanted: ImagePlatform, _ manifest: ImageManifest, _ image: ImageReference, _ finding: inout GateFinding
  ) async throws(ConnectorError) -> GateReport? {
    let remedy = "build the image for \(wanted), or correct 'platform' in the pipeline file"
    switch manifest.content {
    case .index(let entries):
      guard let child = entries.first(where: { $0.platform?.fits(wanted) ?? false }) else {
        let known = entries.compactMap { $0.platform?.description }.prefix(10).joined(separator: ", ")
        return finding.report(
          .failed, "the image has no \(wanted); it has \(known.isEmpty ? "no platform" : known)", remedy)
      }
      guard let served = try await registry.manifest(child.digest.description, in: image) else {
        return finding.report(
          .failed, "the index names \(child.digest) for \(wanted), which \(image.registry) does not serve", remedy)
      }
      let inner = try ImageManifest(served.data, contentType: served.contentType)
      guard case .image = inner.content else {
        return finding.report(.failed, "what the index names for \(wanted) is an index again", remedy)
      }
      finding.read("manifest for \(wanted)", served)
      return nil
    case .image(let config, _):
      guard let config, let blob = try await registry.blob(config.digest, in: image),
        let found = try? JSONDecoder().decode(Configuration.self, from: blob.data)
      else { return finding.report(.failed, "the image does not say what it runs on", remedy) }
      finding.read("configuration", blob)
      let platform = ImagePlatform(os: found.os ?? "", architecture: found.architecture ?? "", variant: found.variant)
      guard platform.fits(wanted) else {
        return finding.report(.failed, "the image is for \(platform), not for \(wanted)", remedy)
      }
      return nil
    }
  }

  private struct Configuration: Decodable {
    var os: String?
    var architecture: String?
    var variant: String?
  }

  /// Judges a release that is named by a tag alone: it never passes; the digest that the tag has now is said where the host is named.
  package func refuse(
    _ gate: GateSpec, _ release: Release, tag: String, isNamedMoving: Bool, at now: Timestamp
  ) async -> GateReport {
    var finding = GateFinding(gate: gate.name, at: now)
    let kind = isNamedMoving ? "a moving tag" : "a tag, which can be moved"
    var name = "NAME@sha256:…"
    var also = ""
    if let image = try? ImageReference(release.artifact), image.isRegistryNamed, let tag = image.tag {
      do throws(ConnectorError) {
        let found = try await registry.digest(of: tag, in: image)
        finding.read("tag \(tag)", "\(image.registry)/\(image.repository):\(tag)", found)
        if let found {
          name = "\(image.registry)/\(image.repository):\(tag)@\(found)"
          also = "; it is \(found) at this moment"
        } else {
          also = "; the registry does not know it"
        }
      } catch {
        also = "; \(error.message)"
      }
    }
    return finding.report(
      .failed, "'\(tag)' is \(kind); name the artifact by digest: \(name)\(also)",
      "register the release with an artifact that names its digest: \(name)")
  }

  /// Whether the image of what serves now could be fetched again.
  package func stillThere(_ gate: GateSpec, _ release: Release, at now: Timestamp) async -> GateReport {
    var finding = GateFinding(gate: gate.name, at: now)
    do throws(ConnectorError) {
      let image = try ImageReference(release.artifact)
      let target = image.digest ?? release.digest
      let found = try await registry.digest(of: target?.description ?? image.tag ?? "latest", in: image)
      finding.read("image of \(release.id)", release.artifact, found)
      guard let found else {
        return finding.report(
          .failed, "\(image.registry) no longer serves \(release.artifact), the image of \(release.id)",
          "push the image of \(release.id) again, so that there is something to go back to")
      }
      return finding.report(.passed, "\(image.registry) still serves \(found)")
    } catch {
      return finding.failure(error)
    }
  }
}

/// A judgement under way: what was read so far.
struct GateFinding {
  let gate: String
  let at: Timestamp
  var proof: [Proof] = []
  var warnings: [String] = []

  init(gate: String, at now: Timestamp) {
    self.gate = gate
    at = now
  }

  mutating func read(_ what: String, _ from: String, _ digest: Digest?) {
    proof.append(Proof(what: what, from: from, at: at, digest: digest))
  }

  mutating func read(_ what: String, _ document: RegistryClient.Document) {
    read("\(what), \(document.data.count) bytes", document.url, document.digest)
  }

  func report(_ verdict: Verdict, _ reason: String, _ remedy: String? = nil) -> GateReport {
    GateReport(gate: gate, verdict: verdict, reason: reason, remedy: remedy, warnings: warnings, proof: proof)
  }

  /// What could not be read is an error, never a pass; tried again, because registries come back.
  func failure(_ error: ConnectorError) -> GateReport {
    let remedy =
      switch error.code {
      case .unreachable, .timedOut: "make the registry reachable from here; it is asked again"
      case .misconfigured, .refused: "correct what is said, then ask again"
      case .garbage: "look at what the registry serves: it is not what its name says"
      }
    return report(.error, error.message, remedy)
  }
}
