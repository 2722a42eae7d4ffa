internal import CZlib
internal import Foundation
internal import Glibc
package import SlipwayConnectors

/// A zip archive on disk, read entry by entry; every call blocks.
///
/// Not shared between threads: a descriptor has one owner.
package final class ZipArchive {
  private static let chunk = 1 << 18
  private let handle: CInt
  let size: Int64
  package let entries: [ZipEntry]

  /// - Throws: ``ConnectorError`` when the file cannot be read or is no archive whose directory makes sense.
  package init(path: String) throws(ConnectorError) {
    let handle = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard handle >= 0 else {
      throw ConnectorError(.misconfigured, "\(path) cannot be read: \(String(cString: strerror(errno)))")
    }
    do throws(ConnectorError) {
      var status = stat()
      guard fstat(handle, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        throw ConnectorError(.misconfigured, "\(path) is no file")
      }
      size = Int64(status.st_size)
      try NoArchive.refuse(try Self.read(handle, at: 0, count: Int(min(4_096, size))), path: path)
      let tail = Int(min(Int64(ZipDirectory.tailLimit), size))
      var place = try ZipDirectory.place(in: try Self.read(handle, at: size - Int64(tail), count: tail), size: size)
      if let wide = place.wide {
        place = try ZipDirectory.place(wide: try Self.read(handle, at: wide, count: 56), at: wide)
      }
      entries = try ZipDirectory(try Self.read(handle, at: place.offset, count: place.bytes), at: place).entries
    } catch {
      close(handle)
      throw error
    }
    self.handle = handle
  }

  deinit { close(handle) }

  private static func read(_ handle: CInt, at offset: Int64, count: Int) throws(ConnectorError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let got = bytes.withUnsafeMutableBytes { buffer in
        pread(handle, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(offset) + off_t(filled))
      }
      if got < 0, errno == EINTR { continue }
      guard got > 0 else {
        throw ZipDirectory.broken(got == 0 ? "it ends too early" : String(cString: strerror(errno)))
      }
      filled += got
    }
    return bytes
  }

  /// Hands out what the entry holds, in pieces; length and checksum have been compared when it returns.
  package func read(
    _ entry: ZipEntry, _ take: (UnsafeRawBufferPointer) throws(ConnectorError) -> Void
  ) throws(ConnectorError) {
    var source = try Source(handle: handle, offset: contentStart(of: entry), left: entry.packedBytes)
    var sum = Sum()
    func pass(_ piece: UnsafeRawBufferPointer) throws(ConnectorError) {
      guard sum.add(piece) <= entry.bytes else { throw damaged(entry, "it holds more than the directory says") }
      try take(piece)
    }
    if entry.isDeflated {
      try inflate(entry, &source, pass)
    } else {
      while let piece = try source.next(Self.chunk) {
        let result = piece.withUnsafeBytes { buffer in Result { () throws(ConnectorError) in try pass(buffer) } }
        try result.get()
      }
    }
    guard sum.count == entry.bytes else { throw damaged(entry, "it holds less than the directory says") }
    guard sum.checksum == entry.checksum else { throw damaged(entry, "its checksum is wrong") }
  }

  /// Behind the entry's own header, whose name must be that of the directory.
  private func contentStart(of entry: ZipEntry) throws(ConnectorError) -> Int64 {
    let header = ZipBytes(try Self.read(handle, at: entry.offset, count: 30))
    guard header.number(0, 4) == 0x0403_4b50 else { throw damaged(entry, "its header is not where the directory says") }
    let length = Int(header.number(26, 2))
    let name = try Self.read(handle, at: entry.offset + 30, count: length)
    guard name == Array(entry.name.utf8) else { throw damaged(entry, "its header has another name") }
    let start = entry.offset + 30 + Int64(length) + Int64(header.number(28, 2))
    guard start + entry.packedBytes <= size else { throw damaged(entry, "it reaches past the end of the archive") }
    return start
  }

  private func inflate(
    _ entry: ZipEntry, _ source: inout Source, _ take: (UnsafeRawBufferPointer) throws(ConnectorError) -> Void
  ) throws(ConnectorError) {
    // The library keeps pointers to the stream, so it must not move.
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    defer { stream.deallocate() }
    guard slipway_inflate_begin(stream) == Z_OK else { throw damaged(entry, "no memory to unpack it") }
    defer { inflateEnd(stream) }
    let output = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunk, alignment: 16)
    defer { output.deallocate() }
    var code = Z_OK
    while code != Z_STREAM_END {
      guard var piece = try source.next(Self.chunk) else { throw damaged(entry, "it ends in the middle") }
      let result = piece.withUnsafeMutableBytes { input in
        Result { () throws(ConnectorError) in
          stream.pointee.next_in = input.bindMemory(to: UInt8.self).baseAddress
          stream.pointee.avail_in = UInt32(input.count)
          repeat {
            stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
            stream.pointee.avail_out = UInt32(output.count)
            code = CZlib.inflate(stream, Z_NO_FLUSH)
            guard [Z_OK, Z_STREAM_END, Z_BUF_ERROR].contains(code) else {
              throw damaged(entry, "it cannot be unpacked")
            }
            try take(UnsafeRawBufferPointer(rebasing: output[..<(output.count - Int(stream.pointee.avail_out))]))
          } while code == Z_OK && (stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0)
          if code == Z_BUF_ERROR, stream.pointee.avail_in > 0 { throw damaged(entry, "it cannot be unpacked") }
        }
      }
      try result.get()
    }
  }

  func damaged(_ entry: ZipEntry, _ why: String) -> ConnectorError {
    ZipDirectory.broken("'\(entry.name.prefix(100))' is damaged: \(why)")
  }

  /// The packed bytes of one entry, piece by piece.
  private struct Source {
    let handle: CInt
    var offset: Int64
    var left: Int64

    mutating func next(_ limit: Int) throws(ConnectorError) -> [UInt8]? {
      guard left > 0 else { return nil }
      let count = Int(min(Int64(limit), left))
      let bytes = try ZipArchive.read(handle, at: offset, count: count)
      offset += Int64(count)
      left -= Int64(count)
      return bytes
    }
  }

  /// What has gone by.
  private struct Sum {
    var count: Int64 = 0
    var checksum: UInt32 = 0

    mutating func add(_ piece: UnsafeRawBufferPointer) -> Int64 {
      count += Int64(piece.count)
      checksum = UInt32(
        truncatingIfNeeded: crc32(UInt(checksum), piece.bindMemory(to: UInt8.self).baseAddress, UInt32(piece.count)))
      return count
    }
  }
}

