/// Who must agree before anything is touched.
package struct ApprovalSpec: Codable, Sendable, Equatable {
  /// Every rule must be met by its own people; one person counts once over all rules (GitLab's merge, not Octopus's).
  package var rules: [ApprovalRule]
  /// After this time without a decision the promotion is rejected; a time-out never approves.
  package var expires: Span
  /// Whether the person who asked may also agree.
  package var ownRequest: Bool

  package init(rules: [ApprovalRule], expires: Span = .hours(24), ownRequest: Bool = false) {
    self.rules = rules
    self.expires = expires
    self.ownRequest = ownRequest
  }
}

/// So many different people who hold a role.
package struct ApprovalRule: Codable, Sendable, Equatable {
  package var role: RoleName
  package var count: Int

  package init(role: RoleName, count: Int = 1) {
    self.role = role
    self.count = count
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

  package init(id: String, instructions: String, place: Place) {
    self.id = id
    self.instructions = instructions
    self.place = place
  }
}
