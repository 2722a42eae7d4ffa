package import Foundation
package import SlipwayModel

/// What a registry serves under a digest: one image, or a list of images for several platforms.
package struct ImageManifest: Sendable, Equatable {
  /// What a manifest points at.
  package struct Descriptor: Sendable, Equatable {
    package let mediaType: String
    package let digest: Digest
    package let size: Int
    package let platform: ImagePlatform?
  }

  package enum Content: Sendable, Equatable {
    /// Nil when the manifest is of something that is no image to run.
    case image(config: Descriptor?, layers: [Descriptor])
    case index([Descriptor])
  }

  package let mediaType: String
  package let content: Content

  /// Everything that `Accept` must name; without the OCI types some registries answer 404 (they exist, but "not acceptable").
  package static let mediaTypes = [
    "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.docker.distribution.manifest.v2+json",
  ]

  /// More entries are no list of platforms.
  private static let entryLimit = 1_000

  /// Reads a manifest.
  ///
  /// - Parameters:
  ///   - data: its bytes.
  ///   - contentType: what the registry called it; must agree with what it calls itself.
  /// - Throws: `garbage`; also for one that can be read as image and as index, which two readers would take for two things.
  package init(_ data: Data, contentType: String?) throws(ConnectorError) {
    let written: Written
    do {
      try JSONSyntax.check(data)
      written = try JSONDecoder().decode(Written.self, from: data)
    } catch let problem as ReportProblem {
      throw ConnectorError(.garbage, problem.message(file: "the manifest"))
    } catch {
      throw ConnectorError(.garbage, "the manifest is none: a field is missing or of the wrong type")
    }
    guard written.schemaVersion == 2 else {
      throw ConnectorError(
        .garbage, "the manifest has schema \(written.schemaVersion); push the image anew, as schema 2")
    }
    let called = contentType?.split(separator: ";").first.map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
    if let own = written.mediaType?.lowercased(), let called, Self.mediaTypes.contains(called), own != called {
      throw ConnectorError(.garbage, "the registry serves as \(called) what calls itself \(own)")
    }
    guard (written.manifests == nil) != (written.layers == nil) else {
      throw ConnectorError(.garbage, "the manifest lists both images and layers, or neither")
    }
    let type = written.mediaType ?? called ?? ""
    if let manifests = written.manifests {
      guard !type.contains("manifest.v") || type.contains("list") else { throw Self.mixed(type) }
      content = .index(try manifests.map(Self.descriptor))
    } else {
      guard !type.contains("index"), !type.contains("list") else { throw Self.mixed(type) }
      var config: Descriptor?
      if let written = written.config { config = try Self.descriptor(written) }
      content = .image(config: config, layers: try (written.layers ?? []).map(Self.descriptor))
    }
    mediaType = type.isEmpty ? "a manifest" : type
    guard (written.manifests ?? written.layers ?? []).count <= Self.entryLimit else {
      throw ConnectorError(.garbage, "the manifest has more than \(Self.entryLimit) entries")
    }
  }

  private static func mixed(_ type: String) -> ConnectorError {
    ConnectorError(.garbage, "the manifest calls itself \(type), and its content is of the other kind")
  }

  private static func descriptor(_ written: Written.Descriptor) throws(ConnectorError) -> Descriptor {
    guard let digest = Digest(written.digest), written.size >= 0 else {
      throw ConnectorError(.garbage, "the manifest names an entry by something else than a sha256 digest and a size")
    }
    return Descriptor(
      mediaType: written.mediaType ?? "", digest: digest, size: written.size,
      platform: written.platform.map {
        ImagePlatform(os: $0.os ?? "", architecture: $0.architecture ?? "", variant: $0.variant)
      })
  }

  private struct Written: Decodable {
    struct Platform: Decodable {
      var os: String?
      var architecture: String?
      var variant: String?
    }
    struct Descriptor: Decodable {
      var mediaType: String?
      var digest: String
      var size: Int
      var platform: Platform?
    }
    var schemaVersion: Int
    var mediaType: String?
    var config: Descriptor?
    var layers: [Descriptor]?
    var manifests: [Descriptor]?
  }
}

/// What an image runs on.
package struct ImagePlatform: Sendable, Equatable, CustomStringConvertible {
  package let os: String
  package let architecture: String
  package let variant: String?

  package init(os: String, architecture: String, variant: String? = nil) {
    self.os = os
    self.architecture = architecture
    self.variant = variant
  }

  /// Reads `linux/amd64` or `linux/arm/v7`; nil for anything else.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard (2...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else { return nil }
    self.init(os: parts[0], architecture: parts[1], variant: parts.count == 3 ? parts[2] : nil)
  }

  package var description: String { "\(os)/\(architecture)" + (variant.map { "/\($0)" } ?? "") }

  /// Whether an image for `self` is one for `wanted`; a variant counts where it is asked for.
  func fits(_ wanted: ImagePlatform) -> Bool {
    os == wanted.os && architecture == wanted.architecture && (wanted.variant == nil || wanted.variant == variant)
  }
}
