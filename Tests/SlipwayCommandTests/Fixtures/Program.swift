import Foundation
import Synchronization
import Testing

/// The built program, run as a user runs it: a process with words, an exit code and two outputs.
enum Program {
  /// `SLIPWAY_PROGRAM`, else the program that was built beside this test.
  static let path: String = {
    if let named = ProcessInfo.processInfo.environment["SLIPWAY_PROGRAM"] { return named }
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    return URL(filePath: own).deletingLastPathComponent().appending(path: "slipway").path
  }()

  struct Output: Sendable, CustomStringConvertible {
    let code: Int32
    /// Standard output.
    let text: String
    /// Standard error.
    let complaint: String

    var description: String { "code \(code)\n\(text)\n\(complaint)" }
    var firstLine: String { text.split(separator: "\n").first.map(String.init) ?? "" }

    func json(sourceLocation: SourceLocation = #_sourceLocation) throws -> Any {
      try #require(
        try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed),
        "one JSON document and nothing else, but: \(self)", sourceLocation: sourceLocation)
    }

    /// One JSON object a line.
    func objects(sourceLocation: SourceLocation = #_sourceLocation) throws -> [[String: Any]] {
      try text.split(separator: "\n").map { line in
        try #require(
          try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "a JSON object: \(line)",
          sourceLocation: sourceLocation)
      }
    }

    func object(sourceLocation: SourceLocation = #_sourceLocation) throws -> [String: Any] {
      try #require(try json() as? [String: Any], "a JSON object, but: \(self)", sourceLocation: sourceLocation)
    }
  }

  /// Runs the program to its end.
  static func run(
    _ words: [String], in folder: URL, environment: [String: String] = [:], within limit: Duration = .seconds(150)
  ) async throws -> Output {
    try await run(path, words, in: folder, environment: environment, within: limit)
  }

  /// Runs any program to its end; its output goes through files, which no child that lives on can hold open.
  static func run(
    _ program: String, _ words: [String], in folder: URL, environment: [String: String] = [:],
    within limit: Duration = .seconds(150)
  ) async throws -> Output {
    let companion = try Companion.start(program, words, in: folder, environment: environment)
    defer { companion.forget() }
    let code = try await companion.ended(within: limit)
    return Output(code: code, text: companion.text, complaint: companion.complaint)
  }
}
