import Foundation
import Testing

/// A way to hurt a promotion under load. Each leaves no driver behind and the run wherever it came to.
enum CrashKind: String, CaseIterable, Sendable {
  case driverAtAnyInstant = "driver, any instant"
  case driverAtFlush = "driver, every nth flush"
  case driverAtFlushWithHAProxy = "driver, every nth flush, HAProxy"
  case driverAtSwitch = "driver, switch just meant"
  case router = "router, switch just meant"
  case haproxy = "HAProxy, switch just meant"
  case host = "host, any instant"
  case everything = "driver, router and host at once"

  /// What the suite always does; the others are done once by other suites, and here in `make soak`.
  static var wanted: [CrashKind] { Shop.rounds > 0 ? allCases : [.everything, .driverAtFlushWithHAProxy] }

  var usesHAProxy: Bool { self == .haproxy || self == .driverAtFlushWithHAProxy }

  /// Whether the way of every order is cut by it for a moment.
  var killsProxy: Bool {
    switch self {
    case .router, .haproxy, .everything: true
    case .driverAtAnyInstant, .driverAtFlush, .driverAtFlushWithHAProxy, .driverAtSwitch, .host: false
    }
  }
}

/// One promotion that is to be hurt.
struct Victim {
  let shop: Shop
  let run: String
  let isGood: Bool
  let haproxy: RestartedHAProxy?

  /// Does it and drives the run to its end.
  ///
  /// - Returns: How many processes were killed while the run was under way.
  func suffer(_ kind: CrashKind, _ random: inout SeededRandom) async throws -> Int {
    var crashes = 0
    switch kind {
    case .driverAtAnyInstant: crashes = try await killDrivers(&random)
    case .driverAtFlush, .driverAtFlushWithHAProxy: crashes = try await killAtFlushes(&random)
    case .driverAtSwitch:
      crashes = try await duringSwitch(&random) { driver in try await driver.crash() }
    case .everything:
      crashes = try await atOnce(&random)
    case .router:
      crashes = try await duringSwitch(&random) { _ in Foundation.kill(try #require(shop.router()), SIGKILL) }
    case .haproxy:
      crashes = try await duringSwitch(&random) { _ in try await haproxy?.again() }
    case .host: crashes = try await killHost(&random)
    }
    return crashes
  }

  private func instant(_ random: inout SeededRandom) async throws {
    try await Task.sleep(for: .milliseconds(Int.random(in: 0...3_000, using: &random)))
  }

  private func killDrivers(_ random: inout SeededRandom) async throws -> Int {
    var crashes = 0
    for _ in 0..<3 {
      let driver = try shop.driver()
      defer { driver.forget() }
      try await instant(&random)
      if try await !shop.status(run).isFinished { crashes += 1 }
      try await driver.crash()
    }
    try await drive()
    return crashes
  }

  private func killAtFlushes(_ random: inout SeededRandom) async throws -> Int {
    var crashes = 0
    var flush = Int.random(in: 1...8, using: &random)
    while true {
      let driver = try shop.driver(injecting: "fdatasync:signal=KILL:when=\(flush)")
      var isOver = false
      try await eventually("the driver is killed at flush \(flush) or the run is over") {
        if !driver.isRunning { return true }
        isOver = try await shop.status(run).isFinished
        return isOver
      }
      try await shop.end(driver)
      if isOver { return crashes }
      crashes += 1
      // Growing, so that each comes further than the one before.
      flush += Int.random(in: 1...3, using: &random)
    }
  }

  /// Hurts when the journal holds the intent of a switch, of which the data plane may know nothing yet, or all.
  private func duringSwitch(
    _ random: inout SeededRandom, _ hurt: (Companion) async throws -> Void
  ) async throws -> Int {
    // A bad release comes no further than its first watch.
    let switches = isGood ? ["shift-10", "shift-50", "shift-100"] : ["shift-10"]
    let driver = try shop.driver()
    defer { driver.forget() }
    try await shop.untilMeant(switches.randomElement(using: &random) ?? "shift-10", of: run)
    try await hurt(driver)
    if driver.isRunning { try await end(driver) } else { try await drive() }
    return 1
  }

  private func killHost(_ random: inout SeededRandom) async throws -> Int {
    let driver = try shop.driver()
    defer { driver.forget() }
    try await instant(&random)
    let isHit = try await !shop.status(run).isFinished
    Foundation.kill(try #require(shop.host()), SIGKILL)
    try await end(driver)
    return isHit ? 1 : 0
  }

  private func atOnce(_ random: inout SeededRandom) async throws -> Int {
    let driver = try shop.driver()
    defer { driver.forget() }
    try await instant(&random)
    let isHit = try await !shop.status(run).isFinished
    for victim in [driver.pid, shop.router(), shop.host()].compactMap({ $0 }) { Foundation.kill(victim, SIGKILL) }
    try await driver.crash()
    try await drive()
    return isHit ? 3 : 0
  }

  private func end(_ driver: Companion) async throws {
    try await shop.wait(for: run, until: "it ends") { $0.isFinished || !driver.isRunning }
    #expect(driver.isRunning, "the driver ended: \(driver.complaint)")
    driver.terminate()
    _ = try await driver.ended(within: .seconds(60))
  }

  private func drive() async throws {
    try await shop.withDriver { _ in try await shop.wait(for: run, until: "it ends") { $0.isFinished } }
  }
}

/// An HAProxy that an operator's supervisor starts again with the same configuration.
actor RestartedHAProxy {
  private let plane: RealHAProxy
  private var process: Companion

  init(_ plane: RealHAProxy) async throws {
    self.plane = plane
    process = try await plane.start()
  }

  /// `kill -9`, and up again.
  func again() async throws {
    try await process.crash()
    process.forget()
    process = try await plane.start()
  }

  func stop() { process.forget() }
}
