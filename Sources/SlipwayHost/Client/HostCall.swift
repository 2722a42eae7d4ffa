internal import Foundation
internal import Glibc
internal import SlipwayModel

/// One request to a host and its answer, on the calling thread.
struct HostCall {
  private static let longestAnswer = 4 << 20

  let directory: HostDirectory
  /// On the steady clock.
  let deadline: Int64
  private let clock = HostClock.system

  init(_ directory: HostDirectory, within span: Span) {
    self.directory = directory
    deadline = HostClock.system.uptime() + span.milliseconds
  }

  /// Sends `request` and returns the answer.
  ///
  /// With `untilEnd` the host has closed the connection, too, when it returns.
  ///
  /// - Returns: what the host holds after the request.
  /// - Throws: ``HostError``: `unreachable` when nobody answers, `timedOut`, `garbage`, or what the host refused with.
  func perform(_ request: HostRequest, untilEnd: Bool = false) throws(HostError) -> HostStatus {
    let socket = try connect()
    try send(try line(request), over: socket)
    var answer: [UInt8] = []
    while !answer.contains(10) {
      guard let more = try receive(from: socket) else {
        throw HostError(.unreachable, "the host of '\(directory.root)' went away before it answered")
      }
      answer += more
      guard answer.count <= Self.longestAnswer else { throw nonsense("is longer than \(Self.longestAnswer) bytes") }
    }
    while untilEnd, try receive(from: socket) != nil {}
    return try read(answer.prefix { $0 != 10 })
  }

  private func line(_ request: HostRequest) throws(HostError) -> [UInt8] {
    let line: [UInt8]
    do {
      line = try request.encoded()
    } catch {
      throw HostError(.badRequest, "the request cannot be written as JSON", cause: error)
    }
    guard line.count <= HostRequest.longestLine else {
      throw HostError(.badRequest, "the request is longer than \(HostRequest.longestLine) bytes")
    }
    return line
  }

  private func read(_ line: some Sequence<UInt8>) throws(HostError) -> HostStatus {
    guard let reply = try? CanonicalJSON.decode(HostReply.self, from: Data(line)) else {
      throw nonsense("is not JSON of the known form")
    }
    if let refusal = reply.error, !reply.ok { throw HostError(refusal.code, refusal.message) }
    guard reply.ok, let status = reply.status else { throw nonsense("is neither a status nor an error") }
    return status
  }

  private func nonsense(_ fault: String) -> HostError {
    HostError(
      .garbage, "the answer of '\(directory.socketPath)' \(fault); is that the host, and of this version?")
  }

  private func connect() throws(HostError) -> Descriptor {
    while true {
      do throws(SystemFailure) {
        return try UnixSocket.connect(directory)
      } catch {
        // The queue of the socket is full: the host is there but busy.
        guard error.number == EAGAIN, clock.uptime() < deadline else {
          throw HostError(
            .unreachable, "no host answers at '\(directory.socketPath)': \(error)", cause: error)
        }
        usleep(10_000)
      }
    }
  }

  private func send(_ bytes: [UInt8], over socket: Descriptor) throws(HostError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(socket.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN {
        try pause(for: POLLOUT, on: socket)
      } else if errno != EINTR {
        // A host that hangs up early may have said why.
        return
      }
    }
  }

  /// Some bytes; nil at the end of the connection.
  private func receive(from socket: Descriptor) throws(HostError) -> ArraySlice<UInt8>? {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = recv(socket.raw, &chunk, chunk.count, 0)
      if count > 0 { return chunk[..<count] }
      if count == 0 || errno == ECONNRESET { return nil }
      guard errno == EAGAIN || errno == EINTR else {
        throw HostError(.unreachable, "the host of '\(directory.root)' cannot be heard: \(SystemFailure())")
      }
      try pause(for: POLLIN, on: socket)
    }
  }

  private func pause(for event: Int32, on socket: Descriptor) throws(HostError) {
    let rest = deadline - clock.uptime()
    var ready = pollfd(fd: socket.raw, events: Int16(event), revents: 0)
    guard rest > 0, poll(&ready, 1, Int32(clamping: rest)) != 0 else {
      throw HostError(
        .timedOut,
        "the host of '\(directory.root)' did not answer in time; it may have acted all the same: ask for "
          + "its status")
    }
  }
}
