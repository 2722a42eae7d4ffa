internal import Crypto
internal import Foundation
internal import SlipwayModel

extension Data {
  /// Two lower-case hexadecimal digits per byte.
  var hexadecimal: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  var sha256Hexadecimal: String { Digest(of: self).hex }

  /// Reads base64 in the standard or the URL-safe alphabet, with or without padding.
  init?(anyBase64 text: String) {
    var standard = text.utf8.map { byte -> UInt8 in
      switch byte {
      case UInt8(ascii: "-"): UInt8(ascii: "+")
      case UInt8(ascii: "_"): UInt8(ascii: "/")
      default: byte
      }
    }
    while standard.count % 4 != 0 { standard.append(UInt8(ascii: "=")) }
    self.init(base64Encoded: Data(standard))
  }
}
