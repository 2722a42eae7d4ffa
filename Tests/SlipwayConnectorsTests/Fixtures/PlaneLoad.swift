import Foundation
import SlipwayConnectors
import SlipwayModel
import Testing

/// What clients have seen so far.
struct SeenByClients: Decodable, Sendable {
  var answers: [String: Int] = [:]
  var failed: [String] = []
  /// Sent again because the connection had been closed.
  var retried = 0
  var total: Int { answers.values.reduce(0, +) }
}

/// Clients that go on asking.
struct PlaneLoad: Sendable {
  let rig: PlaneRig
  let process: RealProcess

  var seen: SeenByClients {
    let line = process.text.split(separator: "\n").last { $0.hasPrefix("seen {") && $0.hasSuffix("}") } ?? ""
    return (try? JSONDecoder().decode(SeenByClients.self, from: Data(line.dropFirst(5).utf8))) ?? SeenByClients()
  }

  /// Waits for `count` answers and compares the share of `slot` with what was asked.
  func expectShare(of slot: Slot, percent: Int, of count: Int) async throws {
    try await Task.sleep(for: rig.plane.capabilities.settles.duration)
    // One reading on, because the last one is from before the change.
    let stale = process.text.count
    try await eventually("the clients go on: \(process.text.suffix(400))") {
      process.text.dropFirst(stale).split(separator: "\n").dropFirst(2).contains { $0.hasPrefix("seen ") }
    }
    let before = seen
    try await eventually("\(count) answers at \(percent) %: \(process.text.suffix(400))") {
      seen.total >= before.total + count
    }
    let after = seen
    let total = Double(after.total - before.total)
    let got = Double((after.answers[slot.rawValue] ?? 0) - (before.answers[slot.rawValue] ?? 0))
    let share = Double(percent) / 100
    // Five standard deviations are less than one in a million; a dealt share may be off by a round.
    let bound =
      rig.kind.dealsExactly
      ? (percent % 100 == 0 ? 0 : 12) : 5 * (total * share * (1 - share)).squareRoot()
    #expect(abs(got - total * share) <= bound, "\(rig.kind): asked \(percent) %, got \(got) of \(total)")
  }
}

extension PlaneRig {
  /// Runs `body` under a steady load, of which no request may fail.
  func withLoad(_ body: (PlaneLoad) async throws -> Void) async throws {
    let stop = file(UUID().uuidString).path
    try await PythonServers.with(PythonServers.steadyLoad, ["\(front)", "6", stop], folder: folder) { process, _ in
      let load = PlaneLoad(rig: self, process: process)
      try await eventually("the load runs: \(process.text.suffix(400))") { load.seen.total > 20 }
      try await body(load)
      _ = FileManager.default.createFile(atPath: stop, contents: nil)
      try await eventually("the load ends: \(process.text.suffix(400))") { process.text.hasSuffix("end\n") }
      let seen = load.seen
      #expect(seen.failed.isEmpty, "\(kind): \(seen)")
      #expect(Set(seen.answers.keys) == ["a", "b"], "\(kind): \(seen)")
      if !kind.closesKeepAlives { #expect(seen.retried == 0, "\(kind)") }
    }
  }

  /// Every question and change that a plane of `kind` can be asked for; nil for one that neither counts nor knows what is under way.
  static func calls(_ plane: any TrafficPlane, _ kind: PlaneKind?) -> [@Sendable () async throws -> Void] {
    let change: @Sendable () async throws -> Void = {
      try await plane.apply(Split(green: .b, percent: 10, blue: .a), targets: [:], generation: 100)
    }
    var calls: [@Sendable () async throws -> Void] = [{ _ = try await plane.readSplit() }, change]
    if kind?.countsPerSlot == true {
      calls.append { _ = try await plane.counters(now: Timestamp(milliseconds: 0)) }
    }
    if kind?.tellsInFlight == true { calls.append { _ = try await plane.inFlight(.a) } }
    return calls
  }
}

/// What people do to a proxy that Slipway drives.
enum PlaneDisturbance {
  typealias Act = @Sendable (PlaneRig) async throws -> Void

  static func all(_ kind: PlaneKind) -> [Act] {
    switch kind {
    case .router:
      return [
        { rig in
          try await rig.plane.apply(Split(green: .b, percent: 80, blue: .a), targets: [:], generation: 9)
        }
      ]
    case .haproxy:
      return ["20:80:a", "abc"].map { value in
        { rig in
          let socket = UnixSocketExchange(path: rig.file("h.sock").path, peer: "HAProxy")
          _ = try await socket.send(Array("set map \(rig.file("split.map").path) split \(value)\n".utf8))
        }
      }
    case .envoy:
      return [
        "app.split.app_a=50&app.split.app_b_or_a=50", "app.split.app_b_or_a=abc", "app.serves=0", "app.tester_b=0",
        "app.split.app_a_or_b=90&app.split.app_a=0",
      ].map { query in { rig in _ = try await rig.say("/runtime_modify?\(query)", method: "POST") } }
    case .traefik:
      return [("\"weight\":90", "\"weight\":50"), ("\"app_b_or_a\",\"weight\"", "\"app_b\",\"weight\"")].map {
        old, new in
        { rig in try edit(rig.file("dynamic/app.yml"), old, new) }
      }
    case .nginx: return [{ rig in try edit(rig.file("app.conf"), "10%", "50%") }]
    case .caddy, .caddyForgetful:
      return [
        { rig in
          let text = try await rig.say("/id/app").replacing("1999999", with: "8000000")
          _ = try await rig.say("/id/app", method: "PATCH", body: text)
        },
        { rig in
          let text = try String(contentsOf: rig.file("caddy.json"), encoding: .utf8)
          _ = try await rig.say("/load", method: "POST", body: text)
        },
      ]
    }
  }

  private static func edit(_ file: URL, _ old: String, _ new: String) throws {
    let text = try String(contentsOf: file, encoding: .utf8)
    guard text.contains(old) else { throw NeverHappened(description: "'\(old)' in \(text)") }
    try Data(text.replacing(old, with: new).utf8).write(to: file, options: .atomic)
  }
}
