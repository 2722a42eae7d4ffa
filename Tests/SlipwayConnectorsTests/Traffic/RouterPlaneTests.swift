import Foundation
import SlipwayConnectors
import SlipwayModel
import SlipwayRouter
import Testing

@Suite("Router as a data plane")
struct RouterPlaneTests {
  private func withRouter<Result>(
    _ spec: RouterSpec, _ body: (RouterPlane, RouterControl) async throws -> Result
  ) async throws -> Result {
    let folder = "/tmp/srp-\(UInt64.random(in: 0...UInt64.max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let settings = folder + "/router.settings"
    try JSONEncoder().encode(RouterSpec(listen: "127.0.0.1:0")).write(to: URL(fileURLWithPath: settings))
    var configuration = RouterConfiguration(
      listen: "127.0.0.1:0", controlPath: RouterPlane.controlPath(folder), identity: "test",
      historyInterval: .milliseconds(100),
      wallClock: { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) })
    configuration.settingsPath = settings
    let server = try await RouterServer.start(configuration)
    let plane = RouterPlane(
      listen: server.address, folder: folder, program: ["/bin/false"], environment: [:], spec: spec)
    do {
      let result = try await body(plane, RouterControl(path: RouterPlane.controlPath(folder), deadline: .seconds(30)))
      await server.stop()
      return result
    } catch {
      await server.stop()
      throw error
    }
  }

  @Test("what the pipeline file says reaches a running router with the next shift")
  func settings() async throws {
    var spec = RouterSpec(listen: "127.0.0.1:0")
    spec.health = RouterHealth(path: "/up", every: .milliseconds(50))
    try await withRouter(spec) { plane, control in
      #expect(try await control.status().slots[.a]?.health == nil)
      try await plane.apply(
        Split(green: .a, percent: 100, blue: nil), targets: [.a: "127.0.0.1:1"], generation: 1)
      var health: SlotHealth?
      try await eventually("the slot was asked") {
        health = try await control.status().slots[.a]?.health
        return health != nil
      }
      #expect(health?.problem != nil)
    }
  }

  @Test("settings that cannot serve hold up no shift of traffic, and are told in the status")
  func badSettings() async throws {
    var spec = RouterSpec(listen: "127.0.0.1:0")
    spec.tls = RouterTLS(certificates: [CertificateFiles(certificate: "/none.pem", key: "/none.key")])
    try await withRouter(spec) { plane, control in
      #expect(try await control.status().settingsProblem == nil)
      let split = Split(green: .a, percent: 100, blue: nil)
      try await plane.apply(split, targets: [.a: "127.0.0.1:1"], generation: 1)
      #expect(try await plane.readSplit() == split)
      #expect(plane.frontDoor.hasPrefix("https://"))
      #expect(try await control.status().settingsProblem?.contains("/none.pem") == true)
    }
  }

  @Test("history comes in whole minutes, and cut is harmless where nothing is open")
  func historyAndCut() async throws {
    try await withRouter(RouterSpec(listen: "127.0.0.1:0")) { plane, _ in
      #expect(plane.capabilities.cuts)
      try await plane.cut(.b)
      var history: [SlotCounters] = []
      try await eventually("a minute is over") {
        history = try await plane.history(of: .a, now: Timestamp(milliseconds: 0))
        return !history.isEmpty
      }
      #expect(history.allSatisfy { $0.requests == 0 })
    }
  }
}
