/// Until when somebody has to decide, and whether this is a good time.
package struct RequestTiming: Codable, Sendable, Equatable {
  /// When people were asked; nil before that.
  package var askedAt: Timestamp?
  /// When silence becomes a no; nil before anybody was asked.
  package var expiresAt: Timestamp?
  /// How long people have in all.
  package var expires: Span
  package var windows: [State]
  /// Freezes over the environment, now or before the time to decide is over.
  package var freezes: [Freeze]
  /// How long the rollout takes at least, from the first share of traffic to the last watch.
  package var takes: Span

  /// A deployment window as it stands.
  package struct State: Codable, Sendable, Equatable {
    package var name: String
    package var zone: String
    package var isOpen: Bool
    /// When it opens next; nil while it is open, or when it never opens.
    package var opensAt: Timestamp?
    /// When it closes; nil while it is closed, or when it stays open.
    package var closesAt: Timestamp?

    package init(_ name: String, _ window: Window, at now: Timestamp) {
      self.name = name
      zone = window.zone
      let opening = window.opening(from: now)
      isOpen = opening == now
      opensAt = isOpen ? nil : opening
      closesAt = isOpen ? window.closing(after: now) : nil
    }

    /// One line for people.
    package var sentence: String {
      let until = closesAt.map { " until \($0.spoken)" } ?? ""
      if isOpen { return "window '\(name)' (\(zone)) is open\(until)" }
      return "window '\(name)' (\(zone)) is closed; it " + (opensAt.map { "opens \($0.spoken)" } ?? "never opens")
    }
  }

  init(_ promotion: Promotion, _ spec: ApprovalSpec, _ ledger: Ledger, now: Timestamp) {
    let plan = promotion.plan
    let asked = promotion.records.first { $0.step.kind == .approve }?.startedAt
    let until = asked.map { $0 + spec.expires }
    askedAt = asked
    expiresAt = until
    expires = spec.expires
    windows = plan.windows.sorted { $0.key < $1.key }.map { State($0.key, $0.value, at: now) }
    freezes = ledger.freezes.values.filter { freeze in
      freeze.concerns(plan.to, of: plan.project)
        && (freeze.isActive(at: now) || freeze.from > now && freeze.from <= until ?? now)
    }.sorted { ($0.from, $0.name) < ($1.from, $1.name) }
    takes = plan.steps.reduce(.zero) { sum, step in
      if case .watch(_, let duration) = step.action { sum + duration } else { sum }
    }
  }
}
