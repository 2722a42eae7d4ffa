import Foundation
import Testing

/// Debian's docker-registry beside a shop, with images that umoci makes and skopeo pushes.
struct ImageRegistry {
  let shop: Shop
  let port: Int
  let process: Companion

  var host: String { "127.0.0.1:\(port)" }

  static func with<Result>(_ shop: Shop, _ body: (ImageRegistry) async throws -> Result) async throws -> Result {
    let port = FreePorts.take()
    try shop.write(
      """
      version: 0.1
      log: {level: warn}
      storage: {filesystem: {rootdirectory: \(shop.folder.path)/images}, delete: {enabled: true}}
      http: {addr: '127.0.0.1:\(port)', secret: only-for-tests}
      """, to: "registry.yml")
    let process = try Companion.start("/usr/bin/docker-registry", ["serve", "registry.yml"], in: shop.folder)
    defer {
      process.kill()
      process.forget()
    }
    let registry = ImageRegistry(shop: shop, port: port, process: process)
    try await eventually("docker-registry is up") {
      try await Program.run("/usr/bin/curl", ["-sf", "http://\(registry.host)/v2/"], in: shop.folder).code == 0
    }
    return try await body(registry)
  }

  /// Pushes an image that differs from others by `content` to `tag`, and gives its digest.
  func push(_ tag: String, content: String) async throws -> String {
    let line = """
      set -e
      rm -rf layout && umoci init --layout layout && umoci new --image layout:x
      umoci config --image layout:x --config.label content=\(content)
      skopeo copy -q --preserve-digests --dest-tls-verify=false oci:layout:x docker://\(host)/shop:\(tag)
      skopeo inspect --tls-verify=false --format '{{.Digest}}' docker://\(host)/shop:\(tag)
      """
    let output = try await Program.run("/bin/sh", ["-c", line], in: shop.folder)
    #expect(output.code == 0, "\(output)")
    return output.text.trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
