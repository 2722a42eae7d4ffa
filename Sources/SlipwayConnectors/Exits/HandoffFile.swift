internal import Foundation
internal import Glibc

/// A document that comes into being under its name whole: written beside, synced, renamed. Whoever reads sees the old one or the new one.
package enum HandoffFile {
  /// Writes `text` to `path`, whose folder is made.
  ///
  /// - Returns: where it lies.
  /// - Throws: ``ConnectorError/Code/unreachable`` when the disk does not take it.
  package static func write(_ text: String, to path: String, root: String) throws(ConnectorError) -> String {
    let target = path.hasPrefix("/") ? path : root + "/" + path
    let folder = (target as NSString).deletingLastPathComponent
    let beside =
      "\(folder)/.\((target as NSString).lastPathComponent).partial-\(getpid())-\(UInt32.random(in: .min ... .max))"
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      guard FileManager.default.createFile(atPath: beside, contents: nil) else { throw CocoaError(.fileWriteUnknown) }
      let file = try FileHandle(forWritingTo: URL(filePath: beside))
      try file.write(contentsOf: Data(text.utf8))
      try file.synchronize()
      try file.close()
      guard rename(beside, target) == 0 else { throw CocoaError(.fileWriteUnknown) }
    } catch {
      unlink(beside)
      throw ConnectorError(
        .unreachable, "the handoff document cannot be written to \(target): \(error.localizedDescription)")
    }
    sync(folder)
    return target
  }

  /// The name itself must be on disk too, or a power cut would take it.
  private static func sync(_ folder: String) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}
