internal import Foundation
internal import SlipwayModel

/// A folder that nobody else may read or write, for the time of one call.
enum PrivateFolder {
  static func with<Result: Sendable>(
    _ body: (URL) async throws(IdentityError) -> Result
  ) async throws(IdentityError) -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "slipway-" + UUID().uuidString)
    do {
      try FileManager.default.createDirectory(
        at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    } catch {
      throw IdentityError(
        .misconfigured, "no folder can be made in \(folder.deletingLastPathComponent().path): \(error)")
    }
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder)
  }

  /// Writes a file into the folder.
  static func write(_ text: String, to file: URL) throws(IdentityError) {
    do {
      try Data(text.utf8).write(to: file, options: .withoutOverwriting)
    } catch {
      throw IdentityError(.misconfigured, "\(file.path) cannot be written: \(error)")
    }
  }
}
