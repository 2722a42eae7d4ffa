import Foundation
import Glibc

/// A program that a test ends and starts again; `stop` belongs at the end of every test.
actor RestartedProcess {
  private let program: String
  private let arguments: [String]
  private let folder: URL
  private var process: Process?
  private var output: URL?

  init(_ program: String, _ arguments: [String], folder: URL) {
    self.program = program
    self.arguments = arguments
    self.folder = folder
  }

  func start() throws {
    let output = folder.appending(path: "\(UUID().uuidString).log")
    _ = FileManager.default.createFile(atPath: output.path, contents: nil)
    let handle = try FileHandle(forWritingTo: output)
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["XDG_DATA_HOME": folder.path, "XDG_CONFIG_HOME": folder.path], uniquingKeysWith: { $1 })
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
    self.process = process
    self.output = output
  }

  /// Ends it and what it started.
  func stop() {
    guard let process else { return }
    // Halted first, so that it starts no child that nobody would end and that would keep its port.
    kill(process.processIdentifier, SIGSTOP)
    let children =
      (try? String(
        contentsOfFile: "/proc/\(process.processIdentifier)/task/\(process.processIdentifier)/children", encoding: .utf8
      )) ?? ""
    kill(process.processIdentifier, SIGKILL)
    for child in children.split(separator: " ").compactMap({ pid_t($0) }) { kill(child, SIGKILL) }
    process.waitUntilExit()
    self.process = nil
  }

  var text: String { output.flatMap { try? String(contentsOf: $0, encoding: .utf8) } ?? "" }
}
