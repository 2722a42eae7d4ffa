internal import Glibc

/// An open file descriptor, closed when its last owner lets go.
final class Descriptor: Sendable {
  let raw: Int32

  /// Takes over `raw`; nil for a failed call's -1.
  init?(_ raw: Int32) {
    guard raw >= 0 else { return nil }
    self.raw = raw
  }

  deinit { close(raw) }
}

/// What a failed system call said.
struct SystemFailure: Error, Sendable, CustomStringConvertible {
  let number: Int32
  init(_ number: Int32 = errno) { self.number = number }
  var description: String { String(cString: strerror(number)) }
}

/// Small files, read and replaced whole.
enum WholeFile {
  /// The bytes of the file at `path`, at most `limit` of them; nil when it cannot be opened or read.
  static func read(_ path: String, limit: Int) -> [UInt8]? {
    guard let file = Descriptor(open(path, O_RDONLY | O_CLOEXEC)) else { return nil }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: min(limit, 65_536))
    while bytes.count < limit {
      let count = Glibc.read(file.raw, &chunk, min(chunk.count, limit - bytes.count))
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { break }
      bytes.append(contentsOf: chunk[..<count])
    }
    return bytes
  }

  /// Puts `bytes` at `path` so that after a power cut the file holds either the old bytes or the new.
  static func replace(_ path: String, with bytes: [UInt8]) throws(SystemFailure) {
    let temporary = path + ".new"
    do throws(SystemFailure) {
      guard let file = Descriptor(open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)) else {
        throw SystemFailure()
      }
      try write(bytes[...], to: file.raw)
      guard fsync(file.raw) == 0, rename(temporary, path) == 0 else { throw SystemFailure() }
    } catch {
      unlink(temporary)
      throw error
    }
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    guard let parent = Descriptor(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)), fsync(parent.raw) == 0 else {
      throw SystemFailure()
    }
  }

  static func write(_ bytes: ArraySlice<UInt8>, to file: Int32) throws(SystemFailure) {
    var rest = bytes
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw SystemFailure() }
      rest = rest.dropFirst(count)
    }
  }
}
