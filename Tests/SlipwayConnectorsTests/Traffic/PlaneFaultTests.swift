import AsyncHTTPClient
import Foundation
import SlipwayConnectors
import SlipwayModel
import Testing

/// What control interfaces answer that is not true, not whole or not theirs.
@Suite("Planes: faults")
struct PlaneFaultTests {
  private let tenth = Split(green: .b, percent: 10, blue: .a)

  @Test(
    "an answer that makes no sense is never a split and never a success",
    arguments: ["envoy", "traefik", "nginx", "caddy"],
    ["hello", "{}", "[]", "", "{\"layers\": 1}", "90:11:a:1", "null", "<html>", "\u{0}\u{1}", "[[[[[[[["])
  func garbage(kind: String, answer: String) async throws {
    try await withFake(kind, answer, deadline: .milliseconds(500)) { plane, _ in
      for call in PlaneRig.calls(plane, PlaneKind(rawValue: kind)) {
        // An empty answer of nginx's location is one that serves nothing yet.
        if kind == "nginx", answer.isEmpty { continue }
        let error = await #expect(throws: ConnectorError.self) { try await call() }
        #expect(
          [.garbage, .misconfigured, .timedOut, .refused].contains(error?.code),
          "\(kind) '\(answer)': \(error?.message ?? "")")
        #expect(error?.message.isEmpty == false)
      }
    }
  }

  @Test(
    "answers that were damaged on the way never crash and never pass for weights that are none",
    arguments: ["envoy", "traefik", "caddy"])
  func damaged(kind: String) async throws {
    let whole = Array(try #require(Self.samples[kind]).utf8)
    var random = PlaneDamage(state: 7)
    try await withFake(kind, String(decoding: whole, as: UTF8.self)) { plane, file in
      #expect(try await plane.readSplit() == tenth, "\(kind)")
      for _ in 0..<80 {
        var bytes = whole
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          let place = Int.random(in: 0..<bytes.count, using: &random)
          switch Int.random(in: 0..<3, using: &random) {
          case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
          case 1: bytes.remove(at: place)
          default: bytes = Array(bytes[..<max(1, place)])
          }
        }
        try Data(bytes).write(to: file, options: .atomic)
        do {
          let split = try await plane.readSplit()
          // A sum of 100 is what a split is; another one can only come of digits that were changed to a whole other split.
          #expect(split == .none || split.a + split.b == 100, "\(kind)")
        } catch let error as ConnectorError {
          #expect([.garbage, .misconfigured].contains(error.code), "\(kind): \(error)")
        }
      }
    }
  }

  @Test("a change that is accepted and not made is no success", arguments: ["envoy", "traefik", "caddy"])
  func liar(kind: String) async throws {
    try await withFake(kind, try #require(Self.samples[kind]), deadline: .milliseconds(500)) { plane, _ in
      let targets: [Slot: String] = kind == "envoy" ? [:] : [.a: "127.0.0.1:1", .b: "127.0.0.1:2"]
      let error = await #expect(throws: ConnectorError.self) {
        try await plane.apply(Split(green: .b, percent: 50, blue: .a), targets: targets, generation: 18)
      }
      #expect([.timedOut, .garbage].contains(error?.code), "\(kind): \(error?.message ?? "")")
    }
  }

  @Test("an address that could change a proxy's configuration is refused", arguments: ["traefik", "nginx", "caddy"])
  func targets(kind: String) async throws {
    try await withFake(kind, Self.samples[kind] ?? "0:0:none:0") { plane, _ in
      for target in ["", "x", "x:0", "x:70000", "a b:1", "a;}:1", "h\":1", "h\n:1", "[::1:80", ":80", "a/b:80", "é:80"]
      {
        let error = await #expect(throws: ConnectorError.self, "\(kind) '\(target)'") {
          try await plane.apply(tenth, targets: [.b: target], generation: 18)
        }
        #expect(error?.code == .misconfigured, "\(kind) '\(target)': \(error?.message ?? "")")
      }
    }
  }

  @Test("nginx keeps its file when the new configuration would be refused")
  func untested() async throws {
    try await PlaneRig.with(.nginx) { rig in
      try await rig.apply(tenth, 1)
      let before = try String(contentsOf: rig.file("app.conf"), encoding: .utf8)
      let main = try String(contentsOf: rig.file("nginx.conf"), encoding: .utf8)
      try Data((main + "nonsense on;\n").utf8).write(to: rig.file("nginx.conf"))
      let error = await #expect(throws: ConnectorError.self) {
        try await rig.apply(.init(green: .b, percent: 50, blue: .a), 2)
      }
      #expect(
        error?.code == .refused && error?.message.contains("unknown directive") == true, "\(error?.message ?? "")")
      let after = try String(contentsOf: rig.file("app.conf"), encoding: .utf8)
      #expect(after == before)
      let split = try await rig.plane.readSplit()
      #expect(split == tenth)
    }
  }

  @Test("Caddy without --resume forgets the split at a restart; that is noticed and put right")
  func forgetful() async throws {
    try await PlaneRig.with(.caddyForgetful) { rig in
      try await rig.apply(tenth, 5)
      await rig.stop()
      try await rig.launch()
      #expect(try await rig.plane.readSplit() == .none)
      try await rig.apply(tenth, 6)
      #expect((try await rig.answers(60)["a"] ?? 0) >= 35)
    }
  }

  @Test("Caddy's configuration may be changed by others beside ours, and what a proxy is made of stays")
  func beside() async throws {
    try await PlaneRig.with(.caddy) { rig in
      let writer = Task {
        for index in 0..<40 where !Task.isCancelled {
          _ = try await rig.say(
            "/config/apps/http/servers/web/read_timeout", method: "POST", body: "\"\(30 + index)s\"")
        }
      }
      for generation in 1...6 {
        try await rig.apply(Split(green: .b, percent: generation * 10, blue: .a), UInt64(generation))
      }
      writer.cancel()
      _ = try? await writer.value
      let text = try await rig.say("/id/app_b")
      #expect(text.contains("\"stream_close_delay\":\"1h\"") && text.contains("\"uri\":\"/healthz\""))
    }
  }

  @Test("Envoy's clusters must lead where a release is; a rollback moves traffic though the disk is full")
  func envoy() async throws {
    try await PlaneRig.with(.envoy) { rig in
      let wrong = await #expect(throws: ConnectorError.self) {
        try await rig.plane.apply(tenth, targets: [.b: "127.0.0.1:1"], generation: 1)
      }
      #expect(wrong?.code == .misconfigured && wrong?.message.contains("'app_b' does not lead to 127.0.0.1:1") == true)
      #expect(try await rig.plane.readSplit() == .none)
      try await rig.apply(Split(green: .b, percent: 50, blue: .a), 2)
      // A folder in the place of the temporary file stops even root.
      let blocked = rig.file("app-runtime.json.slipway-new")
      try FileManager.default.createDirectory(at: blocked, withIntermediateDirectories: true)
      for (percent, expected) in [(60, 50), (0, 0)] {
        let error = await #expect(throws: ConnectorError.self) {
          try await rig.plane.apply(Split(green: .b, percent: percent, blue: .a), targets: rig.targets, generation: 3)
        }
        #expect(error?.code == .misconfigured)
        #expect(try await rig.plane.readSplit() == Split(green: .b, percent: expected, blue: .a))
      }
      try FileManager.default.removeItem(at: blocked)
      try await rig.apply(tenth, 4)
    }
  }

  @Test("Traefik reads no file of another kind, and one that is in the wrong folder never arrives")
  func traefik() async throws {
    try await withScratchFolder { folder in
      try await withHTTPClient { client in
        let spec = TraefikSpec(api: "http://127.0.0.1:1", file: "app.json", url: "http://127.0.0.1:1")
        #expect(throws: ConnectorError.self) { try TraefikPlane(spec, folder: folder.path, client: client) }
      }
    }
    try await PlaneRig.with(.traefik) { rig in
      let spec = TraefikSpec(
        api: "http://127.0.0.1:\(rig.control)", file: rig.file("elsewhere.yml").path, url: "http://x")
      let plane = try TraefikPlane(spec, folder: "/", client: rig.client, deadline: .milliseconds(400))
      let error = await #expect(throws: ConnectorError.self) {
        try await plane.apply(tenth, targets: rig.targets, generation: 1)
      }
      #expect(error?.code == .timedOut && error?.message.contains("elsewhere.yml") == true)
    }
  }

  private func withFake(
    _ kind: String, _ answer: String, deadline: Span = .seconds(30),
    _ body: (any TrafficPlane, URL) async throws -> Void
  ) async throws {
    try await withScratchFolder { folder in
      let file = folder.appending(path: "answer")
      try Data(answer.utf8).write(to: file)
      try await PythonServers.with(PythonServers.fileHTTP, [file.path], folder: folder) { _, port in
        try await withHTTPClient { client in
          try await body(try plane(kind, "http://127.0.0.1:\(port)", folder.path, client, deadline), file)
        }
      }
    }
  }

  private func plane(
    _ kind: String, _ url: String, _ folder: String, _ client: HTTPClient, _ deadline: Span
  ) throws -> any TrafficPlane {
    switch kind {
    case "envoy":
      return EnvoyPlane(
        EnvoySpec(admin: url, file: "envoy.json", url: url), folder: folder, client: client, deadline: deadline)
    case "traefik":
      return try TraefikPlane(
        TraefikSpec(api: url, file: "app.yml", url: url), folder: folder, client: client, deadline: deadline)
    case "caddy": return CaddyPlane(CaddySpec(admin: url, url: url), client: client, deadline: deadline)
    default:
      let runner = CommandRunner(
        folder: folder, inherited: [:], secrets: SecretSource(environment: [:], folder: folder))
      return try NginxPlane(
        NginxSpec(file: "app.conf", test: "true", reload: "true", status: url, url: url), folder: folder,
        runner: runner,
        client: client, deadline: deadline)
    }
  }

  /// What each real one answers at 90:10:a:17.
  private static let samples = [
    "envoy": #"{"layers":["app","admin"],"entries":{"#
      + [
        ("serves", "100"), ("entry", "90:10:a:17"), ("tester_a", "0"), ("tester_b", "100"), ("split.app_a", "90"),
        ("split.app_b", "0"), ("split.app_a_or_b", "0"), ("split.app_b_or_a", "10"),
      ].map { #""app.\#($0)":{"final_value":"\#($1)","layer_values":["\#($1)",""]}"# }.joined(separator: ",") + "}}",
    "traefik":
      #"{"weighted":{"services":[{"name":"app_a","weight":90},{"name":"app_b_or_a","weight":10}]},"status":"enabled","#
      + #""usedBy":["app@file"],"name":"app@file","provider":"file","type":"weighted"}"#,
    "caddy": #"{"@id":"app","handler":"subroute","routes":[{"handle":[{"handler":"vars","slipway":"90:10:a:17","#
      + #""slipway_a":"127.0.0.1:1","slipway_b":"127.0.0.1:2"}]},{"handle":[{"@id":"app_tester","handler":"reverse_proxy","#
      + #""upstreams":[{"dial":"127.0.0.1:2"}]}],"match":[{"header":{"X-Canary":["green"]}}],"terminal":true},"#
      + #"{"handle":[{"@id":"app_b","handler":"reverse_proxy","load_balancing":{"selection_policy":{"policy":"first"}},"#
      + #""upstreams":[{"dial":"127.0.0.1:2"},{"dial":"127.0.0.1:1"}]}],"match":[{"expression":"{http.request.uuid} < \"19999999\""}],"#
      + #""terminal":true},{"handle":[{"@id":"app_a","handler":"reverse_proxy","upstreams":[{"dial":"127.0.0.1:1"}]}],"terminal":true}]}"#,
  ]
}

/// The same random numbers in every run.
struct PlaneDamage: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
