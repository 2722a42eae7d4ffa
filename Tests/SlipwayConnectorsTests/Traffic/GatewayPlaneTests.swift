import Foundation
import SlipwayConnectors
import SlipwayModel
import Testing

/// Against a server that answers as the Kubernetes API does.
@Suite("Gateway API: switching")
struct GatewayPlaneTests {
  private let tenth = Split(green: .b, percent: 10, blue: .a)

  @Test("B8: what is asked is read back, with testers on green and the roles either way")
  func splits() async throws {
    try await Gateway.with { gateway in
      #expect(try await gateway.plane.readSplit() == .none)
      var generation: UInt64 = 0
      for green in Slot.allCases {
        for percent in [0, 10, 50, 100, 0] {
          generation += 1
          let split = Split(green: green, percent: percent, blue: green.other)
          try await gateway.plane.apply(split, targets: [:], generation: generation)
          #expect(try await gateway.plane.readSplit() == split)
          #expect(try await gateway.order("{}").contains(#""name": "app-\#(green)", "port": 80}]"#))
        }
      }
      try await gateway.plane.apply(Split(green: .a, percent: 100, blue: nil), targets: [:], generation: 20)
      #expect(try await gateway.plane.readSplit() == Split(green: .a, percent: 100, blue: nil))
      let older = await #expect(throws: ConnectorError.self) {
        try await gateway.plane.apply(tenth, targets: [:], generation: 19)
      }
      #expect(older?.code == .refused)
    }
  }

  @Test("a change that loses against somebody else's is made again on what is there now, but not for ever")
  func conflicts() async throws {
    try await Gateway.with { gateway in
      _ = try await gateway.order(#"{"foreign": 3}"#)
      try await gateway.plane.apply(tenth, targets: [:], generation: 1)
      #expect(try await gateway.plane.readSplit() == tenth)
      #expect(try await gateway.order("{}").contains(#""patches": 4"#))
      _ = try await gateway.order(#"{"foreign": 1000}"#)
      let error = await #expect(throws: ConnectorError.self) {
        try await gateway.plane.apply(Split(green: .b, percent: 50, blue: .a), targets: [:], generation: 2)
      }
      #expect(error?.code == .refused && error?.message.contains("5 times in a row") == true)
      #expect(try await gateway.plane.readSplit() == tenth)
    }
  }

  @Test("a version that the server has forgotten and a full server are asked again")
  func passing() async throws {
    try await Gateway.with { gateway in
      let whole = try await gateway.order("{}")
      #expect(whole.contains("route"))
      let gone = #"{"status": 410, "body": {"kind": "Status", "reason": "Expired"}}"#
      let full =
        #"{"status": 429, "headers": {"retry-after": "0"}, "body": {"kind": "Status", "reason": "TooManyRequests"}}"#
      for answer in [gone, full] {
        _ = try await gateway.order(#"{"answers": [\#(gateway.get), \#(answer)]}"#)
        try await gateway.plane.apply(tenth, targets: [:], generation: 1)
        #expect(try await gateway.plane.readSplit() == tenth)
      }
    }
  }

  @Test("a full server that asks for more rest than there is time is not asked again")
  func full() async throws {
    try await Gateway.with { gateway in
      let answer = #"{"status": 429, "headers": {"retry-after": "120"}, "body": {"kind": "Status"}}"#
      try await gateway.order(#"{"answers": [\#(gateway.get), \#(answer)]}"#)
      let error = await #expect(throws: ConnectorError.self) {
        try await gateway.plane.apply(tenth, targets: [:], generation: 1)
      }
      #expect(error?.code == .unreachable && error?.message.contains("429") == true, "\(error?.message ?? "")")
      #expect(try await gateway.order("{}").contains(#""patches": 0"#))
    }
  }

  @Test(
    "a refusal says what to do",
    arguments: [
      (401, ConnectorError.Code.misconfigured), (403, .misconfigured), (404, .misconfigured), (429, .unreachable),
      (500, .unreachable), (503, .unreachable), (200, .garbage), (204, .garbage),
    ])
  func refusals(status: Int, code: ConnectorError.Code) async throws {
    try await Gateway.with { gateway in
      for call in PlaneRig.calls(gateway.plane, nil) {
        _ = try await gateway.order(#"{"answers": [{"status": \#(status), "body": {"kind": "Status"}}]}"#)
        let error = await #expect(throws: ConnectorError.self) { try await call() }
        #expect(error?.code == code, "\(status): \(error?.message ?? "")")
        #expect(error?.message.contains("secret-token") == false)
      }
    }
  }

  @Test("a wrong token and a route of another name are told; nobody there is unreachable")
  func wrong() async throws {
    try await Gateway.with { gateway in
      let token = await #expect(throws: ConnectorError.self) { try await gateway.plane(token: "x").readSplit() }
      #expect(token?.code == .misconfigured && token?.message.contains("401") == true)
      let name = await #expect(throws: ConnectorError.self) { try await gateway.plane(route: "other").readSplit() }
      #expect(name?.code == .misconfigured && name?.message.contains("404") == true)
      try await gateway.process.crash()
      let gone = await #expect(throws: ConnectorError.self) { try await gateway.plane.readSplit() }
      #expect(gone?.code == .unreachable)
    }
  }

  @Test("a route that does not pass its schema is refused at once, and nothing is tried again")
  func invalid() async throws {
    try await Gateway.with { gateway in
      let causes =
        #"{"kind": "Status", "details": {"causes": [{"reason": "FieldValueInvalid", "field": "spec.rules"}]}}"#
      _ = try await gateway.order(#"{"answers": [\#(gateway.get), {"status": 422, "body": \#(causes)}]}"#)
      let error = await #expect(throws: ConnectorError.self) {
        try await gateway.plane.apply(tenth, targets: [:], generation: 1)
      }
      #expect(error?.code == .refused && error?.message.contains("FieldValueInvalid") == true)
    }
  }

  @Test("a patch that is accepted and not made is garbage, not success")
  func liar() async throws {
    try await Gateway.with { gateway in
      _ = try await gateway.order(#"{"ignore": true}"#)
      let error = await #expect(throws: ConnectorError.self) {
        try await gateway.plane.apply(tenth, targets: [:], generation: 1)
      }
      #expect(error?.code == .garbage)
    }
  }

  @Test("a change is done when the controller has taken it, and refused when it says so")
  func controller() async throws {
    try await Gateway.with { gateway in
      try await gateway.plane.apply(tenth, targets: [:], generation: 1)
      _ = try await gateway.order(#"{"controller": "False"}"#)
      let refused = await #expect(throws: ConnectorError.self) {
        try await gateway.plane.apply(Split(green: .b, percent: 50, blue: .a), targets: [:], generation: 2)
      }
      #expect(refused?.code == .refused && refused?.message.contains("BackendNotFound: no such service") == true)
      _ = try await gateway.order(#"{"controller": "stale"}"#)
      let late = await #expect(throws: ConnectorError.self) {
        try await gateway.plane(deadline: .seconds(5)).apply(tenth, targets: [:], generation: 3)
      }
      #expect(late?.code == .timedOut && late?.message.contains("has not yet said 'Accepted'") == true)
    }
  }

  @Test(
    "weights that somebody else set are read as they are, or told when they are no split",
    arguments: [("1", "3", 75), ("90", "10", 10), ("2", "1", nil), ("-1", "2", nil), ("0", "5", 100)]
      as [(String, String, Int?)])
  func drift(a: String, b: String, percent: Int?) async throws {
    try await Gateway.with { gateway in
      try await gateway.plane.apply(Split(green: .b, percent: 50, blue: .a), targets: [:], generation: 1)
      _ = try await gateway.order(#"{"route": \#(Gateway.route(a: a, b: b, note: "50:50:a:1"))}"#)
      if let percent {
        #expect(try await gateway.plane.readSplit() == Split(green: .b, percent: percent, blue: .a))
      } else {
        let error = await #expect(throws: ConnectorError.self) { try await gateway.plane.readSplit() }
        #expect(error?.code == .garbage)
      }
      try await gateway.plane.apply(tenth, targets: [:], generation: 2)
      #expect(try await gateway.plane.readSplit() == tenth)
    }
  }

  @Test("a route where a backend stands alone, or beside a third, cannot be switched")
  func shape() async throws {
    try await Gateway.with { gateway in
      for references in [
        #"[{"name": "app-b", "port": 80, "weight": 10}]"#,
        #"[{"name": "app-a"}, {"name": "app-b"}, {"name": "app-c"}]"#, "[]",
      ] {
        _ = try await gateway.order(#"{"route": \#(Gateway.route(references: references))}"#)
        for call in PlaneRig.calls(gateway.plane, nil) {
          let error = await #expect(throws: ConnectorError.self) { try await call() }
          #expect(error?.code == .misconfigured && error?.message.contains("it needs exactly one") == true)
        }
      }
    }
  }

  @Test("damaged routes never crash and never pass for another split")
  func damaged() async throws {
    var random = PlaneDamage(state: 6)
    try await Gateway.with { gateway in
      let whole = Array(Gateway.route(a: "90", b: "10", note: "90:10:a:1").utf8)
      for _ in 0..<60 {
        var bytes = whole
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 32...126, using: &random)
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let body = String(decoding: try JSONEncoder().encode(["status": text]), as: UTF8.self).dropFirst(10).dropLast()
        _ = try await gateway.order(#"{"answers": [{"status": 200, "body": \#(body)}]}"#)
        guard let split = try? await gateway.plane.readSplit() else { continue }
        #expect(split.a + split.b == 100 || split == .none, "\(text)")
      }
    }
  }
}
