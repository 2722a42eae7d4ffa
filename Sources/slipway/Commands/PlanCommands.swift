internal import ArgumentParser
internal import Foundation
internal import SlipwayConnectors
internal import SlipwayEngine
internal import SlipwayJournal
internal import SlipwayModel

/// A plan with the gates' verdicts of one moment: what `plan` and `preflight` print.
struct PlanPreview {
  let plan: Plan
  let digest: Digest
  let gates: [GateReport]
  let rollback: [Step]
  /// The moment that was asked about.
  let at: Timestamp
  /// What the data look like; nil where Slipway keeps none.
  let data: DataVerdict?

  /// Makes the plan from the file and the journal; changes nothing, and needs no state to exist.
  ///
  /// It is judged for `moment`, nil for now; what only the outside world can tell is asked now in any case.
  ///
  /// - Throws: a mistake of the pipeline file, ``PlanError``, or a journal error.
  init(
    _ workshop: Workshop, _ target: TargetOptions.Target, at moment: Timestamp?
  ) async throws {
    let ledger = try await Self.ledger(workshop)
    let pipeline = try workshop.pipeline()
    plan = try Planner(pipeline: pipeline, ledger: ledger)
      .promotion(of: target.release, to: target.environment, asking: target.ask)
    digest = try plan.digest
    let now = SystemTime().now()
    at = moment ?? now
    let catalog = try LiveCatalog(workshop.options, state: workshop.state)
    let judge = GateJudge(plan: plan, ledger: ledger, surroundings: try workshop.surroundings(plan, ledger))
    var reports: [GateReport] = []
    var data: DataVerdict?
    for gate in plan.gates {
      if case .dataReady(let factor) = gate {
        // Measured once, for the gate and for the preconditions.
        let verdict = await catalog.data(plan, factor)
        data = verdict
        reports.append(verdict.report(gate.name, at: now))
      } else {
        reports.append(await catalog.judge(gate, by: judge, run: nil, ledgerAt: at, at: now))
      }
    }
    self.data = data
    await catalog.close()
    gates = reports
    var touched: Touched = [.traffic, .green]
    if plan.migration != nil { touched.insert(.migration) }
    if plan.greenData != .shared { touched.insert(.greenData) }
    rollback = plan.rollbackSteps(touched)
  }

  /// The plan alone, without a look at any gate.
  static func plan(_ workshop: Workshop, _ target: TargetOptions.Target) async throws -> Plan {
    try Planner(pipeline: try workshop.pipeline(), ledger: try await ledger(workshop))
      .promotion(of: target.release, to: target.environment, asking: target.ask)
  }

  private static func ledger(_ workshop: Workshop) async throws -> Ledger {
    do {
      return try await workshop.archive().ledger()
    } catch let error as JournalError where error.code == .missing {
      return Ledger()
    }
  }

  /// How the gates stand together; one that would have to be waited for blocks at this moment.
  var status: ExitStatus { gates.allSatisfy { $0.verdict == .passed } ? .done : .blocked }

  /// One block per gate: its verdict, what was found, what was read, what would make it pass, and when it is looked at again.
  func gateLines(_ paint: Paint) -> [String] {
    guard !gates.isEmpty || !plan.waived.isEmpty else { return ["no gates"] }
    var lines = gates.flatMap { GateText.lines($0, paint) }
    for name in plan.waived {
      lines.append("\(paint.yellow("set aside")) \(name)  by \(plan.exception?.name ?? "")")
    }
    return lines
  }

  /// Which gates are in the way, in one sentence; nil when none is.
  var obstacle: String? {
    let open = gates.filter { $0.verdict != .passed }
    guard !open.isEmpty else { return nil }
    let names = open.map { "\($0.gate) (\($0.verdict.word))" }.joined(separator: ", ")
    return "\(open.count) of \(gates.count) gates would not let it through at \(at): \(names)"
  }
}

