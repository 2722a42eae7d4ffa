internal import Foundation
internal import SlipwayModel

/// Finds what was attached to an image: through the registry's list of referrers, the tag that stands in for it, and cosign's own tag.
struct AttestationFinder: Sendable {
  let registry: RegistryClient

  /// More is not looked at, so that nobody keeps a gate busy by attaching things.
  static let limit = 64

  /// DSSE envelopes, one each, with where they were found.
  struct Found: Sendable {
    var envelopes: [(data: Data, document: RegistryClient.Document)] = []
    /// Where was looked.
    var looked: [(what: String, document: RegistryClient.Document)] = []
    /// What stood in the way of looking at everything.
    var remarks: [String] = []
  }

  /// Everything attached to `digest`.
  func all(of digest: Digest, in image: ImageReference) async throws(ConnectorError) -> Found {
    var found = Found()
    var manifests: [Digest] = []
    if let list = try await registry.referrers(of: digest, in: image) {
      found.looked.append(("list of referrers", list))
      manifests += try entries(list)
    } else if let list = try await registry.manifest("sha256-\(digest.hex)", in: image) {
      found.looked.append(("tag sha256-\(digest.hex.prefix(12))…", list))
      manifests += try entries(list)
    }
    if let own = try await registry.manifest("sha256-\(digest.hex).att", in: image) {
      found.looked.append(("tag sha256-\(digest.hex.prefix(12))….att", own))
      try await layers(of: own, in: image, into: &found)
    }
    var seen: Set<Digest> = []
    for entry in manifests where seen.insert(entry).inserted {
      if seen.count > Self.limit || found.envelopes.count > Self.limit {
        found.remarks.append("only the first \(Self.limit) attachments were looked at")
        break
      }
      guard let manifest = try await registry.manifest(entry.description, in: image) else {
        found.remarks.append("\(entry) is listed, but not served")
        continue
      }
      try await layers(of: manifest, in: image, into: &found)
    }
    return found
  }

  private func entries(_ list: RegistryClient.Document) throws(ConnectorError) -> [Digest] {
    switch try ImageManifest(list.data, contentType: list.contentType).content {
    case .index(let entries): entries.map(\.digest)
    case .image: throw ConnectorError(.garbage, "the list of what is attached, \(list.url), is no index")
    }
  }

  private func layers(
    of document: RegistryClient.Document, in image: ImageReference, into found: inout Found
  ) async throws(ConnectorError) {
    guard case .image(_, let layers) = try ImageManifest(document.data, contentType: document.contentType).content
    else {
      return
    }
    for layer in layers where Self.isAttestation(layer.mediaType) && found.envelopes.count <= Self.limit {
      guard layer.size <= 4 << 20, let blob = try await registry.blob(layer.digest, in: image) else {
        found.remarks.append("attestation \(layer.digest) is too large, or not served")
        continue
      }
      for envelope in Self.envelopes(blob.data, layer.mediaType).prefix(Self.limit) {
        found.envelopes.append((envelope, blob))
      }
    }
  }

  private static func isAttestation(_ mediaType: String) -> Bool {
    mediaType.contains("dsse") || mediaType.contains("in-toto") || mediaType.contains("sigstore.bundle")
  }

  /// The envelopes in a blob: one, one in a Sigstore bundle, or one on each line.
  static func envelopes(_ data: Data, _ mediaType: String) -> [Data] {
    let lines = data.split(separator: 10).map { Data($0) }
    // JSON over several lines is one thing; several JSON values on lines of their own are many.
    let pieces = (try? JSONTree(data)) == nil && lines.count > 1 ? lines : [data]
    return pieces.map { piece in
      guard mediaType.contains("sigstore.bundle"),
        let bundle = try? JSONDecoder().decode(Bundle.self, from: piece), (try? JSONSyntax.check(piece)) != nil
      else { return piece }
      let signatures = bundle.dsseEnvelope.signatures.map { ["keyid": $0.keyid ?? "", "sig": $0.sig] }
      let envelope: [String: Any] = [
        "payload": bundle.dsseEnvelope.payload, "payloadType": bundle.dsseEnvelope.payloadType,
        "signatures": signatures,
      ]
      return (try? JSONSerialization.data(withJSONObject: envelope)) ?? piece
    }
  }

  private struct Bundle: Decodable {
    struct Signature: Decodable {
      var keyid: String?
      var sig: String
    }
    struct Written: Decodable {
      var payload: String
      var payloadType: String
      var signatures: [Signature]
    }
    var dsseEnvelope: Written
  }
}
