internal import Foundation
internal import Glibc
internal import SlipwayModel

/// What a router tells its successor; the sockets come beside it: lock, front, control and, where there is one, metrics.
struct Testament: Codable {
  var saved: StateFile.Saved
  var history: MinuteHistory
  var metrics: String?
}

/// A successor's connection to the router that runs: it gets the sockets, serves on them, and only then lets the other go.
///
/// Nothing is closed and opened again on the way: the lock and both listeners are the same ones all the time, and while the successor starts, new
/// clients wait in the listener's queue. So there is no moment at which a client is refused, a control call finds nobody, or a third router could
/// slip in. A successor that dies before ``finish()`` leaves everything as it was. Calls block: not for an event loop that serves.
struct Succession: Sendable {
  let table: RouteTable
  let listen: String
  let history: MinuteHistory
  let lock: ControlLock
  let front: Int32
  let control: Int32
  let metrics: Int32?
  let metricsAddress: String?
  private let socket: Int32

  private static let patience = timeval(tv_sec: 10, tv_usec: 0)

  /// Asks the router at `path` for its sockets; nil when none runs there.
  static func begin(_ path: String) throws(RouterError) -> Succession? {
    guard let socket = connect(path) else { return nil }
    var handles: [Int32] = []
    do {
      try say("{\"op\":\"handover\"}\n", socket)
      let line = try hear(socket, &handles)
      let reply = try JSONDecoder().decode(ControlReply.self, from: Data(line))
      if let error = reply.error { throw RouterError(.unreachable, error.message) }
      guard let testament = reply.testament, let table = testament.saved.table, handles.count >= 3 else {
        throw RouterError(.garbage, "the router that runs does not hand over; is it of another version?")
      }
      return Succession(
        table: table, listen: testament.saved.listen, history: testament.history, lock: ControlLock(taken: handles[0]),
        front: handles[1], control: handles[2], metrics: handles.count > 3 ? handles[3] : nil,
        metricsAddress: testament.metrics, socket: socket)
    } catch {
      for handle in handles { close(handle) }
      close(socket)
      throw (error as? RouterError)
        ?? RouterError(.unreachable, "the router at \(path) hands nothing over", cause: error)
    }
  }

  /// The successor serves: the other one takes no more clients. Returns when it has stopped to.
  func finish() {
    var none: [Int32] = []
    // Where this fails, the other one serves beside the successor after a while, on the same socket, which loses nothing.
    try? Self.say("{\"op\":\"yield\"}\n", socket)
    _ = try? Self.hear(socket, &none)
    close(socket)
  }

  /// The successor could not start: the other one goes on.
  ///
  /// Only the connection is closed: the sockets may belong to channels already, and end with this process.
  func giveUp() { close(socket) }

  private static func connect(_ path: String) -> Int32? {
    let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { return nil }
    var limit = patience
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else {
      close(socket)
      return nil
    }
    return socket
  }

  private static func say(_ line: String, _ socket: Int32) throws {
    let bytes = Array(line.utf8)
    guard send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
      throw SystemFailure("write to the router that runs")
    }
  }

  private static func hear(_ socket: Int32, _ handles: inout [Int32]) throws -> [UInt8] {
    var line: [UInt8] = []
    while line.last != UInt8(ascii: "\n") {
      guard line.count < 16 << 20 else { throw RouterError(.garbage, "the answer of the router that runs has no end") }
      let (bytes, more) = try Handles.receive(64 << 10, over: socket)
      handles += more
      line += bytes
    }
    return line
  }
}
