internal import Foundation
internal import Glibc

/// The map file that HAProxy reads when it starts or reloads.
struct HAProxyMapFile: Sendable {
  let path: String

  private static let largest = 1 << 20

  /// Puts `value` under `key` and keeps every other line; the old or the new file is there whole at any instant, a power cut included.
  func write(_ value: String, for key: String) throws(ConnectorError) {
    // A link stays a link: the file that it leads to is replaced.
    let real = Self.resolved(path)
    let text = try Self.lines(of: real, without: key) + "\(key) \(value)\n"
    let temporary = real + ".slipway-new"
    do throws(Failure) {
      try Self.store(Array(text.utf8), at: temporary, likeFile: real)
      guard rename(temporary, real) == 0 else { throw Failure() }
      try Self.syncFolder(of: real)
    } catch {
      unlink(temporary)
      throw ConnectorError(
        error.isLasting ? .misconfigured : .unreachable,
        "HAProxy's map file \(path) cannot be rewritten (\(error.text)), so a reload would bring back an older split; "
          + "free the disk or give slipway the right to write in its folder, then try again")
    }
  }

  private struct Failure: Error {
    let number = errno
    var text: String { String(cString: strerror(number)) }
    var isLasting: Bool { [EACCES, EPERM, EROFS, ENOENT, ENOTDIR, EISDIR, ELOOP].contains(number) }
  }

  private static func resolved(_ path: String) -> String {
    guard let found = realpath(path, nil) else { return path }
    defer { free(found) }
    return String(cString: found)
  }

  private static func lines(of path: String, without key: String) throws(ConnectorError) -> String {
    guard let handle = FileHandle(forReadingAtPath: path) else { return "" }
    defer { try? handle.close() }
    guard let data = try? handle.read(upToCount: largest + 1) ?? Data(), data.count <= largest else {
      throw ConnectorError(.misconfigured, "HAProxy's map file \(path) cannot be read or is larger than 1 MiB")
    }
    let kept = data.split(separator: 10).filter { line in
      !line.drop { $0 == 32 || $0 == 9 }.split(whereSeparator: { $0 == 32 || $0 == 9 || $0 == 13 }).prefix(1)
        .contains { $0.elementsEqual(key.utf8) }
    }
    return kept.map { String(decoding: $0, as: UTF8.self) + "\n" }.joined()
  }

  private static func store(_ bytes: [UInt8], at path: String, likeFile model: String) throws(Failure) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw Failure() }
    defer { close(file) }
    var status = stat()
    if stat(model, &status) == 0 {
      // Without the right to give the file away it stays ours, which HAProxy does not mind as long as it may read it.
      _ = fchown(file, status.st_uid, status.st_gid)
      guard fchmod(file, status.st_mode & 0o777) == 0 else { throw Failure() }
    }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0, errno != EINTR { throw Failure() }
      rest = rest.dropFirst(max(0, count))
    }
    guard fsync(file) == 0 else { throw Failure() }
  }

  private static func syncFolder(of path: String) throws(Failure) {
    let parent = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    let folder = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw Failure() }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw Failure() }
  }
}
