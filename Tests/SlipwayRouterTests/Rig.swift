import Foundation
import NIOCore
import NIOHTTP1
import SlipwayModel
import SlipwayRouter
import Testing

/// A running router with its control client, in a folder of its own.
struct Rig: Sendable {
  let server: RouterServer
  let control: RouterControl
  let folder: String
  var address: String { server.address }
  var statePath: String { control.path + ".state" }

  /// One `GET` on a connection of its own.
  func get(_ uri: String = "/", headers: [String: String] = [:]) async throws -> TestAnswer {
    let fields = headers.map { ($0.key, $0.value) }
    return try await withClient(address) { try await $0.get(uri, headers: .init(fields)) }
  }

  /// The counters once `isReached` holds of them, or the last ones seen when it never does.
  func counters(when isReached: (RouterCounters) -> Bool = { _ in true }) async throws -> RouterCounters {
    var counters = try await control.counters()
    for _ in 0..<600 where !isReached(counters) {
      try await Task.sleep(for: .milliseconds(50))
      counters = try await control.counters()
    }
    return counters
  }
}

extension RouterCounters {
  func slot(_ slot: Slot) -> SlotTraffic { slots[slot] ?? SlotTraffic() }
}

func wallClock() -> Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) }

func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
  // Short, because a Unix socket's path may have 107 bytes only.
  let folder = "/tmp/sr-\(UInt64.random(in: 0...UInt64.max))"
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try await body(folder)
}

func startRig(
  _ folder: String, loops: Int = 2, listen: String? = "127.0.0.1:0", identity: String = "test",
  limits: RouterLimits = RouterLimits(), trusts: Bool = false,
  change: (inout RouterConfiguration) -> Void = { _ in }
) async throws -> Rig {
  let path = folder + "/control"
  var configuration = RouterConfiguration(
    listen: listen, controlPath: path, identity: identity, loops: loops, limits: limits,
    trustsForwardedHeaders: trusts, wallClock: wallClock)
  change(&configuration)
  let server = try await RouterServer.start(configuration)
  return Rig(server: server, control: RouterControl(path: path, deadline: .seconds(30)), folder: folder)
}

/// Runs `body` with a router and stops it afterwards, whatever happens.
func withRig<Result>(
  loops: Int = 2, limits: RouterLimits = RouterLimits(), trusts: Bool = false,
  change: (inout RouterConfiguration) -> Void = { _ in }, _ body: (Rig) async throws -> Result
) async throws -> Result {
  try await withFolder { folder in
    let rig = try await startRig(folder, loops: loops, limits: limits, trusts: trusts, change: change)
    do {
      let result = try await body(rig)
      await rig.server.stop()
      return result
    } catch {
      await rig.server.stop()
      throw error
    }
  }
}

/// Two upstreams that say `a` and `b`, and a router with `percent` on b and a as blue.
func withSlots<Result>(
  percent: Int = 0, loops: Int = 2, limits: RouterLimits = RouterLimits(), trusts: Bool = false,
  a: @escaping @Sendable (HTTPRequestHead) -> Plan = { _ in .text(200, "a") },
  b: @escaping @Sendable (HTTPRequestHead) -> Plan = { _ in .text(200, "b") },
  change: (inout RouterConfiguration) -> Void = { _ in },
  _ body: (Rig, TestUpstream, TestUpstream) async throws -> Result
) async throws -> Result {
  let first = try await TestUpstream.start(a)
  let second = try await TestUpstream.start(b)
  do {
    let result = try await withRig(loops: loops, limits: limits, trusts: trusts, change: change) { rig in
      try await rig.control.set(
        split: Split(green: .b, percent: percent, blue: .a), targets: [.a: first.address, .b: second.address],
        generation: 1)
      return try await body(rig, first, second)
    }
    await first.kill()
    await second.kill()
    return result
  } catch {
    await first.kill()
    await second.kill()
    throw error
  }
}

/// Waits until `isReached`, for half a minute at most.
func eventually(_ isReached: () async throws -> Bool) async rethrows -> Bool {
  for _ in 0..<600 {
    if try await isReached() { return true }
    try? await Task.sleep(for: .milliseconds(50))
  }
  return false
}
