internal import Foundation
internal import SlipwayModel

/// An in-toto Statement v1: what the predicate is about, by digest.
enum Statement {
  struct Subject: Decodable, Equatable {
    let name: String
    let digest: [String: String]
  }

  /// What a statement says beside its predicate.
  struct Header: Decodable {
    let type: String
    let predicateType: String
    let subject: [Subject]

    private enum CodingKeys: String, CodingKey {
      case type = "_type"
      case predicateType, subject
    }
  }

  static let type = "https://in-toto.io/Statement/v1"

  /// The manifest first, then each file that it lists.
  static func subjects(manifest: Data, files: [Manifest.File]) -> [Subject] {
    [Subject(name: EvidenceName.manifest, digest: ["sha256": manifest.sha256Hexadecimal])]
      + files.map { Subject(name: $0.name, digest: ["sha256": $0.sha256]) }
  }

  /// The statement's bytes; `predicate` is a JSON object and stays byte for byte as it is.
  static func encode(subjects: [Subject], type kind: Evidence.Kind = .promotion, predicate: Data) -> Data {
    let listed = subjects.map {
      "{\"digest\":{\"sha256\":\(JSONText.quoted($0.digest["sha256"] ?? ""))},\"name\":\(JSONText.quoted($0.name))}"
    }
    let head = "{\"_type\":\"\(type)\",\"subject\":[\(listed.joined(separator: ","))]"
    return Data("\(head),\"predicateType\":\"\(kind.rawValue)\",\"predicate\":".utf8) + predicate
      + Data("}".utf8)
  }

  static func header(of payload: Data) -> Header? { try? CanonicalJSON.decode(Header.self, from: payload) }
}
