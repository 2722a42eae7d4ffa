internal import SlipwayModel

/// The checks that look at several parts of the file at once.
struct PromotionChecks {
  let draft: PipelineGrammar.Draft
  /// Whether the file says how people prove who they are, readable or not.
  let hasIdentity: Bool
  let reading: Reading

  func run() {
    var targets: [EnvironmentName: YAMLPosition] = [:]
    for promotion in draft.promotions {
      let to = promotion.value.to
      let position = promotion.node.place("to")
      if let first = targets[to], to != "" {
        reading.report(
          .meaning, position, "two promotions own the traffic of '\(to)' (first in line \(first.line))",
          expected: "one promotion into each environment")
      }
      targets[to] = targets[to] ?? position
      checkGates(promotion)
      checkWatch(promotion)
      checkExceptions(promotion)
      ApprovalChecks(roles: draft.roles, reading: reading).run(promotion)
      guard let environment = draft.environments.first(where: { $0.name == to.text }) else { continue }
      checkMeasured(promotion, environment.value)
      checkMigration(promotion, environment.value)
      AutomationChecks(promotion, to: environment, reading).run()
      checkData(promotion, environment.value)
      DataChecks(draft: draft, reading: reading).run(promotion, environment.value)
      SmokeTestChecks(promotion: promotion, environment: environment, reading: reading).run()
      let origin = draft.environments.first { $0.name == promotion.value.from?.text }?.value
      OdooPassageChecks(promotion: promotion, environment: environment.value, origin: origin, reading: reading).run()
      if environment.value.protected {
        ProtectionChecks(environment: environment, promotion: promotion, reading: reading).run()
      }
    }
    checkOrder()
    checkIdentity()
  }

  /// Whoever is to agree must be able to show who they are; the file says how, and nothing is believed that it does not say.
  private func checkIdentity() {
    guard !hasIdentity else { return }
    guard let first = draft.promotions.first(where: { $0.value.approval != nil }) else { return }
    reading.report(
      .meaning, first.node["approval"]?.position ?? first.node.position,
      "people are to agree, and nothing says how they prove who they are",
      expected: "'identity:' at the top, such as 'identity: {local: true}'")
  }

  /// An emergency of which nobody is told, and a way around a rule that stands nowhere.
  private func checkExceptions(_ promotion: Located<PromotionDraft>) {
    let exceptions = promotion.value.exceptions
    guard let node = promotion.node["exceptions"] else { return }
    if exceptions.emergency != nil, draft.notify.isEmpty {
      reading.report(
        .meaning, node.keyPlace("emergency"), "nobody on call could be told of an emergency",
        expected: "a command under 'notify'")
    }
    if exceptions.hotfix != nil, promotion.node["from"] == nil {
      reading.report(
        .meaning, node.keyPlace("hotfix"), "there is no environment before that a hotfix could skip",
        expected: "'from: …' in the promotion")
    }
  }

  private func checkGates(_ promotion: Located<PromotionDraft>) {
    let hasOrigin = promotion.node["from"] != nil
    var seen: [String: YAMLPosition] = [:]
    for gate in promotion.value.gates {
      guard let spec = gate.value.spec(from: hasOrigin ? promotion.value.from ?? "" : nil) else {
        reading.report(
          .meaning, gate.node.position, "this gate asks where the release comes from, and the promotion has no 'from'",
          expected: "'from: …' in the promotion, or 'in: …' in the gate")
        continue
      }
      if let first = seen[spec.name] {
        reading.report(
          .meaning, gate.node.position, "gate '\(spec.name)' stands here already, in line \(first.line)",
          expected: "each gate once")
      }
      seen[spec.name] = seen[spec.name] ?? gate.node.position
      checkPlace(gate, of: spec, in: promotion.value)
    }
  }

