import Foundation
import SlipwayConnectors
import SlipwayModel
import Testing

/// A running HAProxy with the configuration of docs/haproxy.md and a Python server in each slot.
struct RealHAProxy {
  let folder: URL
  let process: RealProcess
  let slots: [Slot: RealProcess]
  let ports: [Slot: Int]
  let front: Int
  let plane: HAProxyPlane

  var configuration: URL { folder.appending(path: "haproxy.cfg") }
  var map: URL { folder.appending(path: "split.map") }
  var socket: String { folder.appending(path: "h.sock").path }

  /// What a person types at the socket.
  func say(_ command: String) async throws -> String {
    let answer = try await UnixSocketExchange(path: socket, peer: "HAProxy").send(Array("\(command)\n".utf8))
    return String(decoding: answer, as: UTF8.self)
  }

  /// Who answered `count` requests over 8 keep-alive connections.
  func load(_ count: Int, path: String = "/", headers: [String] = []) async throws -> LoadResult {
    let stop = folder.appending(path: UUID().uuidString).path
    return try await withLoad(count, path: path, stop: stop, headers: headers) { try await $0() }
  }

  /// Runs `body` under a load that ends when `body` asks for its result.
  func withLoad<Result>(
    _ count: Int, path: String = "/", stop: String, headers: [String] = [],
    _ body: (() async throws -> LoadResult) async throws -> Result
  ) async throws -> Result {
    let arguments = ["\(front)", "\(count)", "8", path, stop] + headers
    return try await PythonServers.with(PythonServers.load, arguments, folder: folder) { process, _ in
      try await body {
        var line: Substring?
        try await eventually("the load ends: \(process.text)", within: .seconds(120)) {
          line = process.text.split(separator: "\n").first { $0.hasPrefix("result ") }
          return line != nil
        }
        return try JSONDecoder().decode(LoadResult.self, from: Data((line ?? "").dropFirst(7).utf8))
      }
    }
  }

  /// Starts HAProxy with `entry` in its map file.
  static func with<Result>(_ entry: String = "split 0:0:none", _ body: (RealHAProxy) async throws -> Result)
    async throws -> Result
  {
    try await withScratchFolder { folder in
      try await PythonServers.with(PythonServers.upstream, ["a"], folder: folder) { a, portA in
        try await PythonServers.with(PythonServers.upstream, ["b"], folder: folder) { b, portB in
          let front = try freePort()
          let ports: [Slot: Int] = [.a: portA, .b: portB]
          try Data("\(entry)\n".utf8).write(to: folder.appending(path: "split.map"))
          try configuration(folder, front: front, ports: ports).write(to: folder.appending(path: "haproxy.cfg"))
          let spec = HAProxySpec(
            socket: "h.sock", map: folder.appending(path: "split.map").path, serverA: "app_a/a", serverB: "app_b/b",
            url: "http://127.0.0.1:\(front)")
          return try await start(folder) { process in
            let plane = try HAProxyPlane(spec, folder: folder.path)
            let fixture = RealHAProxy(
              folder: folder, process: process, slots: [.a: a, .b: b], ports: ports, front: front, plane: plane)
            try await eventually("HAProxy is up: \(process.text)") {
              let answer = try? await fixture.say("show info")
              return answer?.contains("Pid: \(process.pid)\n") == true
            }
            return try await body(fixture)
          }
        }
      }
    }
  }

  /// One HAProxy process more in `folder`, such as the one that a reload starts.
  static func start<Result>(
    _ folder: URL, _ arguments: [String] = [], _ body: (RealProcess) async throws -> Result
  ) async throws -> Result {
    try await withRealProcess("/usr/sbin/haproxy", ["-db", "-f", "haproxy.cfg"] + arguments, folder: folder, body)
  }

  private static func configuration(_ folder: URL, front: Int, ports: [Slot: Int]) throws -> Data {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
    let guide = try String(contentsOf: root.appending(path: "docs/haproxy.md"), encoding: .utf8)
    let block = try #require(guide.components(separatedBy: "```haproxy\n").dropFirst().first)
    let text = try #require(block.components(separatedBy: "```").first)
      .replacing("/run/haproxy/slipway.sock", with: folder.appending(path: "h.sock").path)
      .replacing("/etc/haproxy/slipway.map", with: folder.appending(path: "split.map").path)
      .replacing("bind :8080", with: "bind 127.0.0.1:\(front)")
      .replacing("127.0.0.1:9001", with: "127.0.0.1:\(ports[.a] ?? 0)")
      .replacing("127.0.0.1:9002", with: "127.0.0.1:\(ports[.b] ?? 0)")
    return Data(text.utf8)
  }
}

/// What clients saw.
struct LoadResult: Decodable, Sendable {
  /// Answers by body, or by status where that is not 200.
  var answers: [String: Int]
  /// Requests without an answer.
  var failed: [String]

  var total: Int { answers.values.reduce(0, +) }
  subscript(answer: String) -> Int { answers[answer] ?? 0 }

  /// Whether `count` of all answers is what chance allows at `percent`: 5 standard deviations, less than 1 in a million.
  func isPlausible(_ count: Int, percent: Int) -> Bool {
    let share = Double(percent) / 100
    let expected = Double(total) * share
    return abs(Double(count) - expected) <= 5 * (expected * (1 - share)).squareRoot()
  }
}
