import Foundation
import Glibc
import SlipwayConnectors
import SlipwayModel
import Testing

@Suite("HAProxy: faults", .serialized)
struct HAProxyFaultTests {
  private let start = Timestamp(milliseconds: 0)
  private let tenth = Split(green: .b, percent: 10, blue: .a)

  @Test("a reload forgets the running split and reads the same one from the file")
  func reload() async throws {
    try await RealHAProxy.with("split 100:0:a") { haproxy in
      let half = Split(green: .b, percent: 50, blue: .a)
      try await haproxy.plane.apply(half, targets: [:], generation: 3)
      let before = try await haproxy.plane.counters(now: start)
      try await RealHAProxy.start(haproxy.folder, ["-sf", "\(haproxy.process.pid)"]) { reloaded in
        try await eventually("the new process answers") {
          // Nobody listens for an instant while the socket changes hands.
          (try? await haproxy.say("show info"))?.contains("Pid: \(reloaded.pid)\n") == true
        }
        #expect(try await haproxy.plane.readSplit() == half)
        let after = try await haproxy.plane.counters(now: start)
        #expect(after.source != before.source)
        try await eventually("the old process ends") { !haproxy.process.isRunning }
        let seen = try await haproxy.load(1_000)
        #expect(seen.failed.isEmpty && seen.isPlausible(seen["b"], percent: 50), "\(seen)")
      }
    }
  }

  @Test("what somebody else sets is read back as it runs, and put right by the next change")
  func drift() async throws {
    try await RealHAProxy.with("split 100:0:a") { haproxy in
      try await haproxy.plane.apply(tenth, targets: [:], generation: 1)
      _ = try await haproxy.say("set map \(haproxy.map.path) split 20:80:a")
      #expect(try await haproxy.plane.readSplit() == Split(green: .b, percent: 80, blue: .a))
      try await haproxy.plane.apply(tenth, targets: [:], generation: 2)
      #expect(try await haproxy.plane.readSplit() == tenth)
      _ = try await haproxy.say("clear map \(haproxy.map.path)")
      #expect(try await haproxy.plane.readSplit() == .none)
      try await haproxy.plane.apply(tenth, targets: [:], generation: 3)
      #expect(try await haproxy.plane.readSplit() == tenth)
    }
  }

  @Test(
    "a value that is no split is told, never guessed",
    arguments: ["abc", "90:11:a", "-10:110:a", "090:10:a", "90:10:c", "90:10", "90:10:a:x", "90:10:a:1:2", "٩٠:10:a"])
  func garbageEntry(value: String) async throws {
    try await RealHAProxy.with("split 100:0:a") { haproxy in
      _ = try await haproxy.say("set map \(haproxy.map.path) split \(value)")
      let error = await #expect(throws: ConnectorError.self) { try await haproxy.plane.readSplit() }
      #expect(error?.code == .garbage)
      try await haproxy.plane.apply(tenth, targets: [:], generation: 1)
      let split = try await haproxy.plane.readSplit()
      #expect(split == tenth)
    }
  }

  @Test("the map file keeps foreign lines, its mode and its name behind a link")
  func mapFile() async throws {
    try await RealHAProxy.with("# ours\nother 1\nsplit 100:0:a") { haproxy in
      let real = haproxy.folder.appending(path: "real.map")
      try FileManager.default.moveItem(at: haproxy.map, to: real)
      try FileManager.default.createSymbolicLink(at: haproxy.map, withDestinationURL: real)
      chmod(real.path, 0o640)
      try await haproxy.plane.apply(tenth, targets: [:], generation: 5)
      let text = try String(contentsOf: real, encoding: .utf8)
      #expect(text == "# ours\nother 1\nsplit 90:10:a:5\n")
      var status = stat()
      #expect(stat(real.path, &status) == 0 && status.st_mode & 0o777 == 0o640)
      #expect(lstat(haproxy.map.path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
    }
  }

