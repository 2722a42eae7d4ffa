internal import Glibc

/// One client of the host: bytes in, lines out of them, answers back, all bounded and none of it waiting.
final class HostConnection {
  private static let longestBacklog = 4 << 20

  let socket: Descriptor
  /// When it last said something or took an answer.
  var lastActive: Int64
  /// Whether a request awaits its answer; the next line is not looked at before, so that answers keep the order of requests.
  var isWaiting = false
  private var input: [UInt8] = []
  private var scanned = 0
  private var output: [UInt8] = []
  private var hasEnded = false
  private var isClosing = false

  init(_ socket: Descriptor, at time: Int64) {
    self.socket = socket
    lastActive = time
  }

  /// What `poll` should look for.
  var interest: Int16 {
    Int16((hasEnded || isWaiting || isClosing ? 0 : POLLIN) | (output.isEmpty ? 0 : POLLOUT))
  }

  /// Whether nothing more can come of it.
  var isFinished: Bool { output.isEmpty && (isClosing || (hasEnded && !isWaiting)) }

  /// Takes in what has arrived, one chunk at a time so that no client keeps the others waiting.
  func receive(at time: Int64) {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    let count = recv(socket.raw, &chunk, chunk.count, 0)
    if count > 0 {
      input.append(contentsOf: chunk[..<count])
      lastActive = time
    } else if count == 0 {
      hasEnded = true
    } else if errno != EAGAIN && errno != EINTR {
      drop()
    }
  }

  /// The next whole line, its end cut off; nil when there is none yet.
  ///
  /// - Throws: ``HostError`` with `badRequest` when the line is longer than a request can be; the connection is of no more use.
  func nextLine() throws(HostError) -> [UInt8]? {
    guard !isWaiting, !isClosing else { return nil }
    if let end = input[scanned...].firstIndex(of: 10) {
      let line = Array(input[..<end])
      input.removeSubrange(...end)
      scanned = 0
      return line
    }
    scanned = input.count
    guard input.count <= HostRequest.longestLine else {
      input = []
      scanned = 0
      throw HostError(.badRequest, "a request is at most \(HostRequest.longestLine) bytes long; this one is longer")
    }
    return nil
  }

  /// Queues an answer and sends what fits.
  func send(_ bytes: [UInt8], at time: Int64, thenClose: Bool = false) {
    output.append(contentsOf: bytes)
    if thenClose { isClosing = true }
    if output.count > Self.longestBacklog { return drop() }
    flush(at: time)
  }

  /// Sends what fits of what is queued.
  func flush(at time: Int64) {
    while !output.isEmpty {
      let count = output.withUnsafeBytes {
        Glibc.send(socket.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0 && errno == EINTR { continue }
      if count < 0 && errno == EAGAIN { return }
      guard count > 0 else { return drop() }
      output.removeFirst(count)
      lastActive = time
    }
  }

  /// The other side is gone.
  func drop() {
    output = []
    isClosing = true
  }
}
