package import Foundation
internal import SlipwayModel

/// What an attestation says: of which artifact, by which builder, from which source.
package struct ProvenanceStatement: Sendable, Equatable {
  /// A source with the commit it was at.
  package struct Source: Sendable, Equatable {
    package let uri: String
    package let commit: String?
  }

  /// The SHA-256 digests of the artifacts it speaks of, in hexadecimal.
  package let subjects: [String]
  package let predicateType: String
  package let builder: String?
  /// What it was built from. Where the statement names the source that the build was asked for, that one alone; what was
  /// merely fetched beside it must not stand in for it.
  package let sources: [Source]

  /// SLSA provenance as it is written today and was written before.
  package static let slsa = ["https://slsa.dev/provenance/v1", "https://slsa.dev/provenance/v0.2"]

  private static let types = ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"]

  /// Reads an in-toto statement.
  ///
  /// - Throws: `garbage` for anything else.
  package init(_ data: Data) throws(ConnectorError) {
    let json: JSONTree
    do throws(ReportProblem) {
      json = try JSONTree(data)
    } catch {
      throw ConnectorError(.garbage, error.message(file: "the statement"))
    }
    guard let type = json["_type"]?.text, Self.types.contains(type), let predicateType = json["predicateType"]?.text
    else {
      throw ConnectorError(.garbage, "the payload is no in-toto statement")
    }
    subjects = (json["subject"]?.list ?? []).compactMap { $0["digest"]?["sha256"]?.text?.lowercased() }
    self.predicateType = predicateType
    let predicate = json["predicate"]
    builder = (predicate?["runDetails"]?["builder"]?["id"] ?? predicate?["builder"]?["id"])?.text
    sources = predicate.map(Self.sources) ?? []
  }

  private static func sources(_ predicate: JSONTree) -> [Source] {
    if let definition = predicate["buildDefinition"] {
      let fetched = (definition["resolvedDependencies"]?.list ?? []).compactMap(source)
      let named = asked(definition["externalParameters"])
      guard !named.isEmpty else { return fetched }
      // The commit stands beside the dependency of the same name.
      return named.map { asked in
        asked.commit != nil ? asked : fetched.first { isSame($0.uri, asked.uri) } ?? asked
      }
    }
    if let asked = predicate["invocation"]?["configSource"].flatMap(source) { return [asked] }
    return (predicate["materials"]?.list ?? []).compactMap(source)
  }

  /// The source that the build was asked for, where builders are known to put it.
  private static func asked(_ parameters: JSONTree?) -> [Source] {
    guard let parameters else { return [] }
    let places = [
      parameters["source"], parameters["repository"], parameters["workflow"]?["repository"], parameters["configSource"],
    ]
    return places.compactMap { place in
      place?.text.map { Source(uri: $0, commit: nil) } ?? place.flatMap(source)
    }
  }

  private static func source(_ json: JSONTree) -> Source? {
    guard let uri = (json["uri"] ?? json["repository"])?.text else { return nil }
    let digests = json["digest"]?.texts ?? [:]
    return Source(uri: uri, commit: (digests["gitCommit"] ?? digests["sha1"])?.lowercased())
  }

  /// Whether two names of a repository mean the same one; `@ref` counts where `wanted` has one.
  package static func isSame(_ uri: String, _ wanted: String) -> Bool {
    let (left, leftRef) = parts(uri)
    let (right, rightRef) = parts(wanted)
    return left == right && (rightRef == nil || rightRef == leftRef)
  }

  private static func parts(_ uri: String) -> (String, String?) {
    var text = Substring(uri)
    if text.hasPrefix("git+") { text = text.dropFirst(4) }
    var ref: String?
    let path = text.range(of: "://").map { $0.upperBound } ?? text.startIndex
    // A user stands before the first slash of the address, a ref behind it.
    if let slash = text[path...].firstIndex(of: "/"), let at = text[slash...].firstIndex(of: "@") {
      ref = String(text[text.index(after: at)...])
      text = text[..<at]
    }
    while text.hasSuffix("/") { text = text.dropLast() }
    if text.hasSuffix(".git") { text = text.dropLast(4) }
    return (String(text), ref)
  }
}
