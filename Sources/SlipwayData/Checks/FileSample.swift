internal import Foundation
internal import Glibc
package import SlipwayModel

/// Reads files that a database refers to and compares what they hold with what it says.
package struct FileSample: Sendable {
  /// The folder of the files.
  package let folder: String
  package let names: FilesSpec.ContentNames

  package init(folder: String, names: FilesSpec.ContentNames) {
    self.folder = folder
    self.names = names
  }

  /// What is wrong with the file; nil when it holds what its name and the database say.
  package func fault(of file: FileReference) -> String? {
    let parts = file.path.split(separator: "/", omittingEmptySubsequences: false)
    guard !file.path.utf8.contains(0), parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }),
      let last = parts.last
    else { return "is no path below the folder" }
    var wanted: [(String, String)] = []
    if names != .plain {
      let digits = names == .sha1 ? 40 : 64
      guard Self.isHash(last, digits) else { return "is not called by its \(names.rawValue)" }
      wanted.append(("its name", String(last)))
    }
    if let hash = file.hash {
      guard Self.isHash(hash[...], 40) || Self.isHash(hash[...], 64) else {
        return "has '\(hash.prefix(80))' for a hash"
      }
      wanted.append(("the database", hash.lowercased()))
    }
    guard !wanted.isEmpty else { return "has no hash, neither by name nor in the database" }
    let found: (sha1: String, sha256: String)
    switch Self.hashes(of: folder + "/" + file.path) {
    case .success(let hashes): found = hashes
    case .failure(let reason): return reason.words
    }
    for (who, hash) in wanted {
      let actual = hash.utf8.count == 40 ? found.sha1 : found.sha256
      if actual != hash { return "holds \(actual), \(who) says \(hash)" }
    }
    return nil
  }

  private static func isHash(_ text: Substring, _ digits: Int) -> Bool {
    text.utf8.count == digits && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0 | 32) }
  }

  private struct Reason: Error {
    var words: String
  }

  private static func hashes(of path: String) -> Result<(sha1: String, sha256: String), Reason> {
    // A pipe or a device must not be waited for, and a link may lead anywhere.
    let handle = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard handle >= 0 else {
      return .failure(
        Reason(words: errno == ENOENT ? "is not there" : "cannot be read: " + String(cString: strerror(errno))))
    }
    defer { close(handle) }
    var status = stat()
    guard fstat(handle, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      return .failure(Reason(words: "is no file"))
    }
    var sums = Hashes(withSHA1: true)
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = read(handle, &buffer, buffer.count)
      if count == 0 { break }
      guard count > 0 else {
        if errno == EINTR { continue }
        return .failure(Reason(words: "cannot be read: " + String(cString: strerror(errno))))
      }
      buffer.withUnsafeBytes { sums.add(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
    guard let sha1 = sums.sha1(), let sha256 = try? sums.sha256() else { return .failure(Reason(words: "has no hash")) }
    return .success((sha1, sha256.hex))
  }
}
