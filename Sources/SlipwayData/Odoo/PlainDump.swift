internal import Foundation
internal import Glibc
package import SlipwayConnectors

/// A dump as SQL, as `pg_dump` prints it without a format.
package struct PlainDump: Sendable, Equatable {
  package var bytes: Int64
  /// Such as `15.18`; nil when it does not say.
  package var server: String?
  /// The word of `\restrict`, without which it may hold psql's own commands.
  package var restriction: String?

  /// What stands at its two ends, gathered while it goes by.
  struct Ends {
    private static let limit = 8_192
    private(set) var bytes: Int64 = 0
    private var head: [UInt8] = []
    private var tail: [UInt8] = []

    mutating func add(_ piece: UnsafeRawBufferPointer) {
      bytes += Int64(piece.count)
      if head.count < Self.limit { head += piece.prefix(Self.limit - head.count) }
      tail += piece.suffix(Self.limit)
      if tail.count > Self.limit { tail.removeFirst(tail.count - Self.limit) }
    }

    /// - Throws: ``ConnectorError`` when it is empty, no dump, or ends too early.
    func dump() throws(ConnectorError) -> PlainDump {
      let broken = { (why: String) in ConnectorError(.garbage, "dump.sql \(why)") }
      guard bytes > 0 else {
        throw broken(
          "is empty: pg_dump failed, and nobody looked at its exit code; look into the log where it was made")
      }
      let (head, tail) = (String(decoding: head, as: UTF8.self), String(decoding: tail, as: UTF8.self))
      guard head.hasPrefix("--\n-- PostgreSQL database dump\n") else {
        throw broken("does not begin as a plain dump of PostgreSQL does")
      }
      guard let end = tail.range(of: "\n--\n-- PostgreSQL database dump complete\n--\n", options: .backwards) else {
        throw broken("ends before 'PostgreSQL database dump complete'; it was cut off while it was made")
      }
      let rest = tail[end.upperBound...].trimmingCharacters(in: .whitespacesAndNewlines)
      let restriction = PlainDump.word(after: "\\restrict ", in: head)
      guard rest == (restriction.map { "\\unrestrict " + $0 } ?? "") else {
        throw broken("goes on behind its end")
      }
      return PlainDump(
        bytes: bytes, server: PlainDump.word(after: "-- Dumped from database version ", in: head),
        restriction: restriction)
    }
  }

  /// The word behind `prefix` in the line that begins with it.
  private static func word(after prefix: String, in text: String) -> String? {
    for line in text.split(separator: "\n") where line.hasPrefix(prefix) {
      return line.dropFirst(prefix.count).split(separator: " ").first.map(String.init)
    }
    return nil
  }

  /// Looks at the ends of a file, and reads all of it.
  package static func look(at path: String) throws(ConnectorError) -> PlainDump {
    var ends = Ends()
    try Self.read(path) { piece in ends.add(piece) }
    return try ends.dump()
  }

  /// Hands out a file piece by piece.
  static func read(
    _ path: String, _ take: (UnsafeRawBufferPointer) throws(ConnectorError) -> Void
  ) throws(ConnectorError) {
    let handle = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard handle >= 0 else {
      throw ConnectorError(.misconfigured, "\(path) cannot be read: \(String(cString: strerror(errno)))")
    }
    defer { close(handle) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let count = Glibc.read(handle, buffer.baseAddress, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw ConnectorError(.unreachable, "\(path) cannot be read: \(String(cString: strerror(errno)))")
      }
      if count == 0 { return }
      try take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }
}

extension PlainDump {
  /// Whether psql of this version knows `\restrict`: it came with the corrections of August 2025 (CVE-2025-8714).
  package static func isKnown(toProgram version: String) -> Bool {
    let numbers = version.split(separator: ".").map { Int($0.prefix { $0.isNumber }) ?? 0 }
    guard let major = numbers.first else { return false }
    let first = [13: 22, 14: 19, 15: 14, 16: 10, 17: 6]
    return major >= 18 || first[major].map { numbers.count > 1 && numbers[1] >= $0 } ?? false
  }
}
