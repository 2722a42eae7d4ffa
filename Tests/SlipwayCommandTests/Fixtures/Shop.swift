import Foundation
import Glibc
import Synchronization
import Testing

/// A folder with a pipeline file and releases of a small shop, like the demo's; whatever was started in it ends with it.
struct Shop: Sendable {
  let folder: URL
  let ports: Ports

  struct Ports: Sendable {
    let front = FreePorts.take()
    let a = FreePorts.take()
    let b = FreePorts.take()
    let stagingFront = FreePorts.take()
    let stagingA = FreePorts.take()
    let stagingB = FreePorts.take()
  }

  var state: URL { folder.appending(path: ".slipway") }
  var program: String { Program.path }

  /// Runs `body` in a new folder with `pipeline` as its pipeline file.
  static func with<Result>(
    _ pipeline: (Shop) throws -> String, _ body: (Shop) async throws -> Result
  ) async throws -> Result {
    // Short, because a Unix socket's path has at most 107 bytes.
    let shop = Shop(folder: URL(filePath: "/tmp/swe-\(UInt32.random(in: .min ... .max))"), ports: Ports())
    try FileManager.default.createDirectory(
      at: shop.folder.appending(path: "releases"), withIntermediateDirectories: true)
    do {
      try shop.write(try pipeline(shop), to: "slipway.yaml")
      let result = try await body(shop)
      await shop.close()
      return result
    } catch {
      await shop.close()
      throw error
    }
  }

