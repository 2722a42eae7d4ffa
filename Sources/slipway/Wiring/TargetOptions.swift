internal import ArgumentParser
internal import Foundation
internal import SlipwayModel
internal import SlipwayPipelineFile

/// Which release is to go where: in words, or by a file of inputs (B2).
struct TargetOptions: ParsableArguments {
  @Argument(help: "The release.") var release: String?
  @Option(name: .long, help: "The environment to promote to.") var to: String?
  @Option(
    name: .long,
    help:
      "Instead: a JSON file with project_id, staging_env_id, prod_env_id and more; the release is what serves there.")
  var inputs: String?

  /// What is asked for.
  struct Target {
    var release: ReleaseID
    var environment: EnvironmentName
    var ask: PromotionAsk
  }

  /// The target, with what the file of inputs chooses.
  ///
  /// - Throws: ``CommandError`` with everything that is missing or contradicts, before anything was asked of the engine.
  func target(_ workshop: Workshop, asking ask: PromotionAsk) async throws -> Target {
    guard let inputs else { return try named(ask) }
    var twice: [String] = []
    if release != nil { twice.append("the release") }
    if to != nil { twice.append("--to") }
    if ask.terms.rollbackWindowHours != nil { twice.append("--rollback-window") }
    if ask.terms.skipSmokeTests { twice.append("--skip-smoke-tests") }
    if ask.terms.automaticRollback != nil { twice.append("--no-auto-rollback") }
    guard twice.isEmpty else {
      throw CommandError(.usage, "\(twice.joined(separator: ", ")): the file given with --inputs says that already")
    }
    switch InputsFile.read(
      contentsOf: URL(filePath: inputs).absoluteURL.path, shownAs: inputs, for: try workshop.pipeline())
    {
    case .failure(let problems): throw CommandError(.badInput, problems.description)
    case .success(let read):
      var ask = ask
      ask.terms = read.terms
      return Target(
        release: try await workshop.ledgerOrNone().serving(read.staging), environment: read.production, ask: ask)
    }
  }

  private func named(_ ask: PromotionAsk) throws -> Target {
    guard let release, let to else {
      let missing = (release == nil ? ["a release"] : []) + (to == nil ? ["--to with an environment"] : [])
      throw CommandError(.usage, "missing: \(missing.joined(separator: " and ")), or a file with --inputs")
    }
    return Target(release: ReleaseID(release), environment: EnvironmentName(to), ask: ask)
  }
}
