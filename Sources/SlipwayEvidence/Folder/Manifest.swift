internal import Foundation
internal import SlipwayModel

/// The signed list of what is in an evidence folder.
struct Manifest: Codable, Equatable {
  struct File: Codable, Equatable {
    let name: String
    let size: Int64
    /// Bare hexadecimal digits, as `sha256sum` prints them.
    let sha256: String
  }

  let schema: String
  let run: RunID
  let createdAt: String
  let createdBy: String
  /// Sorted by name.
  let files: [File]

  static let schema = "https://slipway.dev/evidence-manifest/v1"

  private enum CodingKeys: String, CodingKey {
    case schema, files
    case run = "run_id"
    case createdAt = "created_at"
    case createdBy = "created_by"
  }

  init(run: RunID, createdAt: Timestamp, createdBy: String, contents: [String: Data]) {
    schema = Self.schema
    self.run = run
    self.createdAt = createdAt.description
    self.createdBy = createdBy
    files = contents.keys.sorted().map { name in
      let bytes = contents[name] ?? Data()
      return File(name: name, size: Int64(bytes.count), sha256: bytes.sha256Hexadecimal)
    }
  }

  /// Reads a manifest written by ``bytes``; nil for any other text, even one that means the same.
  ///
  /// Only one spelling counts, because `verify.sh` reads the lines and this reads the JSON: they must never see two lists.
  init?(bytes: Data) {
    guard let read = try? CanonicalJSON.decode(Manifest.self, from: bytes), read.bytes == bytes,
      read.schema == Self.schema,
      read.files.allSatisfy({ EvidenceName.isSafe($0.name) && Digest(hex: $0.sha256) != nil }),
      zip(read.files, read.files.dropFirst()).allSatisfy({ $0.name < $1.name }), read.files.allSatisfy({ $0.size >= 0 })
    else { return nil }
    self = read
  }

  /// JSON with one file a line, which a shell can read without a JSON parser.
  var bytes: Data {
    let lines = files.map {
      "    {\"name\": \(JSONText.quoted($0.name)), \"sha256\": \(JSONText.quoted($0.sha256)), \"size\": \($0.size)}"
    }
    return Data(
      """
      {
        "schema": \(JSONText.quoted(schema)),
        "run_id": \(JSONText.quoted(run.text)),
        "created_at": \(JSONText.quoted(createdAt)),
        "created_by": \(JSONText.quoted(createdBy)),
        "files": [
      \(lines.joined(separator: ",\n"))
        ]
      }

      """.utf8)
  }
}
