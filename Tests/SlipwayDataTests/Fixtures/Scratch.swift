import Foundation
import Glibc

/// Runs `body` with a folder of its own.
func withScratchFolder<Result>(_ body: (URL) async throws -> Result) async throws -> Result {
  // Short, because a Unix socket's path has at most 107 bytes.
  let folder = URL(filePath: "/tmp/sw-\(UInt32.random(in: .min ... .max))")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try await body(folder)
}

struct NeverHappened: Error, CustomStringConvertible {
  let description: String
}

/// Waits for a condition, generously because the machine may be loaded.
func eventually(
  _ what: String, within limit: Duration = .seconds(60), _ condition: () async throws -> Bool
) async throws {
  let clock = ContinuousClock()
  let end = clock.now + limit
  while try await !condition() {
    guard clock.now < end else { throw NeverHappened(description: "never: \(what)") }
    try await Task.sleep(for: .milliseconds(20))
  }
}

/// A TCP port that nobody used a moment ago; each is given out once in this process.
func freePort() throws -> Int {
  for _ in 0..<100 {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(listener) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let port = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(listener, generic, length) == 0 && getsockname(listener, generic, &length) == 0
      }
    }
    let number = Int(UInt16(bigEndian: address.sin_port))
    if port, GivenPorts.take(number) { return number }
  }
  throw NeverHappened(description: "no free port")
}

private enum GivenPorts {
  private static let lock = NSLock()
  // Only touched while `lock` is held.
  nonisolated(unsafe) private static var ports: Set<Int> = []

  static func take(_ port: Int) -> Bool { lock.withLock { ports.insert(port).inserted } }
}
