internal import NIOCore

/// An upstream's or the listener's address, checked once when it comes in.
struct Target: Sendable, Equatable, CustomStringConvertible {
  let host: String
  let port: Int
  /// Set for a literal address, so that connecting needs no resolver; a name is resolved at each connect.
  let address: SocketAddress?

  /// Reads `host:port` or `[v6]:port`; nil for anything that cannot be one. Port 0 is for listeners only.
  init?(_ text: String, portZero: Bool = false) {
    guard text.utf8.count <= 270, let colon = text.lastIndex(of: ":") else { return nil }
    let digits = text[text.index(after: colon)...]
    guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }),
      let port = Int(digits), port <= 65_535, port > 0 || portZero
    else { return nil }
    var host = text[..<colon]
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.count > 2
    if isBracketed { host = host.dropFirst().dropLast() }
    guard !host.isEmpty, host.utf8.allSatisfy({ Self.isHostByte($0, v6: isBracketed) }) else { return nil }
    self.host = String(host)
    self.port = port
    address = try? SocketAddress(ipAddress: self.host, port: port)
    if isBracketed, address == nil { return nil }
  }

  private static func isHostByte(_ byte: UInt8, v6: Bool) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    case UInt8(ascii: ":"): v6
    default: false
    }
  }

  var description: String { Self.text(host: host, port: port) }

  static func text(host: String, port: Int) -> String {
    host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  static func == (left: Target, right: Target) -> Bool { left.host == right.host && left.port == right.port }
}
