package import SlipwayModel

/// What is asked of an Odoo database beside what is asked of every database.
package struct OdooRules: Sendable {
  package let spec: OdooSpec
  /// The pipeline file's folder.
  let folder: String
  /// Whether the environment is production.
  let isProtected: Bool

  package init(_ spec: OdooSpec, folder: String, isProtected: Bool) {
    self.spec = spec
    self.folder = folder
    self.isProtected = isProtected
  }

  /// What the settings say something about.
  package var aspects: [OdooAspect] {
    OdooAspect.allCases.filter { aspect in
      switch aspect {
      case .modules: !spec.modules.isEmpty
      // Links in mails of a copy would lead to production as long as its address stands in them.
      case .baseURL: spec.baseURL != nil || spec.neutralize != nil
      case .registry, .proprietary, .neutralized: true
      }
    }
  }

  /// Looks at a database; changes nothing.
  ///
  /// - Parameters:
  ///   - aspects: what is asked; nil is everything that the settings speak of.
  ///   - session: a connection to that database.
  ///   - release: the code that will serve it.
  ///   - comesFromProduction: whether these data are a copy of another, protected environment.
  /// - Returns: what was found, aspect by aspect.
  /// - Throws: ``DatabaseError`` when it cannot be looked at, or is no Odoo database.
  package func check(
    _ aspects: [OdooAspect]? = nil, of session: PostgresSession, release: ReleaseID, comesFromProduction: Bool = false
  ) async throws(DatabaseError) -> [DataCheck] {
    let modules = OdooModuleRules(try await OdooModule.all(session))
    let condition = try await OdooCondition.read(session)
    var checks: [DataCheck] = []
    for aspect in aspects ?? self.aspects {
      switch aspect {
      case .modules: checks.append(modules.expected(spec.modules))
      case .registry:
        checks.append(modules.finished())
        if !spec.addons.isEmpty { checks.append(modules.code(in: addons(release))) }
      case .proprietary: checks.append(modules.proprietary(isAllowed: spec.allowsProprietary))
      case .neutralized:
        checks.append(
          condition.neutrality(
            neutralizes: spec.neutralize != nil, isProtected: isProtected, comesFromProduction: comesFromProduction))
      case .baseURL: checks.append(condition.address(wanted: spec.baseURL))
      }
    }
    return checks
  }

  func addons(_ release: ReleaseID) -> OdooAddons { OdooAddons(spec.addons, release: release, root: folder) }
}
