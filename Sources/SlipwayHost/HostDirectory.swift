internal import Foundation
internal import Glibc
package import SlipwayModel

/// The folder of one host and the names of what lies in it.
package struct HostDirectory: Sendable, Equatable {
  /// Absolute path, without symbolic links once the folder exists.
  package let root: String

  /// Names the files below `path`, which need not exist yet.
  package init(_ path: String) {
    let absolute = URL(fileURLWithPath: path).standardizedFileURL.path
    root =
      realpath(absolute, nil).map { resolved in
        defer { free(resolved) }
        return String(cString: resolved)
      } ?? absolute
  }

  package var socketPath: String { root + "/host.sock" }
  /// What the host itself says.
  package var hostLogPath: String { root + "/host.log" }
  package var slotsPath: String { root + "/slots.json" }
  var lockPath: String { root + "/host.lock" }
  private var logsPath: String { root + "/logs" }

  /// Where the output of `instance` in `slot` is kept.
  package func logPath(slot: Slot, instance: String) -> String { "\(logsPath)/\(slot)-\(instance).log" }

  /// Makes the folder and its parts, readable by their owner only; harmless when they exist.
  func create() throws(HostError) {
    do {
      try FileManager.default.createDirectory(
        atPath: logsPath, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw HostError(
        .storage, "the host's folder '\(root)' cannot be made; check its parent's permissions and space", cause: error)
    }
  }
}