  /// A gate on the target itself could pass only after what it guards.
  private func checkPlace(_ gate: Located<GateDraft>, of spec: GateSpec, in promotion: PromotionDraft) {
    let place: EnvironmentName
    switch spec {
    case .verified(let environment), .soak(let environment, _), .sameCommit(let environment): place = environment
    default: return
    }
    guard place == promotion.to, promotion.from != promotion.to else { return }
    reading.report(
      .meaning, gate.node.position, "this gate looks at '\(place)', where the promotion only leads",
      expected: "an environment before it")
  }

  private func checkWatch(_ promotion: Located<PromotionDraft>) {
    let rollout = promotion.value.rollout.watch
    let every = promotion.value.watch.every
    guard rollout < every, promotion.node["watch"] != nil || promotion.node["rollout"]?["watch"] != nil else { return }
    let position = promotion.node["rollout"]?["watch"]?.position ?? promotion.node["watch"]?.place("every")
    reading.report(
      .meaning, position ?? promotion.node.position,
      "each step is watched for \(rollout), shorter than the \(every) between two measurements",
      expected: "a watch of several measurements")
  }

  /// A migration needs somebody who carries it out, and where it can be taken back, somebody who does that.
  private func checkMigration(_ promotion: Located<PromotionDraft>, _ environment: EnvironmentSpec) {
    guard let migration = promotion.value.migration else { return }
    let position = promotion.node.place("migration")
    let migrate: String?
    let canRestore: Bool
    switch environment.data {
    case .commands(let spec)?: (migrate, canRestore) = (spec.migrate, spec.restore != nil)
    case .postgres(let spec)?: (migrate, canRestore) = (spec.migrate, true)
    case nil:
      return reading.report(
        .meaning, position, "nobody keeps the data of '\(promotion.value.to)'",
        expected: "'data: {postgres: …}' or 'data: {commands: …}' in the environment")
    }
    if migrate == nil {
      reading.report(
        .meaning, position, "the data of '\(promotion.value.to)' have no 'migrate' command",
        expected: "'migrate' under 'data'")
    }
    if migration == .restorable, !canRestore {
      reading.report(
        .meaning, position, "the data of '\(promotion.value.to)' have no 'restore' command",
        expected: "'restore' under 'data: {commands: …}', or 'compatible' or 'irreversible'")
    }
  }

  /// What Slipway does not keep itself it cannot measure.
  private func checkData(_ promotion: Located<PromotionDraft>, _ environment: EnvironmentSpec) {
    for gate in promotion.value.gates {
      guard case .whole(.dataReady) = gate.value else { continue }
      if case .postgres? = environment.data { continue }
      reading.report(
        .meaning, gate.node.position,
        "Slipway keeps no data of '\(promotion.value.to)', so there is nothing to look at",
        expected: "'data: {postgres: …}' in the environment, or no such gate")
    }
  }

  /// A rule about what nobody measures would stay undecided for ever.
  private func checkMeasured(_ promotion: Located<PromotionDraft>, _ environment: EnvironmentSpec) {
    JudgeFigureChecks(promotion: promotion, environment: environment, reading: reading).run()
    let rules = promotion.value.watch.rules
    let nodes = promotion.node["watch"]?["rules"]?.elements ?? []
    for (index, rule) in rules.enumerated() {
      guard let (why, way) = Self.gap(for: rule.metric, in: environment) else { continue }
      let position = rules.count == nodes.count ? nodes[index].position : promotion.node.place("watch")
      reading.report(
        .meaning, position, "'\(rule.metric.rawValue)' cannot be measured here: \(why)",
        expected: "\(way), or another rule")
    }
  }

