internal import SlipwayModel

/// Smoke tests that could never pass, and a question after health that says nothing.
struct SmokeTestChecks {
  let promotion: Located<PromotionDraft>
  let environment: Named<EnvironmentSpec>
  let reading: Reading

  func run() {
    for place in ["before_traffic", "after_rollout"] {
      for node in promotion.node["verify"]?[place]?.elements ?? [] {
        guard case .mapping(let entries) = node.content, let entry = entries.first else { continue }
        check(entry)
      }
    }
    checkHealth()
  }

  private func check(_ entry: YAMLEntry) {
    guard ["sql", "files", "odoo"].contains(entry.key) else { return }
    guard case .postgres(let data)? = environment.value.data else {
      return reading.report(
        .meaning, entry.position, "nobody can look at the data of '\(environment.name)' from here",
        expected: "'data: {postgres: …}' in the environment, or a 'command'")
    }
    if entry.key == "files", data.files?.references == nil {
      reading.report(
        .meaning, entry.position, "nothing says which files the database of '\(environment.name)' refers to",
        expected: "'references' under 'files' of the data")
    }
    guard entry.key == "odoo" else { return }
    guard let odoo = data.odoo else {
      return reading.report(
        .meaning, entry.position, "the database of '\(environment.name)' is no Odoo database",
        expected: "'odoo: {…}' under 'data: {postgres: …}'")
    }
    for aspect in entry.value["aspects"]?.elements ?? [] {
      guard let (missing, key) = Self.gap(aspect.text, in: odoo) else { continue }
      reading.report(
        .meaning, aspect.position, "nothing says \(missing)", expected: "'\(key)' under 'odoo' of the data")
    }
  }

  private static func gap(_ aspect: String?, in odoo: OdooSpec) -> (String, String)? {
    switch aspect.flatMap({ OdooAspect(rawValue: $0) }) {
    case .modules? where odoo.modules.isEmpty: ("which modules are expected", "modules")
    case .registry? where odoo.addons.isEmpty: ("where the code of the modules is", "addons")
    case .baseURL? where odoo.baseURL == nil: ("what web.base.url must be", "base_url")
    case .modules?, .registry?, .baseURL?, .proprietary?, .neutralized?, nil: nil
    }
  }

  /// Measured on Odoo 19.0: with a table missing, `/web/health` answers 200 and every page 500.
  private func checkHealth() {
    guard case .postgres(let data)? = environment.value.data, data.odoo != nil,
      environment.value.health.path.hasPrefix("/web/health")
    else { return }
    reading.report(
      .meaning, environment.node["health"]?.place("path") ?? environment.position,
      "Odoo answers this path without looking at its database", expected: "a page that needs it, such as '/web/login'")
  }
}
