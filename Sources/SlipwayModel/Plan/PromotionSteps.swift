/// The order of a promotion, written down once.
struct PromotionSteps {
  let spec: PromotionSpec
  let environment: EnvironmentSpec
  let hasBlue: Bool
  var exception: PromotionException?

  var all: [Step] {
    gates + alert + approval + confirms(.beforeDeploy) + recheck + copies + deploy + migrate + verify
      + confirms(.beforeTraffic) + rollout + confirms(.afterRollout) + finish
  }

  private var gateSpecs: [GateSpec] {
    Self.gateSpecs(spec, environment, hasBlue: hasBlue).filter {
      exception?.waives($0) != true
    }
  }

  /// The gates of a promotion before any exception.
  static func gateSpecs(_ spec: PromotionSpec, _ environment: EnvironmentSpec, hasBlue: Bool) -> [GateSpec] {
    var specs = spec.gates
    // What data of Slipway's own never go without (B1).
    if case .postgres? = environment.data, !specs.contains(where: \.looksAtData) { specs.append(.dataReady()) }
    if spec.greenData == .source, let from = spec.from, !specs.contains(.sameCommit(as: from)) {
      specs.append(.sameCommit(as: from))
    }
    // What a protected environment never goes without, whether the file says so or not (E17).
    if environment.protected {
      if !specs.contains(.noFreeze) { specs.append(.noFreeze) }
      if hasBlue, !specs.contains(.rollbackTarget) { specs.append(.rollbackTarget) }
    }
    return specs
  }

  private var gates: [Step] {
    gateSpecs.map { gate in
      Step(
        id: StepID("gate-" + gate.name), action: .gate(gate), timeout: gate.timeout, retry: .few, undo: .nothing)
    }
  }

  /// In an emergency those on call know before anybody agrees (E7).
  private var alert: [Step] {
    guard case .emergency? = exception else { return [] }
    return [Step(id: "alert", action: .notify(.emergency), timeout: .seconds(30), retry: .few, undo: .impossible)]
  }

  private var approval: [Step] {
    guard let approval = spec.approval else { return [] }
    return [
      Step(id: "approve", action: .approve(approval), timeout: approval.expires, retry: .once, undo: .nothing)
    ]
  }

  /// People take their time, and a gate that passed at once may have waited days for another, so what was true then is looked at again.
  private var recheck: [Step] {
    let mayTakeLong =
      spec.approval != nil || spec.confirms.contains { $0.place == .beforeDeploy } || gateSpecs.contains(where: mayWait)
    guard !gateSpecs.isEmpty, mayTakeLong else { return [] }
    return [Self.recheck(gateSpecs, taking: gates.map(\.timeout))]
  }

  static func recheck(_ gates: [GateSpec], taking times: [Span]) -> Step {
    Step(
      id: "recheck", action: .recheck(gates), timeout: max(.minutes(5), times.reduce(.zero, +)), retry: .few,
      undo: .nothing)
  }

  private func mayWait(_ gate: GateSpec) -> Bool {
    switch gate {
    case .soak, .window, .noFreeze: true
    case .verified, .reviews, .tests, .vulnerabilities, .coverage, .immutableReference, .provenance, .rollbackTarget,
      .command, .dependencies, .sameCommit, .dataReady:
      false
    }
  }

  private func confirms(_ place: ConfirmSpec.Place) -> [Step] {
    spec.confirms.filter { $0.place == place }.map {
      Step(id: StepID("confirm-" + $0.id), action: .confirm($0), timeout: .hours(24), retry: .once, undo: .nothing)
    }
  }

  /// Whoever has data to lose gets a copy of them first, also when this release says that it changes none.
  ///
  /// Green's own data come after that (B4): from the environment before, or from what serves.
  private var copies: [Step] {
    guard let data = environment.data else { return [] }
    func step(_ id: StepID, _ deed: DataDeed, _ undo: Undo = .nothing) -> Step {
      Step(id: id, action: .data(deed), timeout: data.timeout, retry: .few, undo: undo)
    }
    let backup = step("backup", .backup)
    switch spec.greenData {
    case .shared: return [backup]
    // Without a blue the data that are there are green's.
    case .copy: return hasBlue ? [backup, step("restore", .green, .setAside)] : [backup]
    case .source:
      return [step("snapshot", .snapshot)] + (hasBlue ? [backup] : []) + [step("restore", .green, .setAside)]
    }
  }

  private var migrate: [Step] {
    guard let data = environment.data, let migration = spec.migration else { return [] }
    let undo: Undo =
      switch migration {
      case .compatible: .nothing
      case _ where spec.greenData != .shared: .setAside
      case .restorable: .restoreData
      case .irreversible: .impossible
      }
    return [Step(id: "migrate", action: .data(.migrate), timeout: data.timeout, retry: .few, undo: undo)]
  }

  private var deploy: [Step] {
    var timeout = Span.minutes(10)
    if case .commands(let commands) = environment.deploy { timeout = commands.timeout }
    return [
      Step(id: "deploy", action: .deploy, timeout: timeout, retry: .few, undo: .destroyGreen)
    ]
  }

  private var verify: [Step] {
    let health = environment.health
    let poll = (health.every + health.timeout) * health.tries
    return [
      Step(
        id: "verify-green", action: .verify(.green, spec.verify.beforeTraffic), timeout: poll + .minutes(10),
        retry: .once, undo: .nothing)
    ]
  }

  private var shiftTime: Span {
    let swaps = spec.greenData != .shared && hasBlue && environment.knowsOneDatabaseName
    return swaps ? .seconds(30) + environment.swapTime : .seconds(30)
  }

  private var resumeWrites: Step {
    Step(
      id: "resume-writes", action: .data(.resumeWrites), timeout: .minutes(2), retry: .few, undo: .nothing)
  }

  private var rollout: [Step] {
    // Without a blue there is nothing to divide with: the first deployment takes all or nothing.
    let weights = hasBlue ? spec.rollout.steps : [100]
    let resume = hasBlue && spec.greenData == .copy ? [resumeWrites] : []
    return weights.flatMap { percent in
      [
        Step(
          id: StepID("shift-\(percent)"), action: .shift(percent: percent, settles: false),
          timeout: shiftTime, retry: .few, undo: .trafficToBlue),
        Step(
          id: StepID("watch-\(percent)"), action: .watch(percent: percent, duration: spec.rollout.watch),
          timeout: spec.rollout.watch + spec.watch.patience, retry: .once, undo: .nothing),
      ]
    } + resume
  }

  private var finish: [Step] {
    var steps = [
      Step(
        id: "verify-live", action: .verify(.front, spec.verify.afterRollout), timeout: .minutes(10), retry: .once,
        undo: .nothing),
      Step(
        id: "settle", action: .shift(percent: 100, settles: true), timeout: .seconds(30), retry: .few,
        undo: .trafficToBlue),
      Step(id: "record", action: .record(.promoted), timeout: .seconds(30), retry: .few, undo: .impossible),
    ]
    if hasBlue {
      if let drain = spec.rollback.drain { steps.append(.drain(.blue, patience: drain)) }
      steps.append(
        Step(
          id: "schedule-blue-removal", action: .schedule(after: spec.rollback.keepBlue), timeout: .seconds(30),
          retry: .few, undo: .nothing))
    }
    steps += spec.exits.map { gate in
      Step(
        id: StepID("exit-" + gate.id), action: .record(.exit(gate)), timeout: gate.timeout, retry: .few,
        undo: .impossible)
    }
    steps.append(
      Step(id: "notify", action: .notify(.promoted), timeout: .seconds(30), retry: .once, undo: .impossible))
    return steps
  }
}
