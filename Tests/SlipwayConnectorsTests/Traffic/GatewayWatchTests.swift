import Foundation
import SlipwayConnectors
import SlipwayModel
import Testing

/// How the plane learns that the gateways have taken a change.
@Suite("Gateway API: watching")
struct GatewayWatchTests {
  private let tenth = Split(green: .b, percent: 10, blue: .a)

  @Test("a change ends when the watch says that the controller has taken it, with one question before")
  func told() async throws {
    try await withSlowController { gateway, change in
      try await eventually("it watches") { try await gateway.watches().count == 1 }
      let watch = try #require(try await gateway.watches().first)
      #expect(watch["fieldSelector"] == "metadata.name=app" && watch["allowWatchBookmarks"] == "true")
      #expect(Int(watch["resourceVersion"] ?? "") ?? 0 > 100 && Int(watch["timeoutSeconds"] ?? "") ?? 0 > 0)
      try await gateway.order(#"{"settle": true}"#)
      try await change()
      #expect(try await gateway.watches().count == 1)
      // Before the change, after it, and no more.
      #expect(try await gateway.order("{}").contains(#""gets": 2"#))
    }
  }

  @Test(
    "a watch that ends in any way is taken up again, and the route read anew where its version is forgotten",
    arguments: [
      ("410", true), ("expired", true), ("failed", true), ("garbage", true), ("endless", true), ("cut", false),
      ("half", false), ("429", false), ("500", false),
    ])
  func broken(fate: String, reads: Bool) async throws {
    try await withSlowController(#"["\#(fate)", "\#(fate)"]"#) { gateway, change in
      try await eventually("it watches a third time") { try await gateway.watches().count == 3 }
      try await gateway.order(#"{"settle": true}"#)
      try await change()
      #expect(try await gateway.order("{}").contains(#""gets": \#(reads ? 4 : 2)"#), "\(fate)")
    }
  }

  @Test("a watch goes on from the version of its last bookmark")
  func bookmark() async throws {
    try await withSlowController(#"["bookmark"]"#) { gateway, change in
      try await eventually("it watches again") { try await gateway.watches().count == 2 }
      let versions = try await gateway.watches().compactMap { Int($0["resourceVersion"] ?? "") }
      #expect(versions.count == 2 && versions[1] == versions[0] + 1_000, "\(versions)")
      try await gateway.order(#"{"settle": true}"#)
      try await change()
    }
  }

  @Test("what is told of another route is not taken for this one's state")
  func other() async throws {
    try await withSlowController(#"["other"]"#) { gateway, change in
      try await eventually("it watches") { try await gateway.watches().count == 1 }
      try await gateway.order(#"{"settle": true}"#)
      try await change()
    }
  }

  @Test("whoever may not watch asks instead")
  func forbidden() async throws {
    try await withSlowController(rights: #"["get", "patch"]"#) { gateway, change in
      try await eventually("it asks again and again") {
        try await gateway.order("{}").contains(/"gets": ([4-9]|\d\d)/)
      }
      #expect(try await gateway.watches().isEmpty)
      try await gateway.order(#"{"settle": true}"#)
      try await change()
    }
  }

  @Test("a watch that says nothing ends with the deadline and says what is missing; cancelling ends it at once")
  func silent() async throws {
    try await Gateway.with { gateway in
      try await gateway.order(#"{"controller": "stale", "watch": ["silent"]}"#)
      let late = await #expect(throws: ConnectorError.self) {
        try await gateway.plane(deadline: .seconds(3)).apply(tenth, targets: [:], generation: 1)
      }
      #expect(late?.code == .timedOut && late?.message.contains("has not yet said 'Accepted'") == true)
      let change = Task {
        try await gateway.plane(deadline: .seconds(600)).apply(
          Split(green: .b, percent: 50, blue: .a), targets: [:], generation: 2)
      }
      try await eventually("it watches") { try await gateway.watches().count == 2 }
      change.cancel()
      let cancelled = await #expect(throws: ConnectorError.self) { try await change.value }
      #expect(cancelled?.code == .timedOut && cancelled?.message.contains("cancelled") == true)
    }
  }

  @Test("a gateway that says no, a route that is deleted, and one that somebody changes meanwhile are told at once")
  func refused() async throws {
    let rules = Gateway.rules(a: 50, b: 50)
    let cases: [(String, ConnectorError.Code, String)] = [
      (#"{"controller": "False", "settle": true}"#, .refused, "BackendNotFound: no such service"),
      (#"{"delete": true}"#, .refused, "was deleted"),
      (#"{"edit": {"manager": "kubectl-edit", "rules": \#(rules)}}"#, .garbage, "field manager 'kubectl-edit'"),
    ]
    for (order, code, words) in cases {
      try await withSlowController { gateway, change in
        try await eventually("it watches") { try await gateway.watches().count == 1 }
        try await gateway.order(order)
        let error = await #expect(throws: ConnectorError.self) { try await change() }
        #expect(error?.code == code && error?.message.contains(words) == true, "\(order): \(error?.message ?? "")")
      }
    }
  }

  /// Runs `body` while a change waits for a controller that takes it when told to; `watches` says what becomes of the first watches.
  private func withSlowController(
    _ watches: String = "[]", rights: String = #"["get", "watch", "patch"]"#,
    _ body: (Gateway, () async throws -> Void) async throws -> Void
  ) async throws {
    try await Gateway.with { gateway in
      try await gateway.order(#"{"controller": "stale", "watch": \#(watches), "rights": \#(rights)}"#)
      let change = Task {
        try await gateway.plane(deadline: .seconds(60)).apply(tenth, targets: [:], generation: 1)
      }
      try await withTaskCancellationHandler {
        do { try await body(gateway) { try await change.value } } catch {
          change.cancel()
          throw error
        }
      } onCancel: {
        change.cancel()
      }
    }
  }
}

/// Who the weights belong to.
@Suite("Gateway API: field managers")
struct GatewayOwnerTests {
  private let tenth = Split(green: .b, percent: 10, blue: .a)
  private let half = Split(green: .b, percent: 50, blue: .a)

  @Test("a conflict that names another field manager is told with its name, and nothing is forced or tried again")
  func conflict() async throws {
    try await Gateway.with { gateway in
      let causes =
        #"{"kind": "Status", "reason": "Conflict", "code": 409, "details": {"causes": [{"reason": "FieldManagerConflict", "#
        + #""message": "conflict with \"kustomize-controller\" using gateway.networking.k8s.io/v1", "field": ".spec.rules"}]}}"#
      try await gateway.order(#"{"answers": [\#(gateway.get), {"status": 409, "body": \#(causes)}]}"#)
      let error = await #expect(throws: ConnectorError.self) {
        try await gateway.plane.apply(tenth, targets: [:], generation: 1)
      }
      #expect(error?.code == .refused)
      #expect(error?.message.contains(#"conflict with "kustomize-controller""#) == true, "\(error?.message ?? "")")
      #expect(error?.message.contains(".spec.rules") == true)
      let state = try await gateway.order("{}")
      #expect(state.contains(#""patches": 0"#) && state.contains(#""gets": 1"#))
    }
  }

  @Test("slipway's change takes the rules, so that server-side apply of others is a conflict with 'slipway'")
  func owns() async throws {
    try await Gateway.with { gateway in
      try await gateway.plane.apply(tenth, targets: [:], generation: 1)
      #expect(await gateway.plane.lastChangedBy() == nil)
      let body = #"{"metadata": {}, "spec": {"rules": \#(Gateway.rules(a: 100, b: 0))}}"#
      let answer = try await gateway.apply(body, as: "kubectl")
      #expect(answer.status == 409 && answer.body.contains(#"conflict with \"slipway\""#), "\(answer.body)")
      #expect(try await gateway.plane.readSplit() == tenth)
    }
  }

  @Test("who puts other weights in by force is named as the one who changed them; the next change puts them right")
  func drift() async throws {
    try await Gateway.with { gateway in
      try await gateway.plane.apply(half, targets: [:], generation: 1)
      let body = #"{"metadata": {}, "spec": {"rules": \#(Gateway.rules(a: 100, b: 0))}}"#
      #expect(try await gateway.apply(body, as: "kustomize-controller", force: true).status == 200)
      #expect(try await gateway.plane.readSplit() == Split(green: .b, percent: 0, blue: .a))
      let who = await gateway.plane.lastChangedBy()
      #expect(
        who?.hasPrefix("field manager 'kustomize-controller' by server-side apply at 2026-11-21T") == true,
        "\(who ?? "")")
      // Weights that are no whole percentages are named with their author, too.
      try await gateway.order(#"{"edit": {"manager": "kubectl-edit", "rules": \#(Gateway.rules(a: 2, b: 1))}}"#)
      let odd = await #expect(throws: ConnectorError.self) { try await gateway.plane.readSplit() }
      #expect(odd?.message.contains("field manager 'kubectl-edit'") == true, "\(odd?.message ?? "")")
      try await gateway.plane.apply(tenth, targets: [:], generation: 2)
      #expect(try await gateway.plane.readSplit() == tenth)
      #expect(await gateway.plane.lastChangedBy() == nil)
    }
  }

  @Test("a tool that puts the old weights back at once is named, and the change is no success")
  func reverted() async throws {
    try await Gateway.with { gateway in
      try await gateway.order(#"{"reverts": "argocd-controller"}"#)
      let error = await #expect(throws: ConnectorError.self) {
        try await gateway.plane.apply(tenth, targets: [:], generation: 1)
      }
      #expect(error?.code == .garbage)
      #expect(
        error?.message.contains("field manager 'argocd-controller' by server-side apply") == true,
        "\(error?.message ?? "")")
    }
  }

  @Test("rights that are missing are told with the server's words, and not tried again")
  func rights() async throws {
    try await Gateway.with { gateway in
      for (rights, verb) in [(#"["get"]"#, "patch"), ("[]", "get")] {
        try await gateway.order(#"{"rights": \#(rights)}"#)
        let error = await #expect(throws: ConnectorError.self) {
          try await gateway.plane.apply(tenth, targets: [:], generation: 1)
        }
        #expect(error?.code == .misconfigured && error?.message.contains("cannot \(verb) resource") == true)
      }
    }
  }
}
