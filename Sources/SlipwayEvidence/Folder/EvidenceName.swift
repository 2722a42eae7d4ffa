/// What a file in an evidence folder may be called.
///
/// The characters are those that need no quoting in a shell, a URL or JSON, so that `verify.sh` reads names as simply as it does.
enum EvidenceName {
  static let manifest = "manifest.json"
  static let manifestSignature = "manifest.json.sig"
  static let envelope = "promotion.dsse.json"
  static let envelopeLines = "promotion.intoto.jsonl"
  static let publicKey = "public_key.pem"
  static let script = "verify.sh"

  /// What carries the signatures, and so cannot be listed in what is signed.
  static let unlisted = [manifest, manifestSignature, envelope, envelopeLines]
  /// What this room writes itself.
  static let reserved = unlisted + [publicKey, script]

  /// Whether `name` stays inside the folder and means the same to every program.
  static func isSafe(_ name: String) -> Bool {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    return name.utf8.count <= 255 && parts.count <= 8 && parts.allSatisfy(isSafe(part:))
  }

  private static func isSafe(part: Substring) -> Bool {
    guard let first = part.utf8.first, part.utf8.count <= 128, ByteClass.isAlphanumeric(first) || first == 0x5F else {
      return false
    }
    return part.utf8.allSatisfy { ByteClass.isName($0) || "+=@".utf8.contains($0) }
  }

  /// The folders above `name`, outermost first.
  static func folders(above name: String) -> [String] {
    let parts = name.split(separator: "/").dropLast()
    return parts.indices.map { parts[...$0].joined(separator: "/") }
  }

  /// The folders that `names` need, those above first.
  static func folders(above names: some Sequence<String>) -> [String] {
    Set(names.flatMap { folders(above: $0) }).sorted()
  }
}
