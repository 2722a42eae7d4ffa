import Foundation
import Synchronization

/// A process that runs beside the test; its output goes to files of its own.
final class Companion: Sendable {
  let pid: Int32
  private let words: String
  private let output: URL
  private let errors: URL
  private let ending: Ending

  private final class Ending: Sendable {
    /// The exit code, or the negative number of the signal that ended it.
    let code = Mutex<Int32?>(nil)
  }

  private init(pid: Int32, words: String, output: URL, errors: URL, ending: Ending) {
    self.pid = pid
    self.words = words
    self.output = output
    self.errors = errors
    self.ending = ending
  }

  static func start(
    _ program: String = Program.path, _ words: [String], in folder: URL, environment: [String: String] = [:]
  ) throws -> Companion {
    let name = "/tmp/swe-out-\(UInt64.random(in: .min ... .max))"
    let output = URL(filePath: name + ".out")
    let errors = URL(filePath: name + ".err")
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = words
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SLIPWAY_") }
      .merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    let handles = try [output, errors].map(handle)
    process.standardOutput = handles[0]
    process.standardError = handles[1]
    let ending = Ending()
    process.terminationHandler = { ended in
      let code = ended.terminationReason == .exit ? ended.terminationStatus : -ended.terminationStatus
      ending.code.withLock { $0 = code }
    }
    try process.run()
    try handles.forEach { try $0.close() }
    return Companion(
      pid: process.processIdentifier, words: words.joined(separator: " "), output: output, errors: errors,
      ending: ending)
  }

  private static func handle(_ file: URL) throws -> FileHandle {
    _ = FileManager.default.createFile(atPath: file.path, contents: nil)
    return try FileHandle(forWritingTo: file)
  }

  var isRunning: Bool {
    ending.code.withLock { code in
      // Foundation hears of an end only when every process that was started by this one has ended too.
      if code == nil { code = codeInProcesses }
      return code == nil
    }
  }

  /// The code of a process that has ended and waits to be reaped; nil while it runs.
  private var codeInProcesses: Int32? {
    guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let name = text.lastIndex(of: ")")
    else { return nil }
    let fields = text[text.index(after: name)...].split(whereSeparator: \.isWhitespace)
    guard fields.first == "Z", let status = fields.last.flatMap({ Int32($0) }) else { return nil }
    return status & 0x7f == 0 ? (status >> 8) & 0xff : -(status & 0x7f)
  }
  var text: String { read(output) }
  var complaint: String { read(errors) }

  private func read(_ file: URL) -> String {
    String(decoding: (try? Data(contentsOf: file)) ?? Data(), as: UTF8.self)
  }

  /// Waits for the end and gives the exit code; past the limit the process is killed and the test told what it had said.
  func ended(within limit: Duration = .seconds(150)) async throws -> Int32 {
    do {
      try await eventually("'\(words)' ends", within: limit) { !isRunning }
    } catch {
      kill()
      throw NeverHappened("'\(words)' did not end in \(limit); it said:\n\(text)\n\(complaint)")
    }
    return ending.code.withLock { $0 } ?? -1
  }

  /// `kill -9`, and returns when it is gone.
  func crash() async throws {
    kill()
    try await eventually("'\(words)' is gone") { !isRunning }
  }

  func kill() { if isRunning { Foundation.kill(pid, SIGKILL) } }
  func terminate() { if isRunning { Foundation.kill(pid, SIGTERM) } }

  /// Removes what it wrote.
  func forget() {
    kill()
    for file in [output, errors] { try? FileManager.default.removeItem(at: file) }
  }
}

struct NeverHappened: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Waits for a condition, generously because the machine may be loaded.
func eventually(
  _ what: String, within limit: Duration = .seconds(240), _ condition: () async throws -> Bool
) async throws {
  let end = ContinuousClock.now + limit
  while try await !condition() {
    guard ContinuousClock.now < end else { throw NeverHappened("never: \(what)") }
    try await Task.sleep(for: .milliseconds(25))
  }
}