  func write(_ text: String, to name: String) throws {
    let file = folder.appending(path: name)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  // MARK: Commands

  /// Runs slipway in the shop's folder; another exit code than the expected one is an issue of the test.
  @discardableResult
  func slipway(
    _ words: String..., expecting code: Int32 = 0, environment: [String: String] = [:],
    within limit: Duration = .seconds(150), sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Program.Output {
    let output = try await Program.run(words, in: folder, environment: environment, within: limit)
    #expect(output.code == code, "slipway \(words.joined(separator: " ")): \(output)", sourceLocation: sourceLocation)
    return output
  }

  /// Registers a version with its reports.
  func register(_ version: String, failsOneIn: Int = 0, reports: Bool = false) async throws {
    let behaviour = #"{"version":"\#(version)","failsOneIn":\#(failsOneIn),"takesMilliseconds":3}"#
    try write(behaviour, to: "releases/\(version).json")
    try await slipway("release", "add", version, "--artifact", "releases/\(version).json", "--commit", "c0ffee")
    guard reports else { return }
    try write(Self.tests, to: "junit.xml")
    try write(Self.coverage, to: "coverage.lcov")
    try await slipway("report", "add", version, "--kind", "junit", "junit.xml")
    try await slipway("report", "add", version, "--kind", "lcov", "coverage.lcov")
  }

  /// Asks for a promotion and gives its run id.
  func promote(_ version: String, to environment: String = "production") async throws -> String {
    try await slipway("promote", version, "--to", environment, "--as", "carol").firstLine
  }

  /// Asks, agrees, and follows to the end, driving it.
  @discardableResult
  func deploy(_ version: String, expecting code: Int32 = 0) async throws -> RunJSON {
    let run = try await promote(version)
    try await slipway("approve", run, "--as", "ann")
    return try await drive(run, expecting: code)
  }

  /// Drives a run to its end in this shop.
  @discardableResult
  func drive(
    _ run: String, expecting code: Int32 = 0, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> RunJSON {
    try await withDriver { _ in
      try await slipway("watch", run, expecting: code, sourceLocation: sourceLocation)
    }
    return try await status(run)
  }

  /// Runs `body` beside `slipway run --forever`.
  @discardableResult
  func withDriver<Result>(
    environment: [String: String] = [:], _ body: (Companion) async throws -> Result
  ) async throws -> Result {
    let driver = try driver(environment: environment)
    defer { driver.forget() }
    do {
      let result = try await body(driver)
      driver.terminate()
      _ = try? await driver.ended(within: .seconds(30))
      return result
    } catch {
      throw NeverHappened("\(error)\nthe driver said:\n\(driver.text)\n\(driver.complaint)")
    }
  }

  func driver(environment: [String: String] = [:]) throws -> Companion {
    try Companion.start(Program.path, ["run", "--forever"], in: folder, environment: environment)
  }

  func status(_ run: String) async throws -> RunJSON {
    let output = try await slipway("status", run, "--output", "json")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(RunJSON.self, from: Data(output.text.utf8))
  }

  /// Waits until a run shows what is asked for.
  @discardableResult
  func wait(
    for run: String, until what: String, within limit: Duration = .seconds(300), _ fits: (RunJSON) -> Bool
  ) async throws -> RunJSON {
    var last: RunJSON?
    do {
      try await eventually(what, within: limit) {
        let now = try await status(run)
        last = now
        return fits(now)
      }
    } catch {
      throw NeverHappened("run \(run) never: \(what); it is \(String(describing: last))")
    }
    return try #require(last)
  }

  // MARK: The world

  /// The processes of the service, by port: their ids.
  func services() -> [Int: [Int32]] {
    var found: [Int: [Int32]] = [:]
    for (pid, words) in processes() where words.contains("--port") && words[0].split(separator: "/").last != "sh" {
      if let port = words.last.flatMap({ Int($0) }) { found[port, default: []].append(pid) }
    }
    return found
  }

  /// The id of the environment's host process.
  func host() -> Int32? { processes().first { $0.words.contains("host") && $0.words.contains("--dir") }?.pid }

  /// The id of the environment's router process.
  func router() -> Int32? { processes().first { $0.words.contains("route") && $0.words.contains("serve") }?.pid }

  /// Every process that names this folder on its command line.
  func processes() -> [(pid: Int32, words: [String])] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { name in
      guard let pid = Int32(name), pid != getpid(),
        let data = FileManager.default.contents(atPath: "/proc/\(name)/cmdline"),
        !data.isEmpty
      else { return nil }
      let words = data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
      return words.contains { $0.contains(folder.path) } ? (pid, words) : nil
    }
  }

  /// The lines of the journal of a kind, by the audit log.
  func journal(_ kind: String, of run: String) async throws -> Int {
    try await slipway("audit", "log").text.split(separator: "\n").count { $0.contains(" \(run) \(kind) ") }
  }

  /// Stops everything and removes the folder.
  private func close() async {
    _ = try? await Program.run(
      ["demo", "--stop", "--dir", folder.path], in: URL(filePath: "/tmp"), within: .seconds(30))
    try? await eventually("nothing is left running in \(folder.path)", within: .seconds(20)) {
      let left = processes()
      // The host first, or it would start its processes anew.
      for process in left.sorted(by: { $0.words.contains("host") && !$1.words.contains("host") }) {
        kill(process.pid, SIGKILL)
      }
      return left.isEmpty
    }
    try? FileManager.default.removeItem(at: folder)
  }

  private static let tests = """
    <?xml version="1.0" encoding="utf-8"?>
    <testsuites><testsuite name="shop" tests="2" failures="0" errors="0" skipped="0" time="0.3">
    <testcase classname="orders" name="places an order" time="0.2"/>
    <testcase classname="prices" name="adds tax" time="0.1"/>
    </testsuite></testsuites>
    """

  private static let coverage = """
    SF:orders.swift
    DA:1,4
    DA:2,4
    LF:10
    LH:9
    end_of_record

    """
}

/// What the tests look at in a run as JSON.
struct RunJSON: Decodable, Sendable {
  struct Waiting: Decodable, Sendable {
    var kind: String
    var until: String?
    var reason: String
  }

  struct Weights: Decodable, Sendable {
    var blue: Int
    var green: Int
  }

  struct Step: Decodable, Sendable {
    var id: String
    var status: String
    var attempts: Int
    var detail: String
  }

  struct Gate: Decodable, Sendable {
    var name: String
    var verdict: String
    var reason: String
  }

  struct Rollback: Decodable, Sendable {
    var cause: String
    var reason: String
    var incident: String?
  }

  var runId: String
  var status: String
  var step: String?
  var waitingFor: Waiting?
  var weights: Weights?
  var gates: [Gate]
  var steps: [Step]
  var rollback: Rollback?
  var evidenceDir: String?

  var isFinished: Bool {
    ["success", "failed", "rolled_back", "rejected", "aborted", "blocked"].contains(status)
  }

  func step(_ id: String) -> Step? { steps.first { $0.id == id } }
}

/// Ports that nobody used a moment ago; each is given out once in this process.
enum FreePorts {
  private static let given = Mutex<Set<Int>>([])

  static func take() -> Int {
    while true {
      let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
      defer { close(listener) }
      var address = loopback(0)
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let isBound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(listener, $0, length) == 0 && getsockname(listener, $0, &length) == 0
        }
      }
      let port = Int(UInt16(bigEndian: address.sin_port))
      if isBound, given.withLock({ $0.insert(port).inserted }) { return port }
    }
  }
}
