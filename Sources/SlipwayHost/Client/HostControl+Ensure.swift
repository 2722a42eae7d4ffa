internal import Foundation
internal import Glibc
internal import SlipwayModel

extension HostControl {
  /// Makes sure that a host answers for this directory, starting one that outlives this process when none does.
  ///
  /// Several callers at once end up with one host.
  ///
  /// - Returns: what the host holds, which after its restart is what an earlier one left.
  /// - Throws: ``HostError``: `cannotStart` with the host's own words when it refuses to run, `timedOut` when it stays silent.
  @discardableResult
  package func ensureRunning(_ launcher: HostLauncher) async throws(HostError) -> HostStatus {
    let call = HostCall(directory, within: patience)
    return try await BlockingThread.run { () throws(HostError) in
      try HostStart(directory: call.directory, launcher: launcher, deadline: call.deadline).run()
    }
  }
}

/// The start of a detached host, on the calling thread.
private struct HostStart {
  let directory: HostDirectory
  let launcher: HostLauncher
  let deadline: Int64

  func run() throws(HostError) -> HostStatus {
    var process: DetachedProcess?
    while true {
      let asked: HostError
      do throws(HostError) {
        return try HostCall(directory, within: .seconds(2)).perform(.status)
      } catch {
        asked = error
      }
      // Somebody is there: a second host would only be turned away.
      guard asked.code == .unreachable || asked.code == .timedOut else { throw asked }
      if let ending = process?.ended {
        guard ending == .exited(code: HostServer.alreadyRunningExit) else {
          throw HostError(.cannotStart, "the host of '\(directory.root)' ended at once (\(ending)): \(lastWords())")
        }
        // Another starter was quicker, or an old host is just going: give either a moment.
        usleep(200_000)
        process = nil
      } else if process == nil, asked.code == .unreachable {
        process = try spawn()
      }
      guard HostClock.system.uptime() < deadline else {
        throw HostError(
          .timedOut, "the host of '\(directory.root)' does not answer in time: \(lastWords())", cause: asked)
      }
      usleep(20_000)
    }
  }

  private func spawn() throws(HostError) -> DetachedProcess {
    try directory.create()
    return try DetachedProcess.spawn(
      launcher.command, environment: launcher.environment, log: directory.hostLogPath, directory: directory.root)
  }

  private func lastWords() -> String {
    let bytes = WholeFile.read(directory.hostLogPath, limit: 1 << 20) ?? []
    let lines = String(decoding: bytes.suffix(4_000), as: UTF8.self).split(separator: "\n")
    return lines.last.map(String.init) ?? "it said nothing in '\(directory.hostLogPath)'"
  }
}
