import Foundation
import Glibc

/// One keep-alive connection that asks with GET and waits for each answer; blocking, for threads of its own.
///
/// A kept connection that the other side has closed in the meantime is opened anew and the request sent once more, as every
/// HTTP client does; whatever else keeps an answer from coming is a loss.
struct HTTPAsk: ~Copyable {
  struct Answer {
    var status: Int
    var body: String
  }

  struct NoAnswer: Error {
    var reason: String
  }

  private let port: Int
  private var descriptor: Int32 = -1

  init(port: Int) { self.port = port }

  deinit { if descriptor >= 0 { close(descriptor) } }

  mutating func get(_ path: String) throws(NoAnswer) -> Answer {
    let isKept = descriptor >= 0
    if !isKept { try connect() }
    do throws(NoAnswer) {
      return try exchange(path)
    } catch {
      hangUp()
      guard isKept, error.reason == Self.closedBefore else { throw error }
      try connect()
      do throws(NoAnswer) {
        return try exchange(path)
      } catch {
        hangUp()
        throw error
      }
    }
  }

  private static let closedBefore = "closed before an answer"

  private mutating func hangUp() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
  }

  private mutating func connect() throws(NoAnswer) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = loopback(port)
    let code = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard code == 0 else {
      let reason = "connect: \(String(cString: strerror(errno)))"
      hangUp()
      throw NoAnswer(reason: reason)
    }
  }

  private mutating func exchange(_ path: String) throws(NoAnswer) -> Answer {
    let request = Array("GET \(path) HTTP/1.1\r\nHost: shop\r\n\r\n".utf8)
    guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
      throw NoAnswer(reason: Self.closedBefore)
    }
    var seen: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(descriptor, &piece, piece.count, 0)
      guard count > 0 else {
        if count < 0, errno == EAGAIN { throw NoAnswer(reason: "no answer within 20 s") }
        throw NoAnswer(reason: seen.isEmpty ? Self.closedBefore : "broken off after \(seen.count) bytes")
      }
      seen += piece[..<count]
      if let (answer, isLast) = Self.whole(seen) {
        if isLast { hangUp() }
        return answer
      }
    }
  }

  /// The answer, once it is whole, and whether the other side will close.
  private static func whole(_ bytes: [UInt8]) -> (Answer, Bool)? {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let end = text.range(of: "\r\n\r\n") else { return nil }
    let head = text[..<end.lowerBound].lowercased()
    let lines = head.components(separatedBy: "\r\n")
    let length = lines.first { $0.hasPrefix("content-length:") }.flatMap {
      Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces))
    }
    let body = text[end.upperBound...]
    guard body.utf8.count >= length ?? 0 else { return nil }
    let status = Int(lines[0].split(separator: " ").dropFirst().first ?? "") ?? 0
    return (Answer(status: status, body: String(body)), lines.contains("connection: close") || length == nil)
  }
}

func loopback(_ port: Int) -> sockaddr_in {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = UInt16(port).bigEndian
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  return address
}