  /// Why `metric` has no source in `environment`, and what would give it one; nil when it has.
  private static func gap(for metric: WatchMetric, in environment: EnvironmentSpec) -> (String, String)? {
    switch metric {
    case .errorRate, .errorRateIncrease, .availability, .gauge: return nil
    case .crashes:
      guard case .commands = environment.deploy else { return nil }
      return ("nobody counts the crashes of what commands deploy", "'deploy: {processes: …}'")
    case .databaseErrors:
      if case .postgres? = environment.data { return nil }
      return ("nobody knows the database of '\(environment.name)'", "'data: {postgres: …}'")
    case .p95, .p99, .p95Increase, .p99Increase:
      let way = "'metrics: {prometheus: …}' with a 'latency' query"
      switch (environment.metrics, environment.traffic) {
      case (.dataPlane, let plane): return plane.countsLatencies ? nil : ("\(plane.product) counts no latencies", way)
      case (.prometheus(let spec), _) where spec.latency == nil:
        return ("the Prometheus source has no 'latency' query", way)
      case (let metrics, _): return metrics.hasLatency == false ? ("this source counts no latencies", way) : nil
      }
    }
  }

  /// From an environment to itself, or in a circle, a release never arrives for the first time.
  private func checkOrder() {
    var origin: [EnvironmentName: EnvironmentName] = [:]
    for promotion in draft.promotions {
      let (from, to) = (promotion.value.from, promotion.value.to)
      guard let from, to != "" else { continue }
      let position = promotion.node.place("from")
      if from == to {
        reading.report(
          .meaning, position, "this promotion leads from '\(from)' to itself", expected: "two different environments")
        continue
      }
      var path = [from]
      // Ends, because no circle is ever let into `origin`.
      while let last = path.last, last != to, let before = origin[last] { path.append(before) }
      if path.last == to {
        let circle = ([to] + path.prefix { $0 != to }.reversed() + [to]).map(\.text).joined(separator: " → ")
        reading.report(
          .meaning, position, "promotions lead in a circle: \(circle)", expected: "a first environment without 'from'")
      } else if origin[to] == nil {
        origin[to] = from
      }
    }
  }
}

/// What a protected environment does not allow to be left out or switched off (requirements E1, E9, E12, E17).
struct ProtectionChecks {
  let environment: Named<EnvironmentSpec>
  let promotion: Located<PromotionDraft>
  let reading: Reading

  private var why: String { "'\(environment.name)' is protected" }

  /// What stands in the file but could not be read is reported already, and might be what is missing here.
  func run() {
    let node = promotion.node
    if node["approval"] == nil {
      refuse(node.place("to"), "\(why) and this promotion has no approval", "'approval:' with 'by:'")
    }
    if node["from"] != nil, !hasVerified, promotion.value.gates.count == (node["gates"]?.elements.count ?? 0) {
      refuse(
        node["gates"]?.position ?? node.place("to"),
        "\(why) and no gate asks whether the release was verified where it comes from", "the gate 'verified'")
    }
    if !promotion.value.rollback.automatic {
      let position = node["rollback"]?.place("automatic") ?? node.position
      refuse(position, "\(why) and its automatic rollback is switched off", "'automatic: true'")
    }
    let rules = promotion.value.watch.rules
    let areAllRead = rules.count == (node["watch"]?["rules"]?.elements.count ?? 0)
    if areAllRead, !rules.flatMap(\.limits).contains(where: { $0.consequence == .rollBack }) {
      refuse(
        node["watch"]?.keyPlace("rules") ?? node.place("to"), "\(why) and no watch rule can roll back",
        "a rule such as 'error_rate: {roll_back_above: 5%}'")
    }
    if case .commands(let spec) = environment.value.deploy, spec.readBack == nil, environment.node["version"] == nil,
      environment.node["deploy"]?["commands"]?["read_back"] == nil
    {
      refuse(
        environment.position, "\(why) and nothing tells which release runs there",
        "'version: {path: …}' or 'read_back:' in its commands")
    }
  }

  private var hasVerified: Bool {
    promotion.value.gates.contains {
      if case .verified(let place) = $0.value { place == nil || place == promotion.value.from } else { false }
    }
  }

  private func refuse(_ position: YAMLPosition, _ message: String, _ expected: String) {
    reading.report(.meaning, position, message, expected: expected)
  }
}