/// What is handed in instead of a zip archive, by its first bytes.
enum NoArchive {
  static func refuse(_ head: [UInt8], path: String) throws(ConnectorError) {
    if head.starts(with: [0x50, 0x4b]) { return }
    func refusal(_ why: String) -> ConnectorError { ConnectorError(.garbage, "\(path) is no zip archive: \(why)") }
    if head.isEmpty {
      throw refusal(
        "it is empty, as a dump is whose pg_dump failed; Odoo says nothing of it. Look into the server's log")
    }
    if head.starts(with: "PGDMP".utf8) {
      throw refusal("it is a dump in PostgreSQL's own format, without the filestore; make the backup with format zip")
    }
    let text = String(decoding: head, as: UTF8.self)
    let start = text.drop { $0.isWhitespace }.lowercased()
    guard start.hasPrefix("<!doctype") || start.hasPrefix("<html") || start.hasPrefix("<?xml") else {
      throw refusal("it begins with other bytes than PK")
    }
    let words = "Database backup error:"
    guard let found = text.range(of: words) else { throw refusal("it is a page in HTML") }
    let reason = text[found.upperBound...].prefix { $0 != "<" && $0 != "\n" }.prefix(300)
    throw refusal("it is the page by which Odoo reports an error, with status 200: \(words)\(reason)")
  }
}
