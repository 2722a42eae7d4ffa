/// What may be chosen for one promotion, beside what the pipeline file says (B2).
package struct PromotionTerms: Codable, Sendable, Equatable {
  /// How long blue is kept startable after success; nil: as the file says.
  package var rollbackWindowHours: Int?
  /// Whether smoke tests are left out; health is asked all the same.
  package var skipSmokeTests: Bool
  /// Whether a breach takes traffic back without asking; nil: as the file says.
  package var automaticRollback: Bool?

  package init(rollbackWindowHours: Int? = nil, skipSmokeTests: Bool = false, automaticRollback: Bool? = nil) {
    self.rollbackWindowHours = rollbackWindowHours
    self.skipSmokeTests = skipSmokeTests
    self.automaticRollback = automaticRollback
  }

  /// A day at least would be usual, a week is the most.
  package static let windowHours = 1...168

  /// Everything that cannot be asked for, one sentence each; empty when all of it can.
  package func mistakes(for environment: EnvironmentName, protected: Bool) -> [String] {
    var found: [String] = []
    if let hours = rollbackWindowHours, !Self.windowHours.contains(hours) {
      found.append(
        "a rollback window of \(hours) hours; expected \(Self.windowHours.lowerBound) to \(Self.windowHours.upperBound)"
      )
    }
    if protected, skipSmokeTests {
      found.append("'\(environment)' is protected, so its smoke tests cannot be skipped, whoever asks")
    }
    if protected, automaticRollback == false {
      found.append("'\(environment)' is protected, so its automatic rollback cannot be switched off, whoever asks")
    }
    return found
  }

  /// The promotion as it was asked for.
  func applied(to spec: PromotionSpec) -> PromotionSpec {
    var spec = spec
    if let rollbackWindowHours { spec.rollback.keepBlue = .hours(Int64(rollbackWindowHours)) }
    if let automaticRollback { spec.rollback.automatic = automaticRollback }
    if skipSmokeTests { spec.verify = VerifySpec() }
    return spec
  }
}

/// What a promotion is asked for in the words of a file of inputs (B2).
package struct PromotionInputs: Sendable, Equatable {
  package var project: String
  package var staging: EnvironmentName
  package var production: EnvironmentName
  package var terms: PromotionTerms

  package init(project: String, staging: EnvironmentName, production: EnvironmentName, terms: PromotionTerms) {
    self.project = project
    self.staging = staging
    self.production = production
    self.terms = terms
  }

  /// Everything that cannot be asked of `pipeline`, one sentence each.
  package func mistakes(in pipeline: Pipeline) -> [String] {
    var found: [String] = []
    if project != pipeline.project {
      found.append("project_id is '\(project)', but the pipeline file is that of project '\(pipeline.project)'")
    }
    for (key, name) in [("staging_env_id", staging), ("prod_env_id", production)]
    where pipeline.environment(name) == nil {
      let known = pipeline.environments.map(\.name.text).joined(separator: ", ")
      found.append("\(key) '\(name)' does not belong to project '\(pipeline.project)'; known: \(known)")
    }
    if staging == production {
      found.append("staging_env_id and prod_env_id are both '\(staging)'; a promotion leads from one to another")
    } else if pipeline.environment(production) != nil, pipeline.environment(staging) != nil {
      let from = pipeline.promotion(to: production)?.from
      if from != staging {
        let way = from.map { "it is promoted from '\($0)'" } ?? "no promotion leads there from another environment"
        found.append("nothing is promoted from '\(staging)' to '\(production)'; \(way)")
      }
    }
    let isProtected = pipeline.environment(production)?.protected ?? false
    return found + terms.mistakes(for: production, protected: isProtected)
  }
}

extension Ledger {
  /// The release that serves `environment`.
  ///
  /// - Throws: ``PlanError`` when none does.
  package func serving(_ environment: EnvironmentName) throws(PlanError) -> ReleaseID {
    guard let live = environments[environment]?.live else {
      throw PlanError(
        .nothingLive,
        "nothing serves '\(environment)', so there is nothing to promote from it; first: slipway promote RELEASE --to \(environment)"
      )
    }
    return live.release.id
  }
}

extension Planner {
  /// The promotion as it was asked for.
  ///
  /// - Throws: ``PlanError`` with everything that cannot be asked for.
  func asked(
    _ spec: PromotionSpec, _ terms: PromotionTerms, _ environment: EnvironmentSpec
  ) throws(PlanError) -> PromotionSpec {
    let mistakes = terms.mistakes(for: environment.name, protected: environment.protected)
    guard mistakes.isEmpty else { throw PlanError(.terms, mistakes.joined(separator: "\n")) }
    return terms.applied(to: spec)
  }

  /// The plan with the word of each guardrail on it.
  ///
  /// - Throws: ``PlanError`` with every guardrail that it breaks.
  func guarded(_ plan: Plan) throws(PlanError) -> Plan {
    guard let book = pipeline.guardrails else { return plan }
    var plan = plan
    let verdicts = book.verdicts(on: plan)
    let broken = verdicts.filter { !$0.kept }
    guard broken.isEmpty else {
      throw PlanError(.guardrail, broken.map { "guardrail '\($0.id.rawValue)': \($0.how)" }.joined(separator: "\n"))
    }
    plan.guardrails = GuardrailRecord(file: book.file, digest: book.digest, verdicts: verdicts)
    return plan
  }
}
