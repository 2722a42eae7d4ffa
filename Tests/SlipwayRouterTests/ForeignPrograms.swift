import Foundation
import Glibc

/// Runs a program to its end and gives what it printed.
func run(_ program: String, _ arguments: String...) throws -> (status: Int32, output: String) {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = [program] + arguments
  let pipe = Pipe()
  process.standardOutput = pipe
  process.standardError = pipe
  try process.run()
  let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  return (process.terminationStatus, output)
}

/// `python3 -m http.server` on a free port.
final class ForeignServer: Sendable {
  let address: String
  private let pid: Int32

  init(folder: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", folder]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    pid = process.processIdentifier
    var line = ""
    while !line.contains("("), let more = try pipe.fileHandleForReading.read(upToCount: 1) {
      line += String(decoding: more, as: UTF8.self)
    }
    // "Serving HTTP on 127.0.0.1 port 40123 (http://..."
    guard let port = line.split(separator: " ").last(where: { Int($0) != nil }) else { throw Incomplete() }
    address = "127.0.0.1:\(port)"
  }

  func stop() { kill(pid, SIGKILL) }
}
