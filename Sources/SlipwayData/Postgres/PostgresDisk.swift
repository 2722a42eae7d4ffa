internal import Foundation
internal import SlipwayModel

/// Free space.
enum DiskSpace {
  /// Bytes that may still be written under `path`, or under the nearest folder above it that exists; nil when nobody can say.
  static func free(at path: String) -> Int64? {
    var place = path
    while !place.isEmpty, place != "/", !FileManager.default.fileExists(atPath: place) {
      place = (place as NSString).deletingLastPathComponent
    }
    var figures = statvfs()
    guard statvfs(place.isEmpty ? "." : place, &figures) == 0 else { return nil }
    let (bytes, overflow) = Int64(clamping: figures.f_bavail).multipliedReportingOverflow(
      by: Int64(clamping: figures.f_frsize))
    return overflow ? .max : bytes
  }
}

extension PostgresServer {
  /// Bytes free where the server keeps its databases; nil when it runs elsewhere, or does not tell this role where.
  package func freeBytes() async -> Int64? {
    guard isHere, let session = try? await session() else { return nil }
    guard let folder = try? await session.value("SELECT setting FROM pg_settings WHERE name = 'data_directory'"),
      FileManager.default.fileExists(atPath: folder)
    else { return nil }
    return DiskSpace.free(at: folder)
  }

  /// Whether the server runs on this machine.
  private var isHere: Bool {
    guard let host = address.variables["PGHOST"] else { return true }
    return host.reveal { $0.hasPrefix("/") || ["localhost", "127.0.0.1", "::1", ""].contains($0) }
  }
}
