import Foundation
import Testing

/// HAProxy with the configuration of docs/haproxy.md, on the ports of a shop.
struct RealHAProxy {
  let shop: Shop

  static func traffic(_ shop: Shop) -> String {
    """
    haproxy: {socket: "\(shop.folder.path)/h.sock", map: "\(shop.folder.path)/split.map", \
    servers: {a: app_a/a, b: app_b/b}, url: "http://127.0.0.1:\(shop.ports.front)"}
    """
  }

  /// Writes configuration and map.
  init(_ shop: Shop) throws {
    self.shop = shop
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
    let guide = try String(contentsOf: root.appending(path: "docs/haproxy.md"), encoding: .utf8)
    let block = try #require(guide.components(separatedBy: "```haproxy\n").dropFirst().first)
    let text = try #require(block.components(separatedBy: "```").first)
      .replacing("/run/haproxy/slipway.sock", with: shop.folder.path + "/h.sock")
      .replacing("/etc/haproxy/slipway.map", with: shop.folder.path + "/split.map")
      .replacing("bind :8080", with: "bind 127.0.0.1:\(shop.ports.front)")
      .replacing("127.0.0.1:9001", with: "127.0.0.1:\(shop.ports.a)")
      .replacing("127.0.0.1:9002", with: "127.0.0.1:\(shop.ports.b)")
    try shop.write(text, to: "haproxy.cfg")
    try shop.write("split 0:0:none\n", to: "split.map")
  }

  /// Starts a process; with `after`, one that takes over from another as a reload does.
  func start(after old: Companion? = nil) async throws -> Companion {
    let handOver = old.map { ["-sf", "\($0.pid)"] } ?? []
    let process = try Companion.start(
      "/usr/sbin/haproxy", ["-db", "-f", shop.folder.path + "/haproxy.cfg"] + handOver, in: shop.folder)
    try await eventually("HAProxy serves: \(process.complaint)") {
      var ask = HTTPAsk(port: shop.ports.front)
      return (try? ask.get("/")) != nil && FileManager.default.fileExists(atPath: shop.folder.path + "/h.sock")
    }
    return process
  }
}
