import Foundation
import NIOCore
import SlipwayModel
import SlipwayRouter
import Testing

@Suite("Router: control socket and restart")
struct ControlTests {
  @Test("the socket is for its owner alone")
  func mode() async throws {
    try await withRig { rig in
      for path in [rig.control.path, rig.statePath, rig.control.path + ".lock"] {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600, "\(path)")
      }
    }
  }

  @Test(
    "nonsense is answered with an error that names the trouble, and the connection goes on",
    arguments: [
      ("", "garbage"), ("{", "garbage"), ("[]", "garbage"), ("null", "garbage"), (#"{"op":1}"#, "garbage"),
      (#"{"op":"dance"}"#, "garbage"), (#"{"op":"set"}"#, "garbage"),
      (#"{"op":"set","generation":-1,"a":0,"b":100}"#, "garbage"),
      (#"{"op":"set","generation":9,"a":60,"b":60,"fallback":"a"}"#, "garbage"),
      (#"{"op":"set","generation":9,"a":"100","b":0,"fallback":"a"}"#, "garbage"),
      (#"{"op":"set","generation":9,"a":99.5,"b":0.5}"#, "garbage"),
      (#"{"op":"set","generation":9,"a":0,"b":100,"fallback":"green"}"#, "garbage"),
      (#"{"op":"set","generation":9,"a":0,"b":100,"falback":"a"}"#, "falback"),
      (#"{"op":"set","generation":9,"a":0,"b":100,"targets":{"green":"127.0.0.1:1"}}"#, "green"),
      (#"{"op":"set","generation":9,"a":0,"b":100,"targets":[1]}"#, "garbage"),
      (#"{"op":"set","generation":9,"a":0,"b":100,"targets":{"b":"127.0.0.1:99999"}}"#, "slot b"),
      (#"{"op":"set","generation":9,"a":0,"b":100,"targets":{"b":"evil host:80"}}"#, "slot b"),
      (String(repeating: "[", count: 60_000), "garbage"),
    ])
  func nonsense(line: String, word: String) async throws {
    try await withSlots { rig, _, _ in
      let (error, status) = try await withRaw(unix: rig.control.path) { raw in
        try await raw.send(line + "\n")
        let error = try await raw.read(until: "\n")
        try await raw.send("{\"op\":\"status\"}\n")
        return (error, try await raw.read(until: "\n"))
      }
      #expect(error.hasPrefix(#"{"error":{"#) && error.contains(#""ok":false"#) && error.contains(word), "\(error)")
      #expect(status.contains(#""ok":true"#) && status.contains(#""generation":1"#))
    }
  }

  @Test("a line without end is refused and the connection ends")
  func endless() async throws {
    try await withRig { rig in
      let answer = try await withRaw(unix: rig.control.path) { raw in
        try await raw.send(String(repeating: "x", count: 100_000))
        return await raw.readToEnd()
      }
      #expect(answer.contains("65536"))
      #expect(try await rig.control.status().generation == 0)
    }
  }

  @Test("random lines never stop the router, change nothing, and each gets its answer", arguments: [1, 2, 3, 4])
  func fuzz(seed: UInt64) async throws {
    try await withSlots { rig, _, _ in
      let lines = Self.randomLines(seed)
      let answers = try await withRaw(unix: rig.control.path) { raw in
        var bytes = ByteBuffer()
        for line in lines { bytes.writeBytes(line + [10]) }
        try await raw.outbound.write(bytes)
        try await raw.send("{\"op\":\"status\"}\n")
        var text = ""
        while text.filter({ $0 == "\n" }).count <= lines.count { text += try await raw.read(until: "\n") }
        return text.split(separator: "\n").map(String.init)
      }
      #expect(answers.count == lines.count + 1)
      #expect(answers.dropLast().allSatisfy { $0.contains(#""ok":false"#) })
      #expect(answers.last?.contains(#""generation":1"#) == true)
    }
  }

  private static func randomLines(_ seed: UInt64) -> [[UInt8]] {
    var random = Seeded(seed)
    let shape = Array(#"{"op":"set","generation":9,"a":0,"b":100,"fallback":"a","targets":{"b":"127.0.0.1:99"}}"#.utf8)
    return (0..<200).map { index in
      if index.isMultiple(of: 3) {
        return (0..<Int.random(in: 0...300, using: &random)).map { _ in UInt8.random(in: 11...255, using: &random) }
      }
      // A cut or a byte that no JSON takes there, so that no line is a request by chance.
      var line = Array(shape.prefix(Int.random(in: 1..<shape.count, using: &random)))
      line.insert(UInt8.random(in: 128...255, using: &random), at: Int.random(in: 0...line.count, using: &random))
      return line
    }
  }

  @Test("a killed router comes back with its split, targets, generation and port, and counters from zero")
  func restart() async throws {
    let b = try await TestUpstream.start { _ in .text(200, "b") }
    let a = try await TestUpstream.start { _ in .text(200, "a") }
    try await withFolder { folder in
      let first = try await startRig(folder)
      try await first.control.set(
        split: Split(green: .b, percent: 100, blue: .a), targets: [.a: a.address, .b: b.address], generation: 5,
        testers: false)
      #expect(try await first.get().text == "b")
      let saved = try Data(contentsOf: URL(fileURLWithPath: first.statePath))
      await first.server.stop()
      // What a kill would have left: the file as it was when the change was acknowledged.
      #expect(try Data(contentsOf: URL(fileURLWithPath: first.statePath)) == saved)
      let second = try await startRig(folder, identity: "second")
      let status = try await second.control.status()
      #expect(status.listen == first.address && status.generation == 5 && status.isRestored && !status.testers)
      #expect(status.split == Split(green: .b, percent: 100, blue: .a) && status.identity == "second")
      #expect(status.targets == [.a: a.address, .b: b.address])
      #expect(try await second.control.counters().slot(.b).counters.requests == 0)
      #expect(try await second.get().text == "b")
      let stale = await failure { () async throws(RouterError) in
        try await second.control.set(split: Split(green: .b, percent: 0, blue: .a), generation: 5)
      }
      #expect(stale?.code == .refused(generation: 5))
      await second.server.stop()
      let third = try await startRig(folder, listen: nil)
      #expect(third.address == first.address)
      await third.server.stop()
    }
    await a.kill()
    await b.kill()
  }

  @Test(
    "a damaged state file is not guessed at: 503, said in the status, kept aside when a new table is set",
    arguments: [
      0, 1, 2, 3, 4,
    ])
  func corrupt(kind: Int) async throws {
    let a = try await TestUpstream.start { _ in .text(200, "a") }
    try await withFolder { folder in
      let first = try await startRig(folder)
      let split = Split(green: .a, percent: 100, blue: nil)
      try await first.control.set(split: split, targets: [.a: a.address], generation: 5)
      await first.server.stop()
      let url = URL(fileURLWithPath: first.statePath)
      var data = try Data(contentsOf: url)
      switch kind {
      case 0: data = Data()
      case 1: data.removeLast(10)
      case 2:
        data = Data(String(decoding: data, as: UTF8.self).replacing("\"generation\":5", with: "\"generation\":4").utf8)
      case 3: data = Data((0..<500).map { UInt8(truncatingIfNeeded: $0 &* 37) })
      default: data = Data("{}\n\(Digest(of: Data("{}".utf8)))\n".utf8)
      }
      try data.write(to: url)
      let second = try await startRig(folder)
      let answer = try await second.get()
      let status = try await second.control.status()
      #expect(answer.status == 503)
      #expect(status.problem?.contains(first.statePath) == true && status.generation == 0 && status.split == .none)
      #expect(try Data(contentsOf: url) == data)
      try await second.control.set(split: split, targets: [.a: a.address], generation: 6)
      let healed = try await second.control.status()
      #expect(healed.problem == nil && healed.generation == 6)
      #expect(try await second.get().text == "a")
      #expect(try Data(contentsOf: URL(fileURLWithPath: first.statePath + ".corrupt")) == data)
      await second.server.stop()
    }
    await a.kill()
  }

  @Test("a change that cannot be kept is refused and not made")
  func unwritable() async throws {
    try await withSlots { rig, _, _ in
      // A folder where the new file is to be written: works for root too, whom no mode bits stop.
      try FileManager.default.createDirectory(atPath: rig.statePath + ".new", withIntermediateDirectories: false)
      let error = await failure { () async throws(RouterError) in
        try await rig.control.set(split: Split(green: .b, percent: 50, blue: .a), generation: 2)
      }
      #expect(error?.code == .storage)
      let status = try await rig.control.status()
      #expect(status.generation == 1 && status.split.b == 0)
    }
  }

  @Test("a second router on the same control path is refused; the first serves on")
  func locked() async throws {
    try await withSlots { rig, _, _ in
      let error = try await #require(throws: RouterError.self) { _ = try await startRig(rig.folder) }
      #expect(error.code == .locked && error.message.contains("another router"))
      #expect(try await rig.get().text == "a")
      #expect(try await rig.control.status().generation == 1)
    }
  }

  @Test("the socket file of a dead router is replaced; a file that is no socket is left alone")
  func staleSocket() async throws {
    try await withFolder { folder in
      let path = folder + "/control"
      try FileManager.default.createSymbolicLink(atPath: folder + "/other", withDestinationPath: "/nowhere")
      let stale = try StaleSocket(path)
      stale.abandon()
      let rig = try await startRig(folder)
      #expect(try await rig.control.status().generation == 0)
      await rig.server.stop()
      #expect(!FileManager.default.fileExists(atPath: path))
      try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
      let error = try await #require(throws: RouterError.self) { _ = try await startRig(folder) }
      #expect(error.code == .misconfigured)
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("precious".utf8))
    }
  }

  @Test("the client says what is wrong: nobody there, no answer, no sense, path too long")
  func clientErrors() async throws {
    try await withFolder { folder in
      let nobody = await failure { () async throws(RouterError) in
        try await RouterControl(path: folder + "/none").status()
      }
      #expect(nobody?.code == .unreachable && nobody?.message.contains(folder) == true)
      let long = await failure { () async throws(RouterError) in
        try await RouterControl(path: "/" + String(repeating: "x", count: 200)).status()
      }
      #expect(long?.code == .misconfigured)
      let mute = try await FakeControl.start(folder + "/mute", reply: nil)
      let silent = await failure { () async throws(RouterError) in
        try await RouterControl(path: folder + "/mute", deadline: .milliseconds(200)).status()
      }
      #expect(silent?.code == .timedOut)
      try await mute.close().get()
      for reply in ["banana\n", "{}\n", "{\"ok\":true}\n", "[1]\n"] {
        let odd = try await FakeControl.start(folder + "/odd", reply: reply)
        let error = await failure { () async throws(RouterError) in
          try await RouterControl(path: folder + "/odd").counters()
        }
        #expect(error?.code == .garbage)
        try await odd.close().get()
        try? FileManager.default.removeItem(atPath: folder + "/odd")
      }
    }
  }

  @Test("an address in use is refused with a reason, and nothing is left behind")
  func addressInUse() async throws {
    try await withSlots { rig, _, _ in
      try await withFolder { folder in
        let error = try await #require(throws: RouterError.self) {
          _ = try await startRig(folder, listen: rig.address)
        }
        #expect(error.code == .misconfigured && error.message.contains(rig.address))
        let rig = try await startRig(folder)
        await rig.server.stop()
      }
    }
  }
}