/// A gate's report for people.
enum GateText {
  static func lines(_ report: GateReport, _ paint: Paint) -> [String] {
    let word = report.verdict.word
    let padding = String(repeating: " ", count: max(1, 11 - word.count))
    var lines = ["\(paint.status(word))\(padding)\(report.gate): \(report.reason)"]
    for proof in report.proof {
      let digest = proof.digest.map { " \($0)" } ?? ""
      lines.append(indent + paint.dim("read: \(proof.what), from \(proof.from), \(proof.at)\(digest)"))
    }
    for warning in report.warnings { lines.append(indent + paint.yellow("note: \(warning)")) }
    if let remedy = report.remedy { lines.append(indent + "to pass: \(remedy)") }
    if case .waiting(let until) = report.verdict { lines.append(indent + "looked at again: \(until)") }
    return lines
  }

  private static let indent = String(repeating: " ", count: 11)
}

struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract:
      "Dry run: every gate with its verdict now, every step in order, the way back, the digest. Changes nothing.")

  @OptionGroup var options: CommonOptions
  @OptionGroup var target: TargetOptions
  @OptionGroup var ask: AskOptions
  @OptionGroup var moment: MomentOption

  func run() async throws {
    let workshop = try Workshop(options)
    let preview = try await PlanPreview(
      workshop, try await target.target(workshop, asking: try ask.ask), at: try moment.time)
    if options.isJSON { return try Terminal.json(PlanView(preview)) }
    let terminal = Terminal(options)
    let paint = terminal.paint
    let plan = preview.plan
    terminal.line(paint.bold("plan: \(plan.project) \(plan.release.id) to \(plan.to)"))
    terminal.line("artifact  \(plan.release.artifact)\(plan.release.digest.map { " \($0)" } ?? "")")
    terminal.line(
      "now       \(plan.blue.map { "\($0.release.id) in slot \($0.slot)" } ?? "nothing serves") ; candidate goes to slot \(plan.green)"
    )
    terminal.line("digest    \(preview.digest)\n")
    preview.gateLines(paint).forEach { terminal.line($0) }
    if let obstacle = preview.obstacle { terminal.line("\n" + paint.yellow(obstacle)) }
    terminal.line("\n" + paint.bold("steps"))
    for (number, step) in plan.steps.enumerated() {
      terminal.line(String(format: "%3d  ", number + 1) + StepText.line(step, plan))
    }
    terminal.line("\n" + paint.bold("going back, from anywhere after traffic has moved"))
    for step in preview.rollback { terminal.line("     " + StepText.line(step, plan)) }
  }
}

/// The plan as JSON.
struct PlanView: Encodable {
  var plan: Plan
  var planDigest: Digest
  var gates: [GateReport]
  var rollback: [Step]

  init(_ preview: PlanPreview) {
    plan = preview.plan
    planDigest = preview.digest
    gates = preview.gates
    rollback = preview.rollback
  }
}

/// A step in words, with the external command that it will run.
enum StepText {
  static func line(_ step: Step, _ plan: Plan) -> String {
    let name = step.id.text.padding(toLength: max(24, step.id.text.count), withPad: " ", startingAt: 0)
    let level = step.level == .automatic ? "" : "\(step.level.rawValue): "
    return "\(name) \(level)\(what(step, plan))"
  }

  private static func what(_ step: Step, _ plan: Plan) -> String {
    switch step.action {
    case .gate(let gate): "gate \(gate.name)"
    case .recheck(let gates): "all \(gates.count) gates again, right before the first effect"
    case .approve(let spec):
      "waits for " + spec.rules.map { "\($0.count) × \($0.role)" }.joined(separator: " and ")
        + ", at most \(spec.expires)"
    case .confirm(let spec): "a person confirms: \(spec.instructions)"
    case .deploy: "\(plan.release.id) into slot \(plan.green): \(deployment(plan))"
    case .verify(let target, let checks):
      "\(target.rawValue): health \(plan.environment.health.path)\(plan.environment.version.map { ", version \($0.path)" } ?? "")"
        + checks.map { ", \($0.name)" }.joined()
    case .shift(let percent, let settles):
      settles
        ? "green is settled: it answers for itself from now on" : "\(plan.split(percent: percent, settles: false))"
    case .watch(_, let duration): "for \(duration), \(plan.watch.rules.count) rules every \(plan.watch.every)"
    case .record(.exit(let gate)): "exit gate \(gate.id): \(gate.criterion)"
    case .record(let change):
      change == .promoted ? "\(plan.to) serves \(plan.release.id)" : "\(plan.release.id) failed in \(plan.to)"
    case .schedule(let span): "blue is removed \(span) later"
    case .notify(let milestone): "people are told: \(milestone.rawValue)"
    case .drain(let role, let patience): "what \(role.rawValue) still answers may end, for \(patience); then it is cut"
    case .destroy(let role): "slot of \(role.rawValue) is emptied"
    case .data(let deed): what(deed, plan)
    }
  }

