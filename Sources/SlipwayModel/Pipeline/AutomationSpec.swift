/// How much of a step Slipway does by itself (C10).
package enum AutomationLevel: String, Codable, Sendable, CaseIterable {
  /// Slipway does it.
  case automatic
  /// A person says that it may begin; then Slipway does it.
  case assisted
  /// A person does it and says so; Slipway says what, and reads back whether it is so.
  case manual
}

/// Which steps of a promotion a person has a part in; the steps themselves and their order are the same at every level.
package struct AutomationSpec: Codable, Sendable, Equatable {
  /// The level of every step that is not named.
  package var standard: AutomationLevel
  /// Levels by the id of a step, or by a kind of steps; the id has the last word.
  package var named: [String: AutomationLevel]

  package static let automatic = AutomationSpec(.automatic)

  package init(_ standard: AutomationLevel, named: [String: AutomationLevel] = [:]) {
    self.standard = standard
    self.named = named
  }

  /// The level of `step`; what people have no part in is automatic, whatever the file says.
  package func level(of step: Step) -> AutomationLevel {
    guard step.isOpenToPeople else { return .automatic }
    return named[step.id.text] ?? named[step.kind.rawValue] ?? standard
  }
}

extension Step {
  /// Whether a person can have a part in it.
  ///
  /// Gates and watches judge, approvals are a person's word already, and what Slipway writes down or tells is its own record. Writes that were paused go
  /// on as soon as they may.
  package var isOpenToPeople: Bool {
    switch kind {
    case .snapshot, .backup, .restore, .deploy, .migrate, .verify, .shift: id != "resume-writes"
    case .gate, .approve, .confirm, .watch, .record, .notify, .schedule, .drain, .destroy: false
    }
  }
}
