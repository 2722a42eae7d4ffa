internal import Foundation
internal import Glibc
package import SlipwayModel

/// The lock on a state folder: one driver at a time, released by the kernel when its process ends, however it ends.
///
/// The descriptor closes on exec, so that processes which outlive the driver (router, host) never inherit the lock.
package final class DriverLock: Sendable {
  /// Who drives: written into the lock file for whoever is refused.
  package struct Holder: Codable, Sendable, Equatable, CustomStringConvertible {
    package let pid: Int32
    package let host: String
    package let startedAt: Timestamp
    package let command: String

    package init(pid: Int32, host: String, startedAt: Timestamp, command: String) {
      self.pid = pid
      self.host = host
      self.startedAt = startedAt
      self.command = command
    }

    /// This process, started at `time`.
    package static func thisProcess(at time: Timestamp) -> Holder {
      let words = CommandLine.arguments.joined(separator: " ")
      return Holder(
        pid: getpid(), host: ProcessInfo.processInfo.hostName, startedAt: time, command: String(words.prefix(200)))
    }

    package var description: String { "process \(pid) on \(host) since \(startedAt): \(command)" }
  }

  private let descriptor: Int32

  private init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { Glibc.close(descriptor) }

  /// Gives the lock up now, also where a process in the middle of being started still holds a copy of the descriptor.
  package func release() { flock(descriptor, LOCK_UN) }

  /// Takes the lock of `folder` at once or not at all.
  ///
  /// - Throws: `held` with a description of the present holder, `unreachable` when the file cannot be opened or locked.
  package static func take(_ folder: JournalFolder, as holder: Holder) throws(JournalError) -> DriverLock {
    let path = folder.lock.path
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw refusal("cannot open \(path)", errno) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let reason = errno
      defer { Glibc.close(descriptor) }
      guard reason == EWOULDBLOCK else { throw refusal("cannot lock \(path)", reason) }
      throw .held(folder.url.path, by: Self.holder(of: folder)?.description ?? "a process that has not said who it is")
    }
    let lock = DriverLock(descriptor: descriptor)
    try lock.write(holder, to: path)
    return lock
  }

  /// Who wrote the lock file last; says nothing about whether the lock is still held.
  package static func holder(of folder: JournalFolder) -> Holder? {
    guard let data = try? Data(contentsOf: folder.lock) else { return nil }
    return try? CanonicalJSON.decode(Holder.self, from: data)
  }

  private func write(_ holder: Holder, to path: String) throws(JournalError) {
    do {
      let data = try CanonicalJSON.encode(holder)
      let written = data.withUnsafeBytes { bytes in
        ftruncate(descriptor, 0) == 0 ? pwrite(descriptor, bytes.baseAddress, bytes.count, 0) : -1
      }
      // The lock itself is held; a full disk must not keep the driver from opening and saying what is wrong.
      guard written == data.count || errno == ENOSPC else { throw Self.refusal("cannot write \(path)", errno) }
    } catch let error as JournalError {
      throw error
    } catch {
      throw JournalError(.unreachable, "cannot write \(path)", cause: error)
    }
  }

  private static func refusal(_ what: String, _ reason: Int32) -> JournalError {
    JournalError(.unreachable, "\(what): \(String(cString: strerror(reason))); check the folder and its permissions")
  }
}
