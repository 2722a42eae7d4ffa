import AsyncHTTPClient
import Foundation
import NIOCore
import SlipwayIdentity
import SlipwayModel
import Synchronization
import Testing

/// The decision that tests prove, at an instant of their own.
enum Sample {
  static let now = Timestamp(milliseconds: 1_795_262_400_000)
  static let ann: Person = "ann@example.com"
  static let statement = DecisionStatement(
    word: "approve", run: "20261121-120000000-ab12", plan: Digest(of: Data("the plan".utf8)))
  static let other = DecisionStatement(
    word: "approve", run: "20261121-120000000-zz99", plan: Digest(of: Data("another plan".utf8)))
}

/// Runs `body` with a folder of its own, which is removed afterwards.
func withFolder<Result>(_ body: (URL) async throws -> Result) async throws -> Result {
  let folder = URL(filePath: "/tmp/si-\(UInt32.random(in: .min ... .max))")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try await body(folder)
}

/// Runs `body` with a client as the program has it.
func withClient<Result>(_ body: (HTTPClient) async throws -> Result) async throws -> Result {
  var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
  configuration.connectionPool.idleTimeout = .seconds(2)
  let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  do {
    let result = try await body(client)
    try await client.shutdown()
    return result
  } catch {
    try await client.shutdown()
    throw error
  }
}

struct NeverHappened: Error, CustomStringConvertible { let description: String }

/// Waits for a condition, generously because the machine may be loaded.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
  let end = ContinuousClock.now + .seconds(60)
  while try await !condition() {
    guard ContinuousClock.now < end else { throw NeverHappened(description: "never: \(what)") }
    try await Task.sleep(for: .milliseconds(20))
  }
}

/// Runs a program to its end.
@discardableResult
func run(
  _ arguments: [String], input: String = "", folder: URL, environment: [String: String] = [:]
) throws -> (code: Int32, output: String) {
  let process = Process()
  process.executableURL = URL(filePath: "/usr/bin/env")
  process.arguments = arguments
  process.currentDirectoryURL = folder
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  let file = folder.appending(path: "input-\(UInt32.random(in: .min ... .max))")
  try Data(input.utf8).write(to: file)
  process.standardInput = try FileHandle(forReadingFrom: file)
  let output = Pipe()
  process.standardOutput = output
  process.standardError = FileHandle.nullDevice
  try process.run()
  let data = try output.fileHandleForReading.readToEnd() ?? Data()
  process.waitUntilExit()
  return (process.terminationStatus, String(decoding: data, as: UTF8.self))
}

/// The error that `body` ends with; a recorded issue when it does not.
func refusal<Value>(
  _ what: String = "", sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Value
) async -> IdentityError? {
  do {
    let value = try await body()
    Issue.record("not refused: \(what) \(value)", sourceLocation: sourceLocation)
  } catch let error as IdentityError {
    return error
  } catch {
    Issue.record("another error: \(error)", sourceLocation: sourceLocation)
  }
  return nil
}

/// Expects `body` to be refused with `code`.
func expectRefusal<Value>(
  _ code: IdentityError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Value
) async {
  let error = await refusal(sourceLocation: sourceLocation, body)
  #expect(error?.code == code, "\(error?.message ?? "")", sourceLocation: sourceLocation)
}

/// Texts that tasks of a test noted.
final class Noted: Sendable {
  private let texts = Mutex<[String]>([])

  func add(_ text: String) { texts.withLock { $0.append(text) } }
  var all: [String] { texts.withLock { $0 } }
}
