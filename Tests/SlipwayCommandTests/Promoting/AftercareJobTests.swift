import Foundation
import Glibc
import Testing

@Suite("A release is looked after once it serves", .serialized)
struct AftercareJobTests {
  private struct Status: Decodable {
    struct Phase: Decodable {
      var phase: String
      var result: String
      var looks: Int
    }

    struct Finding: Decodable {
      var check: String
      var ended: String?
    }

    var release: String
    var status: String
    var looks: Int
    var phases: [Phase]
    var findings: [Finding]
    var evidenceDir: String?
  }

  private func after(_ shop: Shop, _ subject: String = "production") async throws -> (status: Status?, code: Int32) {
    let output = try await Program.run(["after", subject, "--output", "json"], in: shop.folder)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return (try? decoder.decode(Status.self, from: Data(output.text.utf8)), output.code)
  }

  private static func pipeline(_ shop: Shop) -> String {
    let after = """
          after:
            alive: {until: 1s, every: 1s, checks: [liveness, readiness, version, processes]}
            healthy:
              until: 30m
              every: 1s
              checks: [{command: {name: logs, run: "test ! -e bad.log"}}]
            lasting: {until: 30m, checks: []}
      """
    return shop.shortPipeline.replacingOccurrences(
      of: "    version: {path: /version}", with: "    version: {path: /version}\n\(after)")
      + "\nnotify:\n  - {run: cat >> told.jsonl}\n"
  }

  @Test(
    "E14, F1: looks by a killed and a new driver, a finding told once and ended, the next release ends them, evidence holds"
  )
  func job() async throws {
    try await Shop.with(Self.pipeline) { shop in
      try await shop.open()
      let first = try shop.driver()
      defer { first.forget() }
      try await eventually("looks are made", within: .seconds(120)) { try await after(shop).status?.looks ?? 0 >= 2 }
      kill(first.pid, SIGKILL)
      _ = try? await first.ended(within: .seconds(30))
      let before = try #require(try await after(shop).status)
      try shop.write("error\n", to: "bad.log")
      try await shop.withDriver { _ in
        try await eventually("the finding is there", within: .seconds(120)) {
          let (status, code) = try await after(shop)
          return status?.findings.contains { $0.check == "logs" && $0.ended == nil } == true && code == 1
        }
        try FileManager.default.removeItem(at: shop.folder.appending(path: "bad.log"))
        try await eventually("the finding has ended", within: .seconds(120)) {
          let (status, code) = try await after(shop)
          return status?.findings.contains { $0.check == "logs" && $0.ended != nil } == true && code == 0
        }
      }
      let now = try #require(try await after(shop).status)
      #expect(now.looks > before.looks)
      #expect(now.phases.first { $0.phase == "alive" }?.result == "passed", "\(now)")
      let told = try String(contentsOf: shop.folder.appending(path: "told.jsonl"), encoding: .utf8)
      #expect(told.components(separatedBy: "after_finding").count == 2)
      #expect(told.components(separatedBy: "after_recovered").count == 2)

      let old = try #require(try await shop.slipway("list", "--output", "json").text.firstRun)
      try await shop.register("1.1.0")
      try await Customers.order(at: shop.ports.front) { _ in _ = try await shop.deploy("1.1.0") }
      try await shop.slipway("run")
      let over = try #require(try await after(shop, old).status)
      #expect(over.status == "superseded" && over.release == "1.0.0")
      let folder = try #require(over.evidenceDir)
      try await shop.slipway("evidence", "verify", "--quiet", folder)
      #expect(try await after(shop).status?.release == "1.1.0")
      #expect(try await shop.slipway("after").text.contains("1.1.0 in production"))
    }
  }
}

extension String {
  /// The id of the first run in a listing.
  fileprivate var firstRun: String? {
    range(of: "[0-9]{8}-[0-9]{9}-[0-9a-z]{4}", options: .regularExpression).map { String(self[$0]) }
  }
}
