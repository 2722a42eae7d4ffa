internal import Foundation

extension OIDCSpec {
  /// Whether what is fetched from `address` can be believed: `https`, or `http` to this very machine.
  ///
  /// An issuer's keys that came over a line that others can write to prove nothing.
  package static func isTrustworthy(_ address: String) -> Bool {
    guard let parts = URLComponents(string: address), let host = parts.host?.lowercased(), !host.isEmpty,
      parts.user == nil, parts.password == nil, parts.fragment == nil
    else { return false }
    switch parts.scheme?.lowercased() {
    case "https": return true
    case "http": return isLoopback(host)
    default: return false
    }
  }

  private static func isLoopback(_ host: String) -> Bool {
    if ["localhost", "::1", "[::1]"].contains(host) { return true }
    // Numbers only: `127.0.0.1.example.com` is somebody's server.
    let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
    return numbers.count == 4 && numbers.first == "127" && numbers.allSatisfy { UInt8($0) != nil }
  }
}
