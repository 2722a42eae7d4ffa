internal import Crypto
internal import SlipwayConnectors
internal import SlipwayModel

/// The sums of bytes that come piece by piece.
struct Hashes {
  private var long = SHA256()
  private var short: Insecure.SHA1?

  init(withSHA1: Bool = false) { short = withSHA1 ? Insecure.SHA1() : nil }

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    long.update(bufferPointer: bytes)
    short?.update(bufferPointer: bytes)
  }

  /// SHA-256 of what was added so far.
  func sha256() throws(ConnectorError) -> SlipwayModel.Digest {
    guard let digest = SlipwayModel.Digest(hex: Self.hexadecimal(long.finalize())) else {
      throw ConnectorError(.garbage, "SHA-256 has another length than 32 bytes")
    }
    return digest
  }

  /// SHA-1 of it in hexadecimal digits, where it was asked for.
  func sha1() -> String? { short.map { Self.hexadecimal($0.finalize()) } }

  private static let digits = Array("0123456789abcdef".utf8)

  private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
