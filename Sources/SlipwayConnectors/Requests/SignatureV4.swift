internal import Crypto
internal import Foundation
package import SlipwayModel

/// Signs requests as AWS Signature Version 4 asks for, in the `Authorization` header.
///
/// "Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk", Amazon S3 API Reference; the path is encoded once, as S3 wants it.
package struct SignatureV4: Sendable {
  private let accessKey: Secret
  private let secretKey: Secret
  private let region: String
  private let service: String

  package init(accessKey: Secret, secretKey: Secret, region: String, service: String = "s3") {
    self.accessKey = accessKey
    self.secretKey = secretKey
    self.region = region
    self.service = service
  }

  /// The value of `Authorization`: `path` comes percent-encoded and begins with `/`, `query` does not come encoded, `headers` are all that is signed, `host` among
  /// them, and `payload` is SHA-256 of the body in hexadecimal.
  package func authorization(
    method: String, path: String, query: [(name: String, value: String)] = [], headers: [(name: String, value: String)],
    payload: String, at time: Timestamp
  ) -> String {
    let fields = Dictionary(grouping: headers) { $0.name.lowercased() }
      .mapValues { $0.map { Self.trimmed($0.value) }.joined(separator: ",") }.sorted { $0.key < $1.key }
    let names = fields.map(\.key).joined(separator: ";")
    let pairs = query.map { (Self.encoded($0.name), Self.encoded($0.value)) }.sorted { $0 < $1 }
    let canonical = [
      method, path, pairs.map { "\($0.0)=\($0.1)" }.joined(separator: "&"),
      fields.map { "\($0.key):\($0.value)\n" }.joined(), names, payload,
    ].joined(separator: "\n")
    let day = String(time.compactUTC.prefix(8))
    let scope = "\(day)/\(region)/\(service)/aws4_request"
    let text = [
      "AWS4-HMAC-SHA256", Self.date(time), scope, Digest(of: Data(canonical.utf8)).hex,
    ].joined(separator: "\n")
    let signature = Self.hexadecimal(Self.mac(text, key(day)))
    let credential = accessKey.reveal { "\($0)/\(scope)" }
    return "AWS4-HMAC-SHA256 Credential=\(credential), SignedHeaders=\(names), Signature=\(signature)"
  }

  /// The value of `x-amz-date`: `20130524T000000Z`.
  package static func date(_ time: Timestamp) -> String {
    let compact = time.compactUTC
    return "\(compact.prefix(8))T\(compact.dropFirst(9).prefix(6))Z"
  }

  /// Percent-encoded but for letters, digits and `-._~`.
  package static func encoded(_ text: String, keeping kept: String = "") -> String {
    text.utf8.map { byte in
      let isPlain = (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
      return isPlain || "-._~\(kept)".utf8.contains(byte)
        ? String(UnicodeScalar(byte)) : "%" + hexadecimal([byte]).uppercased()
    }.joined()
  }

  private func key(_ day: String) -> Data {
    let first = secretKey.reveal { Self.mac(day, Data("AWS4\($0)".utf8)) }
    return [region, service, "aws4_request"].reduce(first) { Self.mac($1, $0) }
  }

  private static func mac(_ text: String, _ key: Data) -> Data {
    Data(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: SymmetricKey(data: key)))
  }

  private static func trimmed(_ value: String) -> String { value.split(separator: " ").joined(separator: " ") }

  private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
