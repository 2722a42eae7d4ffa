import Foundation
import SlipwayModel
import Testing

@Suite("Plan: levels of automation")
struct StepLevelTests {
  private func plan(_ automation: AutomationSpec, gates: [GateSpec] = [Sample.gate("g1")], approval: Bool = true) throws
    -> Plan
  {
    var spec = Sample.spec(gates: gates, approval: approval ? Sample.approval : nil, weights: [10, 100])
    spec.automation = automation
    return try Sample.plan(spec)
  }

  private static let own = ["gate-g1", "approve", "recheck"]
  private static let open = ["deploy", "verify-green", "shift-10", "shift-100", "verify-live", "settle"]

  @Test("C10: the steps are the same at every level, with a question before each that people have a part in")
  func sameSteps() throws {
    let automatic = try plan(.automatic).steps
    #expect(automatic.allSatisfy { $0.level == .automatic })
    for level in [AutomationLevel.assisted, .manual] {
      let steps = try plan(AutomationSpec(level)).steps
      let questions = steps.filter { $0.id.text.hasPrefix("confirm-") }
      #expect(questions.map(\.id.text) == Self.open.map { "confirm-" + $0 })
      var rest = steps.filter { !$0.id.text.hasPrefix("confirm-") }
      #expect(rest.filter { $0.level == level }.map(\.id.text) == Self.open)
      for index in rest.indices { rest[index].level = .automatic }
      #expect(rest == automatic)
    }
  }

  @Test("C10: a step's id says more than its kind, and its kind more than the default")
  func precedence() throws {
    let spec = AutomationSpec(.assisted, named: ["shift": .manual, "shift-100": .automatic, "deploy": .automatic])
    let levels = try plan(spec).steps.reduce(into: [:]) { $0[$1.id.text] = $1.level }
    #expect(levels["shift-10"] == .manual)
    #expect(levels["settle"] == .manual)
    #expect(levels["shift-100"] == .automatic)
    #expect(levels["deploy"] == .automatic)
    #expect(levels["verify-green"] == .assisted)
    for id in ["gate-g1", "approve", "watch-10", "record", "schedule-blue-removal", "notify"] {
      #expect(levels[id] == .automatic, "\(id)")
    }
  }

  @Test("C10: before the first effect the gates are looked at after an agreement, and before work is handed out")
  func recheck() throws {
    func order(_ level: AutomationLevel, approval: Bool) throws -> [String] {
      Array(
        try plan(AutomationSpec(.automatic, named: ["deploy": level]), approval: approval).steps.map(\.id.text)
          .drop { $0 != "recheck" && $0 != "confirm-deploy" }.prefix(3))
    }
    #expect(try order(.assisted, approval: true) == ["confirm-deploy", "recheck", "deploy"])
    #expect(try order(.assisted, approval: false) == ["confirm-deploy", "recheck", "deploy"])
    #expect(try order(.manual, approval: true) == ["recheck", "confirm-deploy", "deploy"])
    let later = try plan(AutomationSpec(.automatic, named: ["shift": .assisted]), approval: false).steps
    #expect(!later.contains { $0.id == "recheck" })
    let ungated = try plan(AutomationSpec(.assisted), gates: [], approval: false).steps
    #expect(!ungated.contains { $0.id == "recheck" })
  }

  @Test("C10: the instructions name the figures, the command and how it will be checked")
  func instructions() throws {
    let steps = try plan(AutomationSpec(.manual)).steps
    func text(_ id: String) throws -> String {
      let step = try #require(steps.first { $0.id.text == "confirm-" + id })
      guard case .confirm(let spec) = step.action else { return "" }
      return spec.instructions
    }
    let shift = try text("shift-10")
    #expect(shift.contains("slipway route set production --a 90 --b 10 --fallback a"))
    #expect(shift.contains("--target-b 127.0.0.1:2") && shift.contains("must say a 90 %, b 10 %"))
    let deploy = try text("deploy")
    #expect(deploy.contains("SLIPWAY_RELEASE=1.1") && deploy.contains("SLIPWAY_SLOT=b") && deploy.hasPrefix("by hand"))
    #expect(deploy.contains("your word counts"))
    #expect(try text("settle").contains("--a 0 --b 100 --fallback b"))
    #expect(try text("verify-green").contains("GET /healthz answers 200"))
  }

  @Test("F3: another level is another plan")
  func digest() throws {
    #expect(try plan(.automatic).digest != plan(AutomationSpec(.automatic, named: ["shift-10": .assisted])).digest)
  }

  @Test("C10: what only Slipway can do is no work for hands")
  func obstacles() throws {
    let steps = try plan(AutomationSpec(.manual)).steps
    let deploy = try #require(steps.first { $0.id == "deploy" })
    var environment = Sample.environment()
    #expect(Handwork.obstacle(to: deploy, in: environment) == nil)
    environment.deploy = .processes(ProcessesSpec(run: "serve", portA: 1, portB: 2))
    #expect(Handwork.obstacle(to: deploy, in: environment)?.contains("processes") == true)
  }
}
