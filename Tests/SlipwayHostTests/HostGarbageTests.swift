import Foundation
import Glibc
import SlipwayHost
import SlipwayModel
import Testing

@Suite("Host: garbage on the socket")
struct HostGarbageTests {
  @Test("random bytes and broken requests are answered and change nothing", arguments: [1, 2, 3] as [UInt64])
  func fuzz(seed: UInt64) async throws {
    try await HostFixture.withHost { host in
      let before = try await host.control.start(host.shell("exec sleep 600"), in: .a)
      var random = SplitMix(state: seed)
      let good = #"{"op":"start","slot":"b","launch":{"command":["sleep","9"],"directory":"/","instance":"x"}}"#
      for round in 0..<150 {
        var bytes = Array(good.utf8)
        if round % 3 == 0 {
          bytes = (0..<Int.random(in: 1...400, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        } else {
          for _ in 0..<Int.random(in: 1...8, using: &random) {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
          }
        }
        let lines = (bytes + [10]).filter { $0 == 10 }.count
        let answers = try RawSocket.ask(host.directory.socketPath, bytes + [10], lines: lines)
        #expect(answers.count == lines, "seed \(seed) round \(round)")
        for answer in answers {
          let object = try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any]
          #expect(object?["ok"] as? Bool == false, "seed \(seed) round \(round)")
        }
      }
      let after = try await host.control.status()
      #expect(after.slots.map(\.slot) == [.a])
      #expect(after[.a].pid == before.pid)
    }
  }

  @Test("deep nesting is refused, not followed")
  func nesting() async throws {
    try await HostFixture.withHost { host in
      let deep = Array((String(repeating: "[", count: 1_000_000) + "\n").utf8)
      let answer = try RawSocket.ask(host.directory.socketPath, deep, lines: 1).first
      #expect(answer?.contains("bad_request") == true)
      let slots = try await host.control.status().slots
      #expect(slots.isEmpty)
    }
  }

  @Test("a line without end is refused at the limit")
  func endless() async throws {
    try await HostFixture.withHost { host in
      let answers = try RawSocket.ask(
        host.directory.socketPath, [UInt8](repeating: 65, count: 8 << 20), lines: 1)
      #expect(answers.first?.contains("at most") == true || answers.isEmpty)
      let slots = try await host.control.status().slots
      #expect(slots.isEmpty)
    }
  }

  @Test("requests in one breath are answered in their order, a slow one first")
  func order() async throws {
    try await HostFixture.withHost { host in
      _ = try await host.control.start(host.shell("trap 'sleep 0.3; exit' TERM; while :; do sleep 0.1; done"), in: .a)
      let lines = #"{"op":"stop","slot":"a"}"# + "\n" + #"{"op":"nonsense"}"# + "\n" + #"{"op":"status"}"# + "\n"
      let answers = try RawSocket.ask(host.directory.socketPath, Array(lines.utf8), lines: 3)
      try #require(answers.count == 3)
      #expect(answers[0].contains(#""state":"stopped""#))
      #expect(answers[1].contains("'nonsense' is unknown"))
      #expect(answers[2].contains(#""ok":true"#))
    }
  }

  @Test("connections that say nothing do not keep others out for long")
  func silentConnections() async throws {
    try await HostFixture.withHost { host in
      // The probe takes 16.
      let silent = try (0..<40).map { _ in try RawSocket.open(host.directory.socketPath) }
      let error = await hostError {
        for _ in 0..<3 { _ = try await host.control.status() }
      }
      #expect(error?.code == .conflict)
      for socket in silent { close(socket) }
      try await eventually("it answers") { (try? await host.control.status()) != nil }
    }
  }

  @Test(
    "a client tells nonsense, silence and hanging up apart",
    arguments: zip(
      [
        "c.sendall(b'hello\\n')", "c.sendall(b'{\"ok\":true}\\n')", "c.sendall(b'x'*(5<<20))", "time.sleep(600)",
        "c.close()",
      ],
      [HostError.Code.garbage, .garbage, .garbage, .timedOut, .unreachable]))
  func client(script: String, code: HostError.Code) async throws {
    try await HostFixture.withFolder { host in
      let python = """
        import socket,time,sys
        s=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]+'/host.sock'); s.listen()
        while True:
          c,_=s.accept()
          if c.recv(65536):
            try: \(script)
            except OSError: pass
        """
      _ = try DetachedProcess.spawn(
        ["python3", "-c", python, host.directory.root], environment: [:], log: "/dev/null", directory: "/")
      try await eventually("it listens") {
        (try? RawSocket.open(host.directory.socketPath)).map { close($0) } != nil
      }
      let control = HostControl(directory: host.directory.root, patience: .seconds(code == .timedOut ? 1 : 60))
      #expect(await hostError { _ = try await control.status() }?.code == code)
    }
  }

  @Test("without a host a call fails at once")
  func nobody() async throws {
    try await HostFixture.withFolder { host in
      #expect(await hostError { _ = try await host.control.stop(.a) }?.code == .unreachable)
    }
  }
}

/// A reproducible source of randomness.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// A Unix socket without manners.
enum RawSocket {
  struct Failure: Error { let number = errno }

  static func open(_ path: String) throws -> Int32 {
    let raw = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else {
      let failure = Failure()
      close(raw)
      throw failure
    }
    var limit = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(raw, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(raw, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    return raw
  }

  /// Sends `bytes` and reads until `lines` answers or the end.
  static func ask(_ path: String, _ bytes: [UInt8], lines: Int) throws -> [String] {
    let raw = try open(path)
    defer { close(raw) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { break }
      rest = rest.dropFirst(count)
    }
    var answer: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while answer.filter({ $0 == 10 }).count < lines {
      let count = recv(raw, &chunk, chunk.count, 0)
      guard count > 0 else { break }
      answer += chunk[..<count]
    }
    return answer.split(separator: 10).map { String(decoding: $0, as: UTF8.self) }
  }
}
