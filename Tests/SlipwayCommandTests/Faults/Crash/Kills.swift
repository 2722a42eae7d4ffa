import Foundation
import Testing

/// How the tests hurt the driver of a shop.
extension Shop {
  static let rounds = ProcessInfo.processInfo.environment["SLIPWAY_SOAK"].flatMap { Int($0) } ?? 0

  /// A driver whose system calls go wrong: `fault` as strace's `--inject` has it, such as `fdatasync:signal=KILL:when=3`.
  func driver(injecting fault: String) throws -> Companion {
    let call = fault.split(separator: ":")[0]
    return try Companion.start(
      "/usr/bin/strace",
      ["-f", "-qq", "-o", "/dev/null", "-e", "trace=\(call)", "-e", "inject=\(fault)"]
        + [Program.path, "run", "--forever"], in: folder)
  }

  /// Ends a driver under strace with all that belongs to it.
  func end(_ driver: Companion) async throws {
    for child in children(of: driver.pid) { kill(child, SIGKILL) }
    try await driver.crash()
    driver.forget()
  }

  private func children(of parent: Int32) -> [Int32] {
    let text = (try? String(contentsOfFile: "/proc/\(parent)/task/\(parent)/children", encoding: .utf8)) ?? ""
    return text.split(separator: " ").compactMap { Int32($0) }
  }

  /// Asks for a promotion of a new version and agrees to it.
  func agreed(_ version: String, failsOneIn: Int = 0) async throws -> String {
    try await register(version, failsOneIn: failsOneIn)
    let run = try await promote(version)
    try await slipway("approve", run, "--as", "ann")
    return run
  }

  /// Runs `body` for one good and one bad version in turn, with what each must come to.
  func forGoodAndBad(_ body: (String, Int, Aftermath.Ending) async throws -> Void) async throws {
    try await body("1.1.0", 0, Aftermath.Ending(outcomes: ["success"], success: "1.1.0", else: "1.0.0"))
    try await body("1.2.0", 2, Aftermath.Ending(outcomes: ["rolled_back"], success: "1.2.0", else: "1.1.0"))
  }
}

extension Aftermath {
  struct Ending {
    var outcomes: Set<String>
    var success: String
    var `else`: String
  }

  @discardableResult
  func expect(_ ending: Ending, plane: RealHAProxy? = nil, sourceLocation: SourceLocation = #_sourceLocation)
    async throws
    -> String
  {
    try await expectSound(
      ending.outcomes, live: (ending.success, ending.else), plane: plane, sourceLocation: sourceLocation)
  }
}
