import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import SlipwayConnectors
import SlipwayModel
import SlipwayRouter
import Testing

/// A data plane that runs, with a release in each slot and nothing served yet.
struct PlaneRig: Sendable {
  let kind: PlaneKind
  let folder: URL
  let plane: any TrafficPlane
  let front: Int
  let control: Int
  let slots: [Slot: RealProcess]
  let targets: [Slot: String]
  let client: HTTPClient
  let start: @Sendable () async throws -> Void
  let stop: @Sendable () async -> Void
  /// What the program has written.
  let log: @Sendable () async -> String

  /// Starts the program and waits until it can be asked.
  func launch() async throws {
    try await start()
    var last = ""
    do {
      try await eventually("\(kind) answers") {
        do {
          _ = try await plane.readSplit()
          return try await isListening()
        } catch {
          last = "\(error)"
          return false
        }
      }
    } catch { throw NeverHappened(description: "\(kind) never answers: \(last) \(await log().suffix(2_000))") }
  }

  private func isListening() async throws -> Bool { (try? await get("/")) != nil }

  /// Status and body of one request on a connection of its own.
  func get(_ path: String, _ headers: [(String, String)] = []) async throws -> (status: UInt, body: String) {
    var request = HTTPClientRequest(url: "http://127.0.0.1:\(front)\(path)")
    request.headers.add(contentsOf: [("connection", "close")] + headers)
    let answer = try await client.execute(request, timeout: .seconds(20))
    return (answer.status.code, String(buffer: try await answer.body.collect(upTo: 1 << 20)))
  }

  /// Answers of `count` requests, ten at a time, by body or status.
  func answers(_ count: Int, _ headers: [(String, String)] = []) async throws -> [String: Int] {
    var seen: [String: Int] = [:]
    for start in stride(from: 0, to: count, by: 10) {
      try await withThrowingTaskGroup(of: String.self) { group in
        for _ in start..<min(count, start + 10) {
          group.addTask {
            let (status, body) = try await get("/", headers)
            return status == 200 ? body : "\(status)"
          }
        }
        for try await answer in group { seen[answer, default: 0] += 1 }
      }
    }
    return seen
  }

  /// How many requests `slot` has held back.
  func held(_ slot: Slot) async throws -> Int? {
    let answer = try await client.execute(
      HTTPClientRequest(url: "http://\(targets[slot] ?? "")/waiting"), timeout: .seconds(20))
    return Int(String(buffer: try await answer.body.collect(upTo: 1 << 10)))
  }

  /// Lets both releases answer what they held back.
  func release() async throws {
    for target in targets.values {
      _ = try await client.execute(HTTPClientRequest(url: "http://\(target)/release"), timeout: .seconds(20))
        .body.collect(upTo: 1 << 10)
    }
  }

  func apply(_ split: Split, _ generation: UInt64) async throws {
    try await plane.apply(split, targets: targets, generation: generation)
    let found = try await plane.readSplit()
    #expect(found == split, "\(kind)")
  }

  /// Asks the control interface as a person would; the status.
  func say(_ path: String, method: String = "GET", body: String? = nil) async throws -> String {
    var request = HTTPClientRequest(url: "http://127.0.0.1:\(control)\(path)")
    request.method = .init(rawValue: method)
    if let body {
      request.headers.add(name: "content-type", value: "application/json")
      request.body = .bytes(.init(string: body))
    }
    let answer = try await client.execute(request, timeout: .seconds(20))
    return String(buffer: try await answer.body.collect(upTo: 1 << 20))
  }

  func file(_ name: String) -> URL { folder.appending(path: name) }

  /// Runs `body` with a plane of `kind` that has been launched.
  static func with(_ kind: PlaneKind, _ body: (PlaneRig) async throws -> Void) async throws {
    try await withScratchFolder { folder in
      try await PythonServers.with(PythonServers.slotServer, ["a"], folder: folder) { a, portA in
        try await PythonServers.with(PythonServers.slotServer, ["b"], folder: folder) { b, portB in
          try await withHTTPClient { client in
            let site = PlaneSite(
              folder: folder, front: try freePort(), control: try freePort(), ports: [.a: portA, .b: portB])
            let (plane, program) = try kind.make(site, client)
            let rig = PlaneRig(
              kind: kind, folder: folder, plane: plane, front: site.front, control: site.control,
              slots: [.a: a, .b: b],
              targets: [.a: "127.0.0.1:\(portA)", .b: "127.0.0.1:\(portB)"], client: client, start: program.start,
              stop: program.stop, log: program.log)
            do {
              try await rig.launch()
              try await body(rig)
              await rig.stop()
            } catch {
              await rig.stop()
              throw error
            }
          }
        }
      }
    }
  }
}

/// Where a plane of a test lives.
struct PlaneSite: Sendable {
  let folder: URL
  let front: Int
  let control: Int
  let ports: [Slot: Int]

  /// A configuration of docs/planes.md for this place.
  func configuration(_ language: String, _ replacements: [String: String] = [:], guide: String = "planes.md") throws
    -> String
  {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
    let text = try String(contentsOf: root.appending(path: "docs/\(guide)"), encoding: .utf8)
    let block = try #require(text.components(separatedBy: "```\(language)\n").dropFirst().first)
    var rest = try #require(block.components(separatedBy: "```").first)[...]
    let ports = ["9001": "\(ports[.a] ?? 0)", "9002": "\(ports[.b] ?? 0)", "8080": "\(front)"]
    let wanted = ports.merging(replacements) { $1 }
    let texts = wanted.keys.sorted { $0.count > $1.count }
    var result = ""
    // In one pass, because a new path or port may hold the digits of an old one.
    while let next = rest.first {
      let old = texts.first(where: rest.hasPrefix)
      result += old.flatMap { wanted[$0] } ?? String(next)
      rest = rest.dropFirst(old?.count ?? 1)
    }
    return result
  }

  func write(_ text: String, _ name: String) throws {
    let file = folder.appending(path: name)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }
}

/// How the program of a plane is started and ended.
struct PlaneProgram: Sendable {
  let start: @Sendable () async throws -> Void
  let stop: @Sendable () async -> Void
  let log: @Sendable () async -> String

  init(_ program: String, _ arguments: [String], _ site: PlaneSite) {
    let process = RestartedProcess(program, arguments, folder: site.folder)
    start = { try await process.start() }
    stop = { await process.stop() }
    log = { await process.text }
  }

  /// Slipway's router in this process.
  init(router site: PlaneSite) {
    let running = RunningRouter()
    start = {
      await running.set(
        try await RouterServer.start(
          RouterConfiguration(
            listen: "127.0.0.1:\(site.front)", controlPath: RouterPlane.controlPath(site.folder.path),
            identity: UUID().uuidString,
            loops: 2, wallClock: { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) })))
    }
    stop = { await running.set(nil) }
    log = { "" }
  }
}

private actor RunningRouter {
  private var server: RouterServer?

  func set(_ new: RouterServer?) async {
    let old = server
    server = new
    await old?.stop()
  }
}