  @Test("without its file a step up is not taken; a rollback moves traffic all the same and then complains")
  func unwritableFile() async throws {
    try await RealHAProxy.with("split 50:50:a") { haproxy in
      // A folder in the place of the temporary file stops even root.
      try FileManager.default.createDirectory(
        at: haproxy.folder.appending(path: "split.map.slipway-new"), withIntermediateDirectories: true)
      for (percent, expected) in [(60, 50), (0, 0)] {
        let error = await #expect(throws: ConnectorError.self) {
          try await haproxy.plane.apply(Split(green: .b, percent: percent, blue: .a), targets: [:], generation: 1)
        }
        #expect(error?.code == .misconfigured)
        #expect(error?.message.contains("a reload would bring back an older split") == true)
        #expect(try await haproxy.plane.readSplit() == Split(green: .b, percent: expected, blue: .a))
      }
    }
  }

  @Test("a killed HAProxy is unreachable at once")
  func killed() async throws {
    try await RealHAProxy.with("split 100:0:a") { haproxy in
      try await haproxy.process.crash()
      await expectAll(haproxy.plane, fail: .unreachable)
    }
  }

  @Test("a stopped HAProxy times out, and a cancelled call ends before its deadline")
  func stopped() async throws {
    try await RealHAProxy.with("split 100:0:a") { haproxy in
      try await haproxy.process.freeze()
      let spec = HAProxySpec(
        socket: haproxy.socket, map: haproxy.map.path, serverA: "app_a/a", serverB: "app_b/b", url: "http://x")
      await expectAll(try HAProxyPlane(spec, folder: "/", deadline: .milliseconds(300)), fail: .timedOut)
      let patient = try HAProxyPlane(spec, folder: "/", deadline: .minutes(10))
      let call = Task { try await patient.readSplit() }
      call.cancel()
      let error = await #expect(throws: ConnectorError.self) { try await call.value }
      #expect(error?.code == .timedOut)
      haproxy.process.signal(SIGCONT)
      try await eventually("it answers again") { try await haproxy.plane.readSplit()[.a] == 100 }
    }
  }

  @Test("a socket that may only look, a map and a server that are not there are told by name")
  func misconfigured() async throws {
    try await RealHAProxy.with("split 100:0:a") { haproxy in
      let plane = { (map: String, server: String) in
        try HAProxyPlane(
          HAProxySpec(socket: haproxy.socket, map: map, serverA: server, serverB: "app_b/b", url: "http://x"),
          folder: haproxy.folder.path)
      }
      let map = await #expect(throws: ConnectorError.self) { try await plane("wrong.map", "app_a/a").readSplit() }
      #expect(map?.code == .misconfigured)
      #expect(map?.message.contains("it has: \(haproxy.map.path)") == true)
      let server = await #expect(throws: ConnectorError.self) {
        try await plane(haproxy.map.path, "app_a/x").counters(now: start)
      }
      #expect(server?.code == .misconfigured)
      #expect(server?.message.contains("app_a/x'; it has: app_a/a, app_b/b") == true)
      for name in ["a b", "a;b", "a\nb", ""] {
        #expect(throws: ConnectorError.self) { try plane(name, "app_a/a") }
      }
      let text = try String(contentsOf: haproxy.configuration, encoding: .utf8)
      try text.replacing("level admin", with: "level user").write(
        to: haproxy.configuration, atomically: true, encoding: .utf8)
      try await RealHAProxy.start(haproxy.folder, ["-sf", "\(haproxy.process.pid)"]) { reloaded in
        try await eventually("the new process answers") {
          // Nobody listens for an instant while the socket changes hands.
          (try? await haproxy.say("show info"))?.contains("Pid: \(reloaded.pid)\n") == true
        }
        let right = await #expect(throws: ConnectorError.self) {
          try await haproxy.plane.apply(tenth, targets: [.b: "127.0.0.1:9"], generation: 1)
        }
        #expect(right?.code == .misconfigured)
        #expect(right?.message.contains("level admin") == true)
      }
    }
  }

  @Test(
    "answers that make no sense are garbage",
    arguments: [
      "hello\n", "hello", "type=str, found=yes\n\n", "\u{ff}\u{fe}\n", "\n", "",
      "Pid: 1\n\n# pxname,svname\n\n", "Pid: 1\n\n# pxname,svname,type\na,b,2\n", "<endless>",
    ])
  func nonsense(answer: String) async throws {
    try await withFake(["": answer]) { plane in await expectAll(plane, fail: .garbage) }
  }

  @Test("a map that accepts a change and does not make it is garbage, not success")
  func liar() async throws {
    let same = "type=str, case=sensitive, found=yes, idx=tree, key=\"split\", value=\"100:0:a:1\", type=\"str\"\n\n"
    try await withFake(["get map": same, "set map": "\n"]) { plane in
      let error = await #expect(throws: ConnectorError.self) {
        try await plane.apply(tenth, targets: [:], generation: 2)
      }
      #expect(error?.code == .garbage)
      #expect(error?.message.contains("accepted the split 90:10:a:2 but runs 100:0:a:1") == true)
    }
  }

  @Test("statistics that are cut off or hold no numbers are garbage", arguments: [0, 1, 2])
  func badStatistics(kind: Int) async throws {
    try await RealHAProxy.with("split 100:0:a") { haproxy in
      let whole = try await haproxy.say("show info;show stat -1 4 -1")
      let answer = [
        String(whole.dropLast(300)) + "\n\n", String(whole.dropLast(1)),
        whole.replacing("app_a,a,0,0,0,", with: "app_a,a,0,0,x,"),
      ][kind]
      try await withFake(["show": answer]) { plane in
        let error = await #expect(throws: ConnectorError.self) { try await plane.counters(now: start) }
        #expect(error?.code == .garbage)
        #expect(error.map { !$0.message.isEmpty } == true)
      }
    }
  }

  @Test("no socket, a plain file and a path too long are told")
  func noSocket() async throws {
    try await withScratchFolder { folder in
      try Data().write(to: folder.appending(path: "file"))
      for (socket, code) in [
        ("none", ConnectorError.Code.unreachable), ("file", .unreachable),
        (String(repeating: "x", count: 120), .misconfigured),
      ] {
        let spec = HAProxySpec(socket: socket, map: "m", serverA: "a/a", serverB: "b/b", url: "http://x")
        await expectAll(try HAProxyPlane(spec, folder: folder.path), fail: code)
      }
    }
  }

  private func withFake(_ table: [String: String], _ body: (HAProxyPlane) async throws -> Void) async throws {
    try await withScratchFolder { folder in
      let socket = folder.appending(path: "s").path
      let json = String(decoding: try JSONEncoder().encode(table), as: UTF8.self)
      try await PythonServers.with(PythonServers.fakeHAProxy, [socket, json], folder: folder) { _, _ in
        let spec = HAProxySpec(
          socket: socket, map: "split.map", serverA: "app_a/a", serverB: "app_b/b", url: "http://x")
        try await body(try HAProxyPlane(spec, folder: folder.path))
      }
    }
  }

  /// Every call of the plane fails with `code`.
  private func expectAll(_ plane: HAProxyPlane, fail code: ConnectorError.Code) async {
    let calls: [@Sendable () async throws -> Void] = [
      { _ = try await plane.readSplit() },
      { try await plane.apply(Split(green: .b, percent: 10, blue: .a), targets: [:], generation: 1) },
      { _ = try await plane.counters(now: Timestamp(milliseconds: 0)) },
      { _ = try await plane.inFlight(.a) },
    ]
    for (index, call) in calls.enumerated() {
      let error = await #expect(throws: ConnectorError.self, "call \(index)") { try await call() }
      #expect(error?.code == code, "call \(index): \(error?.message ?? "")")
    }
  }
}
