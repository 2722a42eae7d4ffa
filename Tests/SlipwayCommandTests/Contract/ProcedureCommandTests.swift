import Foundation
import Testing

@Suite("Commands: a procedure with people in it", .serialized)
struct ProcedureCommandTests {
  private static func pipeline(_ automation: String) -> (Shop) -> String {
    { shop in
      shop.shortPipeline.replacingOccurrences(
        of: "    rollout: {steps: [10%, 50%, 100%]",
        with: "    automation: \(automation)\n    rollout: {steps: [10%, 100%]")
    }
  }

  @Test("C10: one step by hand, one with an agreement, the rest by itself; who did what is kept")
  func levels() async throws {
    try await Shop.with(Self.pipeline("{shift-10: manual, settle: assisted}")) { shop in
      try await shop.register("1.0.0")
      let first = try await shop.promote("1.0.0")
      try await shop.slipway("approve", first, "--as", "ann")
      try await shop.register("1.1.0")
      try await shop.withDriver { _ in
        try await shop.wait(for: first, until: "it asks") { $0.step == "confirm-settle" && $0.waitingFor != nil }
        try await shop.slipway("confirm", first, "settle", "--note", "looks well", "--as", "bob")
        try await shop.slipway("watch", first)
        let plan = try await shop.slipway("plan", "1.1.0", "--to", "production")
        #expect(plan.text.contains("manual: a 90 %, b 10 %") && plan.text.contains("confirm-shift-10"), "\(plan)")
        try await Customers.order(at: shop.ports.front) { customers in
          let run = try await shop.promote("1.1.0")
          try await shop.slipway("approve", run, "--as", "ann")
          let asked = try await shop.wait(for: run, until: "it asks") {
            $0.step == "confirm-shift-10" && $0.waitingFor?.kind == "confirmation"
          }
          #expect(asked.waitingFor?.reason.contains("slipway route set production --a 90 --b 10 --fallback a") == true)
          try await shop.slipway("confirm", run, "shift-10", "--note", "too early", "--as", "bob")
          try await shop.wait(for: run, until: "it says what was found") {
            $0.waitingFor?.reason.contains("bob confirmed it, but read back") == true
          }
          try await shop.slipway(
            "route", "set", "production", "--a", "90", "--b", "10", "--fallback", "a",
            "--target-a", "127.0.0.1:\(shop.ports.a)", "--target-b", "127.0.0.1:\(shop.ports.b)")
          try await shop.slipway("confirm", run, "shift-10", "--note", "set at the router", "--as", "bob")
          try await shop.wait(for: run, until: "it asks again") {
            $0.step == "confirm-settle" && $0.waitingFor?.kind == "confirmation"
          }
          try await shop.slipway("confirm", run, "settle", "--note", "figures are well", "--as", "ann")
          try await shop.slipway("watch", run)
          try await customers.goHome()
          customers.tally.expectNothingLost()
          let json = try await shop.slipway("status", run, "--output", "json").text
          #expect(json.contains(#""confirmed_by" : "bob""#) && json.contains("set at the router"), "\(json)")
          let status = try await shop.status(run)
          #expect(status.step("shift-10")?.detail.contains("done by hand; read back") == true)
        }
      }
      try await shop.slipway("audit", "verify")
    }
  }

  @Test("C10: levels of steps that there are not, or that nobody can do, are refused with what can be said")
  func refused() async throws {
    try await Shop.with(Self.pipeline("manual")) { shop in
      let deploy = try await shop.slipway("check", expecting: 65)
      #expect(deploy.complaint.contains("'deploy' cannot be done by hand"), "\(deploy)")
      try shop.write(Self.pipeline("{shfit-10: manual}")(shop), to: "slipway.yaml")
      let near = try await shop.slipway("check", expecting: 65)
      #expect(near.complaint.contains("did you mean 'shift-10'"), "\(near)")
      try shop.write(Self.pipeline("{watch: manual}")(shop), to: "slipway.yaml")
      let watch = try await shop.slipway("check", expecting: 65)
      #expect(watch.complaint.contains("people have no part in 'watch'"), "\(watch)")
      try shop.write(Self.pipeline("{default: manual, deploy: assisted}")(shop), to: "slipway.yaml")
      try await shop.slipway("check")
    }
  }
}
