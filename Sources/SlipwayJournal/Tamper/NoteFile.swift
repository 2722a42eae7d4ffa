internal import Foundation
internal import Glibc

/// Files of signed notes, which anyone may have put something else in the place of.
enum NoteFile {
  /// The bytes of a regular file of at most `limit` bytes; nil for anything else, and nothing is waited for.
  static func contents(of url: URL, limit: Int) -> Data? {
    // O_NONBLOCK, because opening a pipe would wait for a writer.
    let descriptor = open(url.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= limit else {
      return nil
    }
    // A file that grows meanwhile is met by the same bound.
    guard let data = try? file.read(upToCount: limit + 1), data.count <= limit else {
      return status.st_size == 0 ? Data() : nil
    }
    return data
  }
}
