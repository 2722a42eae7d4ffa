internal import SlipwayModel

/// A promotion as written, before gates know where the release comes from.
struct PromotionDraft: Sendable {
  var from: EnvironmentName?
  var to: EnvironmentName = ""
  var gates: [Located<GateDraft>] = []
  var approval: ApprovalSpec?
  var confirms: [ConfirmSpec] = []
  var rollout = RolloutSpec()
  var watch = WatchSpec()
  var verify = VerifySpec()
  var rollback = RollbackSpec()
  var migration: MigrationSpec?
  var greenData = GreenData.shared
  var exceptions = ExceptionSpec()
  var automation = AutomationSpec.automatic
  var exits: [ExitGate] = []
  var requesters: [RoleName] = []

  var spec: PromotionSpec {
    PromotionSpec(
      from: from, to: to, gates: gates.compactMap { $0.value.spec(from: from) }, approval: approval,
      confirms: confirms, rollout: rollout, watch: watch, verify: verify, rollback: rollback,
      migration: migration, greenData: greenData, exceptions: exceptions, automation: automation, exits: exits,
      requesters: requesters)
  }
}

/// How a release gets into an environment.
enum PromotionGrammar {
  static let promotion = Shape<PromotionDraft>.object(
    "a promotion", PromotionDraft(), isLenient: true,
    [
      .optional(
        "from", \.from, .reference(to: .environment), "Where the release must come from; left out for the first."),
      .required("to", \.to, .reference(to: .environment), "The environment it gets into."),
      .optional(
        "gates", \.gates, .list(of: GateGrammar.gate.located, what: "gates such as 'verified' or 'soak: 1h'"),
        "What must be true before anything is touched."),
      .optional(
        "approval", \.approval, ApprovalGrammar.approval,
        "Who must agree. Compulsory where the environment is protected."),
      .optional(
        "requesters", \.requesters, .list(of: .reference(to: .role), what: "roles", minimum: 1, isUnique: true),
        "Who may ask for this promotion; anybody when left out."),
      .optional("confirm", \.confirms, confirms, "Steps that a person does by hand and confirms."),
      .optional(
        "migration", \.migration, .word("what a migration means for going back"),
        "The release changes data: compatible (going back leaves them), restorable (going back restores the snapshot), "
          + "irreversible (trouble stops the run, a person decides)."),
      .optional(
        "green_data", \.greenData, .word("where green's data come from"),
        "shared: green works on blue's data. copy: on a copy of them, and nobody writes until the cutover. "
          + "source: on the data of the environment before."),
      .optional(
        "exceptions", \.exceptions, ApprovalGrammar.exceptions,
        "Ways around single rules, each with its own people; what is not named nobody can do."),
      .optional(
        "automation", \.automation, AutomationGrammar.automation,
        "automatic, assisted (a person says when) or manual (a person does it) for all steps, or by step, kind and 'default'."
      ),
      .optional(
        "exit", \.exits, ExitGrammar.exits,
        "What closes it once the release serves: commands, a change in the project's database, the handoff document."),
      .optional("rollout", \.rollout, rollout, "How traffic moves."),
      .optional("watch", \.watch, WatchGrammar.watch, "What is watched while it moves."),
      .optional("verify", \.verify, verify, "Smoke tests. Health is always asked."),
      .optional("rollback", \.rollback, rollback, "How it is taken back."),
    ])

  private static let confirms = Shape<[Located<ConfirmSpec>]>.list(of: confirm.located, what: "manual steps").checked {
    confirms, _, reading in
    var seen: Set<String> = []
    for confirm in confirms where !seen.insert(confirm.value.id).inserted {
      reading.report(
        .structure, confirm.node.place("id"), "a manual step '\(confirm.value.id)' stands here already",
        expected: "an id of its own")
    }
  }.map { $0.map(\.value) }

  private static let confirm = Shape<ConfirmSpec>.object(
    "a manual step", ConfirmSpec(id: "", instructions: "", place: .beforeTraffic),
    [
      .required("id", \.id, .name("an id"), "How 'slipway confirm' calls it."),
      .required("instructions", \.instructions, .text("what to do"), "What to do, as the person reads it."),
      .required("place", \.place, .word("a place in the order"), "When it is done."),
    ])

  private static let rollout = Shape<RolloutSpec>.object(
    "rollout", RolloutSpec(),
    [
      .optional("steps", \.steps, steps, "Rising percentages of traffic; [100%] is blue-green."),
      .optional("watch", \.watch, .duration(), "How long each step is watched after its weight was read back."),
    ])

  private static let steps = Shape<[Int]>.list(of: .wholePercent, what: "percentages", minimum: 1).checked {
    steps, node, reading in
    // Only when every step could be read do positions and numbers belong together.
    guard steps.count == node.elements.count, let last = steps.last else { return }
    var before = 0
    for (step, element) in zip(steps, node.elements) {
      if step <= before || step > 100 {
        reading.report(
          .meaning, element.position,
          step > 100 ? "\(step)% is more than all" : "\(step)% does not rise above \(before)%",
          expected: "rising percentages from 1% to 100%")
      }
      before = max(before, step)
    }
    if last != 100, before < 100, let element = node.elements.last {
      reading.report(.meaning, element.position, "the last step is \(last)%", expected: "100% at the end")
    }
  }

  private static let verify = Shape<VerifySpec>.object(
    "verify", VerifySpec(),
    [
      .optional(
        "before_traffic", \.beforeTraffic, CheckGrammar.checks, "Asked of the candidate before it gets traffic."),
      .optional("after_rollout", \.afterRollout, CheckGrammar.checks, "Asked through the front door at the end."),
    ])

  private static let rollback = Shape<RollbackSpec>.object(
    "rollback", RollbackSpec(),
    [
      .optional("automatic", \.automatic, .boolean, "Whether a breach takes traffic back without asking."),
      .optional(
        "keep_blue", \.keepBlue, .duration(orNone: true), "How long the old release is kept startable after success."),
      .optional("keep_green", \.keepGreen, .boolean, "Whether the candidate is left running after a rollback."),
      .optional(
        "roles", \.roles, .list(of: .reference(to: .role), what: "roles", minimum: 1, isUnique: true),
        "Who may go back by hand; whoever may approve when left out."),
      .optional(
        "writes", \.writes, .word("what becomes of data written since the cutover"),
        "ask: the run stops and says what would be lost. set-aside: it goes back, and they are kept under a dated name."
      ),
      .optional(
        "drain", \.drain, Shape<Span>.duration(orNone: true).map { $0 },
        "How long what a slot still answers may go on when its traffic is gone; then it is cut."),
    ])
}
