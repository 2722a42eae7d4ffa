import Foundation
import Testing

@Suite("Promoting an image")
struct ImageJobTests {
  @Test("E5, F7: a tag that is pushed again between approval and deployment is found, and nothing is deployed")
  func repushed() async throws {
    try await Shop.with({ shop in
      // The service is the same for every image; what is looked at here is the image's name.
      shop.pipeline(run: #"exec '\#(shop.program)' demo-service "\#(shop.folder.path)/service.json" --port "$PORT""#)
        .replacing("gates: [no-freeze]", with: "gates: [no-freeze, immutable-reference]")
        .replacing("      version: {path: /version}\n", with: "")
        .replacing("    version: {path: /version}\n", with: "")
    }) { shop in
      try shop.write(#"{"version":"1.0","failsOneIn":0,"takesMilliseconds":1}"#, to: "service.json")
      try await ImageRegistry.with(shop) { registry in
        let first = try await registry.push("1.0", content: "first")
        try await shop.slipway("release", "add", "1.0", "--artifact", "\(registry.host)/shop:1.0@\(first)")
        try await shop.slipway("release", "add", "0.9", "--artifact", "\(registry.host)/shop:1.0")
        let tag = try await shop.slipway("preflight", "0.9", "--to", "production", expecting: 2)
        #expect(tag.text.contains(first), "\(tag)")
        try await shop.slipway("preflight", "1.0", "--to", "production")
        let run = try await shop.promote("1.0")
        try await shop.withDriver { _ in
          try await shop.wait(for: run, until: "somebody is asked") { $0.waitingFor?.kind == "approval" }
          let second = try await registry.push("1.0", content: "second")
          #expect(first != second)
          try await shop.slipway("approve", run, "--as", "ann")
          let over = try await shop.wait(for: run, until: "it is over") { $0.isFinished }
          #expect(over.status == "blocked", "\(over)")
          let recheck = try #require(over.step("recheck"))
          #expect(recheck.detail.contains(first) && recheck.detail.contains(second), "\(recheck)")
          #expect(over.step("deploy")?.attempts == 0)
        }
        #expect(shop.services().isEmpty)
      }
    }
  }
}
