internal import SlipwayJournal
internal import SlipwayModel

/// Looks at blue that serve as the reference for green.
extension RunDriver {
  /// How long the look at blue before the first effect may take; it is worth having, not worth waiting for.
  private static var lookTime: Span { .seconds(15) }

  /// Looks at blue before the first deployment and again before the first shift: what it answered in between is what green is compared with.
  func prepare(_ stepRun: StepRun) async throws {
    guard history.promotion.plan.operation == .promote, case .forward = history.promotion.phase else { return }
    switch stepRun.step.action {
    case .deploy where before == nil: before = await look()
    case .shift where history.reference.isEmpty && !history.promotion.hasTouchedTraffic:
      if let before, let after = await look() {
        try await write([.referenced(before: before, after: after)])
      }
    default: break
    }
  }

  private func look() async -> CounterSample? {
    await Deadline.bound(Self.lookTime, house.time) { [performer, house] in
      try? await performer.reading(house.time.now())
    } ?? nil
  }

  /// What a judge that remembers came to in earlier runs, read once: while this one is open, no other ends there.
  func earlierEvaluations() async throws -> [RuleEvaluation] {
    guard case .keptn = promotion.plan.watch.judge else { return [] }
    if let earlier { return earlier }
    let found = try await RunArchive(house.journal.reader).evaluations(into: promotion.plan.to, before: run)
    earlier = found
    return found
  }
}