  private static func what(_ deed: DataDeed, _ plan: Plan) -> String {
    switch deed {
    case .snapshot: "the data of \(plan.from?.text ?? "the environment before") are copied and the copy is verified"
    case .backup: "the data are copied and the copy is verified: \(tool(plan, \.snapshot))"
    case .green where plan.greenData == .copy:
      "green gets a copy of the live data, verified; those take no writes from here until the cutover is watched"
    case .green: "green gets the data of \(plan.from?.text ?? "the environment before"), beside the live ones, verified"
    case .migrate: "\(tool(plan, \.migrate)); \(wayBack(plan))"
    case .swap: "green's data take the live name"
    case .swapBack: "blue's data take the live name again"
    case .resumeWrites: "blue's data take writes again"
    case .setAside: "green's data go out of use; what was written to them is counted and kept under a dated name"
    case .restore: "the data go back to the backup, what was written since is lost: \(tool(plan, \.restore))"
    }
  }

  private static func tool(_ plan: Plan, _ deed: KeyPath<DataCommandsSpec, String?>) -> String {
    switch plan.environment.data {
    case .commands(let spec)?: "command '\(spec[keyPath: deed] ?? "none")'"
    case .postgres(let spec)?: deed == \.migrate ? "command '\(spec.migrate ?? "none")'" : "slipway"
    case nil: "nothing keeps them"
    }
  }

  private static func tool(_ plan: Plan, _ deed: KeyPath<DataCommandsSpec, String>) -> String {
    switch plan.environment.data {
    case .commands(let spec)?: "command '\(spec[keyPath: deed])'"
    case .postgres?: "slipway"
    case nil: "nothing keeps them"
    }
  }

  /// What a migration means for going back, said before anything is touched (C7).
  private static func wayBack(_ plan: Plan) -> String {
    if plan.greenData != .shared, plan.migration != nil { return "blue's data stay as they are" }
    return switch plan.migration {
    case .compatible?: "going back leaves the data as they are, the old release works with them"
    case .restorable?: "going back restores the snapshot and loses what was written since"
    case .irreversible?: "cannot be taken back: trouble after it stops the run, and a person decides"
    case nil: "no migration"
    }
  }

  private static func deployment(_ plan: Plan) -> String {
    switch plan.environment.deploy {
    case .processes(let spec): "process '\(spec.run)' on port \(plan.green == .a ? spec.portA : spec.portB)"
    case .commands(let spec): "command '\(spec.run)'"
    }
  }
}

struct PreflightCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "preflight", abstract: "Checks every precondition of a promotion and reports all of them.")

  @OptionGroup var options: CommonOptions
  @OptionGroup var target: TargetOptions
  @OptionGroup var ask: AskOptions
  @OptionGroup var proof: ProofOptions
  @OptionGroup var moment: MomentOption

  func run() async throws {
    let workshop = try Workshop(options)
    let preview = try await PlanPreview(
      workshop, try await target.target(workshop, asking: try ask.ask), at: try moment.time)
    let credential = try await proof.credential(workshop) { preview.plan }
    let seven = try await Preconditions(workshop: workshop, preview: preview, credential: credential).reports()
    if options.isJSON {
      try Terminal.json(seven + preview.gates)
    } else {
      let terminal = Terminal(options)
      let paint = terminal.paint
      terminal.line(paint.bold("preconditions"))
      seven.flatMap { GateText.lines($0, paint) }.forEach { terminal.line($0) }
      terminal.line("\n" + paint.bold("gates"))
      preview.gateLines(paint).forEach { terminal.line($0) }
    }
    let status = seven.allSatisfy { $0.verdict == .passed } ? preview.status : .blocked
    if status != .done { throw ExitCode(status.rawValue) }
  }
}

/// The moment that a dry run asks about.
struct MomentOption: ParsableArguments {
  @Option(name: .long, help: "Judge for this moment (RFC 3339) instead of now.") var at: String?

  var time: Timestamp? {
    get throws { try at.map { try CalendarTimeText.read($0) } }
  }
}
