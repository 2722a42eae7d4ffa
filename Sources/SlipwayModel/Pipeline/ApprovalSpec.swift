/// Who must agree before anything is touched.
package struct ApprovalSpec: Codable, Sendable, Equatable {
  /// Every rule must be met by its own people; one person counts once over all rules (GitLab's merge, not Octopus's).
  package var rules: [ApprovalRule]
  /// After this time without a decision the promotion is rejected; a time-out never approves.
  package var expires: Span
  /// How long a yes counts: one that is older when the first effect is due has to be given again.
  package var validFor: Span
  /// Whether the person who asked may also agree.
  package var ownRequest: Bool

  package init(
    rules: [ApprovalRule], expires: Span = .hours(24), validFor: Span? = nil, ownRequest: Bool = false
  ) {
    self.rules = rules
    self.expires = expires
    self.validFor = validFor ?? expires
    self.ownRequest = ownRequest
  }
}

/// So many different people who hold a role.
package struct ApprovalRule: Codable, Sendable, Equatable {
  package var role: RoleName
  package var count: Int
  /// Whether its people count for this rule alone; otherwise whoever counts for another rule counts here too.
  package var distinct: Bool

  package init(role: RoleName, count: Int = 1, distinct: Bool = true) {
    self.role = role
    self.count = count
    self.distinct = distinct
  }
}

/// A step that a person does by hand and confirms.
package struct ConfirmSpec: Codable, Sendable, Equatable {
  /// Where in the order of a promotion a manual step stands.
  package enum Place: String, Codable, Sendable, CaseIterable {
    case beforeDeploy = "before-deploy"
    case beforeTraffic = "before-traffic"
    case afterRollout = "after-rollout"
  }

  package var id: String
  /// What to do, as the person reads it.
  package var instructions: String
  package var place: Place
  /// The step that it stands before because of that step's level; nil for one that stands for itself.
  package var step: StepID?

  package init(id: String, instructions: String, place: Place, step: StepID? = nil) {
    self.step = step
    self.id = id
    self.instructions = instructions
    self.place = place
  }
}
