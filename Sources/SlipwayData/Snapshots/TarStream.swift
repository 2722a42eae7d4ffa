internal import Foundation
internal import Glibc
internal import SlipwayConnectors
internal import Subprocess
internal import Synchronization
internal import SystemPackage

/// A folder as one stream of bytes, by the system's `tar`, through `age` where somebody's key is given.
struct TarStream: Sendable {
  /// Where programs are looked for.
  let path: String

  /// Runs `tar` with these arguments and hands its output on in pieces of the size asked for.
  ///
  /// - Throws: `misconfigured` when a program is missing, `refused` with tar's own words when it fails.
  func pack(
    _ arguments: [String], _ body: @Sendable (_ next: Pieces) async throws(ConnectorError) -> Void
  ) async throws(ConnectorError) {
    let errors = ErrorText()
    let result: Result<Void, ConnectorError> = await Self.translated {
      let outcome = try await run(
        .name("tar"), arguments: .init(arguments), environment: .custom(["PATH": path, "LC_ALL": "C"]),
        platformOptions: Self.options, input: .none, output: .sequence, error: .sequence
      ) { execution in
        await Self.drain(
          execution.standardOutput, execution.standardError, errors, of: execution.processIdentifier.value, body)
      }
      try outcome.closureResult.get()
      try errors.check(outcome.terminationStatus)
    }
    try result.get()
  }

  /// Runs `tar` on a file that it is told of.
  func unpack(_ arguments: [String]) async throws(ConnectorError) {
    try await pack(arguments) { pieces throws(ConnectorError) in
      while try await pieces.next(1 << 16) != nil {}
    }
  }

  /// In a group of its own, so that age ends with tar.
  private static var options: PlatformOptions {
    var options = PlatformOptions()
    options.createSession = true
    options.teardownSequence = [.gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .seconds(1))]
    return options
  }

  private static func drain(
    _ output: SubprocessOutputSequence, _ error: SubprocessOutputSequence, _ errors: ErrorText, of group: pid_t,
    _ body: @Sendable (Pieces) async throws(ConnectorError) -> Void
  ) async -> Result<Void, ConnectorError> {
    async let said: Void = errors.read(error)
    let pieces = Pieces(output)
    let packed: Result<Void, ConnectorError>
    do throws(ConnectorError) {
      try await body(pieces)
      packed = .success(())
    } catch {
      // Nobody reads on, so tar would wait for ever.
      kill(-group, SIGKILL)
      packed = .failure(error)
    }
    await said
    return packed
  }

  private static func translated(_ body: () async throws -> Void) async -> Result<Void, ConnectorError> {
    do { return .success(try await body()) } catch let error as ConnectorError { return .failure(error) } catch {
      if Task.isCancelled { return .failure(ConnectorError(.timedOut, "packing was cancelled")) }
      return .failure(ConnectorError(.misconfigured, "tar cannot be run: \(error); install tar, and age for keys"))
    }
  }
}

/// What a program writes, in pieces of a given size; used by one task at a time.
actor Pieces {
  private var source: SubprocessOutputSequence.AsyncIterator
  private var pending = Data()
  private var isOver = false

  init(_ source: SubprocessOutputSequence) { self.source = source.makeAsyncIterator() }

  /// The next `size` bytes, fewer at the end, nil after it.
  func next(_ size: Int) async throws(ConnectorError) -> Data? {
    while pending.count < size, !isOver {
      do {
        var iterator = source
        let buffer = try await iterator.next()
        source = iterator
        if let buffer { buffer.withUnsafeBytes { pending.append(contentsOf: $0) } } else { isOver = true }
      } catch {
        throw ConnectorError(.refused, "the output of tar cannot be read: \(error)")
      }
    }
    guard !pending.isEmpty else { return nil }
    let piece = Data(pending.prefix(size))
    pending = Data(pending.dropFirst(size))
    return piece
  }
}

/// What a program complains of, its end only.
private final class ErrorText: Sendable {
  private let text = Mutex(Data())

  func read(_ output: SubprocessOutputSequence) async {
    // A complaint that cannot be read is missed and no more: the exit code decides.
    var iterator = output.makeAsyncIterator()
    while let buffer = try? await iterator.next() {
      buffer.withUnsafeBytes { bytes in
        text.withLock { $0 = Data(($0 + bytes).suffix(4_096)) }
      }
    }
  }

  func check(_ status: TerminationStatus) throws(ConnectorError) {
    if status.isSuccess { return }
    let said = String(decoding: text.withLock { $0 }, as: UTF8.self)
      .split(separator: "\n").joined(separator: "; ")
    let isMissing = said.contains("age: Cannot exec") || said.contains("age: not found")
    throw ConnectorError(
      isMissing ? .misconfigured : .refused,
      isMissing ? "age is not installed; install it, for snapshots are encrypted with it" : "tar failed: \(said)")
  }
}
