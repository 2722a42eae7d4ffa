internal import Glibc
internal import SlipwayConnectors
internal import SlipwayModel

/// Reads, copies and adds up the bytes of one file.
struct FileSum: Sendable, Equatable {
  var size: Int64
  var sha256: Digest
  var sha1: String?

  private static let largestBuffer = 1 << 20

  /// Reads `source` to its end, adds it up and writes it to `target` if there is one.
  static func of(
    _ source: Descriptor, size: Int64, wantsSHA1: Bool, copyTo target: Descriptor? = nil, stop: Stop, shown: String
  ) throws(ConnectorError) -> FileSum {
    // A clone shares the source's blocks until either changes; what was cloned is read again, so that sum and copy are of one moment.
    let isClone = target.map { ioctl($0.number, UInt(0x4004_9409), source.number) == 0 } ?? false
    let from = isClone ? target ?? source : source
    var hashes = Hashes(withSHA1: wantsSHA1)
    var total: Int64 = 0
    let room = min(largestBuffer, max(4_096, Int(clamping: size) &+ 1))
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 4_096)
    defer { buffer.deallocate() }
    while true {
      try stop.check()
      guard let count = from.read(into: buffer) else { throw .disk("cannot read \(shown)") }
      if count == 0 { break }
      let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      hashes.add(bytes)
      if let target, !isClone, !target.write(bytes) { throw .disk("cannot write the copy of \(shown)") }
      total += Int64(count)
    }
    return FileSum(size: total, sha256: try hashes.sha256(), sha1: hashes.sha1())
  }
}
