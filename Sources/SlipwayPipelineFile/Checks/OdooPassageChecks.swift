internal import SlipwayModel

/// Data of one Odoo environment that become those of another: copies that are harmless stay out of production, and production's stay harmless elsewhere.
struct OdooPassageChecks {
  let promotion: Located<PromotionDraft>
  let environment: EnvironmentSpec
  let origin: EnvironmentSpec?
  let reading: Reading

  func run() {
    guard promotion.value.greenData == .source, let origin, let target = Self.odoo(environment),
      let source = Self.odoo(origin)
    else { return }
    let position = promotion.node.place("green_data")
    if source.neutralize != nil, target.neutralize == nil {
      reading.report(
        .meaning, position,
        "the data of '\(origin.name)' are neutralized: mail and scheduled jobs would be off in '\(environment.name)'",
        expected: "'green_data: copy', which takes them from '\(environment.name)' itself")
    }
    if origin.protected, !environment.protected, target.neutralize == nil {
      reading.report(
        .meaning, position,
        "'\(environment.name)' would serve a copy of '\(origin.name)' that still sends mail and runs jobs",
        expected: "'neutralize' under 'odoo' of '\(environment.name)'")
    }
  }

  private static func odoo(_ environment: EnvironmentSpec) -> OdooSpec? {
    if case .postgres(let spec)? = environment.data { spec.odoo } else { nil }
  }
}
