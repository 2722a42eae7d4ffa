package import Foundation
internal import SystemPackage

/// Files from outside, opened so that neither their kind nor their size can hurt.
package enum BoundedFile {
  /// Opens a regular file for reading; a pipe or device, which might never end, is refused without waiting for it.
  static func open(_ path: String) throws(ConnectorError) -> (file: FileHandle, size: Int) {
    let raw: FileDescriptor
    do {
      raw = try FileDescriptor.open(FilePath(path), .readOnly, options: [.nonBlocking, .closeOnExec])
    } catch {
      throw ConnectorError(.misconfigured, "\(path) cannot be read: \(error)")
    }
    let file = FileHandle(fileDescriptor: raw.rawValue, closeOnDealloc: true)
    var status = stat()
    guard fstat(raw.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw ConnectorError(.misconfigured, "\(path) is no file but a folder, pipe or device; name a file")
    }
    return (file, Int(status.st_size))
  }

  /// The whole file; one that is larger than `limit` is refused by its size, before it is read.
  package static func contents(of path: String, limit: Int) throws(ConnectorError) -> Data {
    let (file, size) = try open(path)
    let tooLarge = ConnectorError(.garbage, "\(path) is larger than \(limit >> 20) MiB, the most that is read")
    guard size <= limit else { throw tooLarge }
    let data: Data
    do {
      // A file that grows while it is read is met by the same bound.
      data = try file.read(upToCount: limit + 1) ?? Data()
    } catch {
      throw ConnectorError(.misconfigured, "\(path) cannot be read to its end: \(error)")
    }
    guard data.count <= limit else { throw tooLarge }
    return data
  }
}
