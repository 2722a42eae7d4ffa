internal import Foundation
internal import Glibc
internal import SlipwayConnectors
internal import SlipwayModel

/// Writes `files.jsonl`, adding it up.
final class RecordWriter {
  private let file: Descriptor
  private let path: String
  private var pending: [UInt8] = []
  private var sum = Hashes()
  private(set) var count = 0
  private(set) var bytes: Int64 = 0

  init(_ path: String) throws(ConnectorError) {
    let number = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard number >= 0 else { throw .disk("cannot write \(shown(path))") }
    file = Descriptor(number)
    self.path = path
  }

  func append(_ record: FileRecord) throws(ConnectorError) {
    pending.append(contentsOf: record.line.utf8)
    pending.append(0x0A)
    if let content = record.content {
      count += 1
      bytes += content.size
    }
    if pending.count > 1 << 18 { try write() }
  }

  /// Puts all on disk and gives the sum.
  func finish() throws(ConnectorError) -> Digest {
    try write()
    try file.flush(path)
    return try sum.sha256()
  }

  private func write() throws(ConnectorError) {
    let isWritten = pending.withUnsafeBytes { bytes in
      sum.add(bytes)
      return file.write(bytes)
    }
    guard isWritten else { throw .disk("cannot write \(shown(path))") }
    pending.removeAll(keepingCapacity: true)
  }
}

/// Reads `files.jsonl` record by record, adding it up; refuses what is out of order, cut or written by something else.
struct RecordReader {
  private static let longestLine = 1 << 16

  private let file: Descriptor
  private let shownPath: String
  private var buffer: [UInt8] = []
  private var start = 0
  private var sum = Hashes()
  private var isAtEnd = false
  private var last: String?
  private var line = 0

  init(_ path: String) throws(ConnectorError) {
    let number = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard number >= 0 else { throw .disk("cannot read \(shown(path))") }
    file = Descriptor(number)
    shownPath = shown(path)
  }

  /// The next record; nil at the end, when ``digest()`` is that of the whole file.
  mutating func next() throws(ConnectorError) -> FileRecord? {
    while true {
      if let end = buffer[start...].firstIndex(of: 0x0A) {
        line += 1
        guard let record = FileRecord(line: buffer[start..<end]),
          last.map({ PathOrder.isBefore($0, record.path) }) ?? true
        else { throw damaged }
        start = end + 1
        last = record.path
        return record
      }
      guard buffer.count - start <= Self.longestLine else { throw damaged }
      if isAtEnd {
        guard start == buffer.count else { throw damaged }
        return nil
      }
      try fill()
    }
  }

  /// SHA-256 of what was read.
  func digest() throws(ConnectorError) -> Digest { try sum.sha256() }

  private var damaged: ConnectorError {
    ConnectorError(.garbage, "line \(line) of \(shownPath) is damaged; the snapshot cannot be trusted, use another")
  }

  private mutating func fill() throws(ConnectorError) {
    buffer.removeFirst(start)
    start = 0
    let held = buffer.count
    buffer.append(contentsOf: repeatElement(0, count: 1 << 17))
    let count = buffer.withUnsafeMutableBytes { bytes in
      let room = UnsafeMutableRawBufferPointer(rebasing: bytes[held...])
      guard let count = file.read(into: room) else { return -1 }
      sum.add(UnsafeRawBufferPointer(rebasing: room[..<count]))
      return count
    }
    guard count >= 0 else { throw .disk("cannot read \(shownPath)") }
    buffer.removeLast(buffer.count - held - count)
    isAtEnd = count == 0
  }
}
