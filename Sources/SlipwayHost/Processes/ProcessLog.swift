internal import Glibc
internal import SlipwayModel

/// The output of one instance: a file that the process appends to by itself, so that it goes on when the host is gone.
struct ProcessLog {
  let path: String

  /// Keeps the file under `limit` bytes: the newest `limit` go to `PATH.1`, which replaces an older one, and the file begins anew.
  ///
  /// The file itself stays, because the process holds it open; what it writes during the copy may be lost.
  func cap(at limit: Int) {
    guard let file = Descriptor(open(path, O_RDWR | O_CLOEXEC)) else { return }
    let size = lseek(file.raw, 0, SEEK_END)
    guard size > limit, let old = Descriptor(open(path + ".1", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)) else {
      return
    }
    lseek(file.raw, size - limit, SEEK_SET)
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    var rest = limit
    while rest > 0 {
      let count = read(file.raw, &chunk, min(chunk.count, rest))
      guard count > 0, (try? WholeFile.write(chunk[..<count], to: old.raw)) != nil else { break }
      rest -= count
    }
    ftruncate(file.raw, 0)
  }

  /// Adds a line of the host's own.
  func note(_ text: String, at time: Timestamp) {
    guard let file = Descriptor(open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)) else { return }
    try? WholeFile.write(Array("[slipway host \(time)] \(text)\n".utf8)[...], to: file.raw)
  }
}
