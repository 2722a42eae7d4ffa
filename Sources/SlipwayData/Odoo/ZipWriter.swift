internal import CZlib
internal import Glibc
package import SlipwayConnectors

/// Writes a zip archive entry by entry, of any size; every call blocks.
///
/// Each entry's header has room for large numbers, which are filled in when it is complete, so that nothing must be known before and little is kept in memory.
package final class ZipWriter {
  private static let chunk = 1 << 18
  private let handle: CInt
  private let path: String
  private var position: Int64 = 0
  private var entries: [ZipEntry] = []

  /// Makes a new file; one that is there is never written over.
  package init(path: String) throws(ConnectorError) {
    handle = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    self.path = path
    guard handle >= 0 else {
      throw ConnectorError(.misconfigured, "\(path) cannot be written: \(String(cString: strerror(errno)))")
    }
  }

  deinit { if handle >= 0 { close(handle) } }

  /// Adds an entry.
  ///
  /// - Parameters:
  ///   - name: of ASCII letters.
  ///   - isDeflated: whether it is packed.
  ///   - fill: puts the next bytes of its content into the buffer and says how many; 0 is the end.
  /// - Throws: ``ConnectorError`` when it cannot be written, and what `fill` throws.
  func add(
    _ name: String, isDeflated: Bool, fill: (UnsafeMutableRawBufferPointer) throws(ConnectorError) -> Int
  ) throws(ConnectorError) {
    var entry = ZipEntry(
      name: name, isDeflated: isDeflated, checksum: 0, packedBytes: 0, bytes: 0, offset: position, mode: 0o100644)
    try put(header(of: entry))
    let start = position
    let packer = isDeflated ? Packer() : nil
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunk, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let count = try fill(buffer)
      let piece = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      entry.bytes += Int64(count)
      if count > 0 {
        entry.checksum = UInt32(
          truncatingIfNeeded: crc32(UInt(entry.checksum), piece.bindMemory(to: UInt8.self).baseAddress, UInt32(count)))
      }
      if let packer {
        try packer.pack(piece, isLast: count == 0) { packed throws(ConnectorError) in try put(packed) }
      } else if count > 0 {
        try put(piece)
      }
      if count == 0 { break }
    }
    entry.packedBytes = position - start
    try overwrite(header(of: entry), at: entry.offset)
    entries.append(entry)
  }

  /// Adds a short entry.
  package func add(_ name: String, _ content: [UInt8], isDeflated: Bool = true) throws(ConnectorError) {
    var rest = content[...]
    try add(name, isDeflated: isDeflated) { buffer in
      let count = min(buffer.count, rest.count)
      buffer.copyBytes(from: rest.prefix(count))
      rest = rest.dropFirst(count)
      return count
    }
  }

  /// Writes the directory and sees everything on disk.
  package func finish() throws(ConnectorError) {
    let start = position
    var directory: [UInt8] = []
    for entry in entries {
      directory += record(of: entry)
      if directory.count > Self.chunk {
        try put(directory)
        directory = []
      }
    }
    try put(directory)
    try put(ending(start: start, bytes: position - start))
    guard fsync(handle) == 0 else { throw failure() }
  }

  // MARK: Records

  private func header(of entry: ZipEntry) -> [UInt8] {
    let name = Array(entry.name.utf8)
    return Self.little(0x0403_4b50, 4) + Self.little(45, 2) + Self.little(0, 2)
      + Self.little(entry.isDeflated ? 8 : 0, 2) + Self.date + Self.little(UInt64(entry.checksum), 4)
      + Self.little(0xFFFF_FFFF, 4) + Self.little(0xFFFF_FFFF, 4) + Self.little(UInt64(name.count), 2)
      + Self.little(20, 2) + name + Self.little(1, 2) + Self.little(16, 2) + Self.little(UInt64(entry.bytes), 8)
      + Self.little(UInt64(entry.packedBytes), 8)
  }

  private func record(of entry: ZipEntry) -> [UInt8] {
    let name = Array(entry.name.utf8)
    let numbers = [entry.bytes, entry.packedBytes, entry.offset].map { UInt64($0) }
    let large = numbers.filter { $0 >= 0xFFFF_FFFF }
    let short = numbers.map { min($0, 0xFFFF_FFFF) }
    let extra =
      large.isEmpty
      ? [] : Self.little(1, 2) + Self.little(UInt64(8 * large.count), 2) + large.flatMap { Self.little($0, 8) }
    return Self.little(0x0201_4b50, 4) + Self.little(3 << 8 | 45, 2) + Self.little(45, 2) + Self.little(0, 2)
      + Self.little(entry.isDeflated ? 8 : 0, 2) + Self.date + Self.little(UInt64(entry.checksum), 4)
      + Self.little(short[1], 4) + Self.little(short[0], 4) + Self.little(UInt64(name.count), 2)
      + Self.little(UInt64(extra.count), 2) + Self.little(0, 2) + Self.little(0, 2) + Self.little(0, 2)
      + Self.little(UInt64(entry.mode) << 16, 4) + Self.little(short[2], 4) + name + extra
  }

  private func ending(start: Int64, bytes: Int64) -> [UInt8] {
    let (count, start, bytes) = (UInt64(entries.count), UInt64(start), UInt64(bytes))
    var ending: [UInt8] = []
    if count >= 0xFFFF || start >= 0xFFFF_FFFF || bytes >= 0xFFFF_FFFF {
      ending += Self.little(0x0606_4b50, 4) + Self.little(44, 8) + Self.little(3 << 8 | 45, 2) + Self.little(45, 2)
      ending += Self.little(0, 4) + Self.little(0, 4) + Self.little(count, 8) + Self.little(count, 8)
      ending += Self.little(bytes, 8) + Self.little(start, 8)
      ending += Self.little(0x0706_4b50, 4) + Self.little(0, 4) + Self.little(start + bytes, 8) + Self.little(1, 4)
    }
    ending += Self.little(0x0605_4b50, 4) + Self.little(0, 4) + Self.little(min(count, 0xFFFF), 2)
    ending += Self.little(min(count, 0xFFFF), 2) + Self.little(min(bytes, 0xFFFF_FFFF), 4)
    return ending + Self.little(min(start, 0xFFFF_FFFF), 4) + Self.little(0, 2)
  }

  /// 1980-01-01: the same content gives the same archive.
  private static let date = little(0, 2) + little(0x21, 2)

  private static func little(_ number: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
  }

  // MARK: Bytes

  private func put(_ bytes: [UInt8]) throws(ConnectorError) {
    let result = bytes.withUnsafeBytes { buffer in Result { () throws(ConnectorError) in try put(buffer) } }
    try result.get()
  }

  private func put(_ bytes: UnsafeRawBufferPointer) throws(ConnectorError) {
    try write(bytes, at: position)
    position += Int64(bytes.count)
  }

  private func overwrite(_ bytes: [UInt8], at offset: Int64) throws(ConnectorError) {
    let result = bytes.withUnsafeBytes { buffer in Result { () throws(ConnectorError) in try write(buffer, at: offset) }
    }
    try result.get()
  }

  private func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(ConnectorError) {
    var done = 0
    while done < bytes.count {
      let count = pwrite(handle, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset) + off_t(done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failure() }
      done += count
    }
  }

  private func failure() -> ConnectorError {
    ConnectorError(.unreachable, "\(path) cannot be written: \(String(cString: strerror(errno))); is the disk full?")
  }
}

/// Packs a stream of bytes.
private final class Packer {
  private let stream: UnsafeMutablePointer<z_stream>
  private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)

  init() {
    // The library keeps pointers to the stream, so it must not move.
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    _ = slipway_deflate_begin(stream)
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
    output.deallocate()
  }

  func pack(
    _ piece: UnsafeRawBufferPointer, isLast: Bool, _ take: (UnsafeRawBufferPointer) throws(ConnectorError) -> Void
  ) throws(ConnectorError) {
    stream.pointee.next_in = UnsafeMutablePointer(mutating: piece.bindMemory(to: UInt8.self).baseAddress)
    stream.pointee.avail_in = UInt32(piece.count)
    var code = Z_OK
    repeat {
      stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
      stream.pointee.avail_out = UInt32(output.count)
      code = deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
      guard [Z_OK, Z_STREAM_END, Z_BUF_ERROR].contains(code) else {
        throw ConnectorError(.unreachable, "no memory to pack a zip archive")
      }
      try take(UnsafeRawBufferPointer(rebasing: output[..<(output.count - Int(stream.pointee.avail_out))]))
    } while stream.pointee.avail_out == 0 || (isLast && code == Z_OK)
  }
}
