/// What people read at a step that is not automatic: what is to be done, with the exact commands and figures, and how it will be checked (C10).
package struct Handwork: Sendable {
  let environment: EnvironmentSpec
  let release: Release
  let blue: Placement?

  private var green: Slot { blue?.slot.other ?? .a }

  init(environment: EnvironmentSpec, release: Release, blue: Placement?) {
    self.environment = environment
    self.release = release
    self.blue = blue
  }

  /// Why nobody but Slipway can do `step`; nil when a person can.
  package static func obstacle(
    to step: Step, in environment: EnvironmentSpec, greenData: GreenData = .shared
  ) -> String? {
    if step.kind == .shift, greenData != .shared, case .postgres(let spec)? = environment.data,
      case .one = spec.databases
    {
      return "databases change their names inside it"
    }
    return switch (step.kind, environment.deploy, environment.data) {
    case (.deploy, .processes, _): "Slipway itself runs the processes of '\(environment.name)'"
    case (.snapshot, _, .postgres?), (.backup, _, .postgres?), (.restore, _, .postgres?):
      "a copy counts only when Slipway made and verified it"
    case (.migrate, _, .postgres?): "the database notes only the migrations that Slipway carried out"
    default: nil
    }
  }

  /// The whole instruction for `step` at its level.
  func instructions(for step: Step) -> String {
    let work = work(step)
    switch step.level {
    case .automatic: return work.what
    case .assisted: return "may this begin? \(work.what)" + (work.how.map { "; Slipway does it: \($0)" } ?? "")
    case .manual:
      let how = work.how.map { "; for example: \($0)" } ?? ""
      return "by hand: \(work.what)\(how); once it is confirmed, \(work.check)"
    }
  }

  private struct Work {
    var what: String
    var how: String?
    var check: String
  }

  private func work(_ step: Step) -> Work {
    switch step.action {
    case .shift(let percent, let settles): return shift(percent, settles)
    case .verify(let target, let checks): return verify(target, checks)
    case .deploy: return deploy
    default: return data(step)
    }
  }

  // MARK: Green

  private var deploy: Work {
    let artifact = [release.artifact, release.digest?.description].compactMap { $0 }.joined(separator: " ")
    let what = "put release \(release.id) (\(artifact)) into slot \(green), \(environment.address(of: green))"
    switch environment.deploy {
    case .processes(let spec):
      return Work(what: what, how: "process '\(spec.run)'", check: "the processes are looked at")
    case .commands(let spec):
      return Work(
        what: what, how: "\(variables) \(spec.run)",
        check: spec.readBack.map { "'\($0)' must say \(release.id)" }
          ?? "nothing can be asked what the slot holds: your word counts")
    }
  }

  /// What the commands of a deployment are told, as a shell takes it.
  private var variables: String {
    [
      "SLIPWAY_RELEASE=\(release.id)", "SLIPWAY_ARTIFACT=\(release.artifact)",
      "SLIPWAY_DIGEST=\(release.digest?.description ?? "")", "SLIPWAY_SLOT=\(green)",
      "SLIPWAY_ENVIRONMENT=\(environment.name)",
    ].joined(separator: " ")
  }

  private func verify(_ target: VerifyTarget, _ checks: [CheckSpec]) -> Work {
    let health = environment.health
    let place =
      target == .front ? "the front door of \(environment.name)" : "green at \(environment.address(of: green))"
    let asked = checks.map { check in
      switch check {
      case .http(let name, let path, let status, _, _): "\(name): GET \(path) answers \(status)"
      case .command(let name, let run, _): "\(name): '\(run)' ends with 0"
      case .data(let name, let spec, _): "\(name): \(Self.words(spec))"
      case .signIn(let name, let spec, _): "\(name): a test user signs in at \(spec.path)"
      }
    }
    let version = environment.version.map { ", \($0.path) names \(release.id)" } ?? ""
    return Work(
      what: "look at \(place): GET \(health.path) answers \(health.status)\(version)"
        + asked.map { "; \($0)" }.joined(),
      check: "health\(version.isEmpty ? "" : " and version") must be so"
        + (checks.isEmpty ? "" : ", and for the rest your word counts"))
  }

  private static func words(_ spec: DataCheckSpec) -> String {
    switch spec {
    case .sql(let query, let expected): "'\(query)' gives \(expected)"
    case .files(let sample): "\(sample) of the files that the database refers to are there with their hash"
    case .odoo(let aspects): "Odoo's " + aspects.map(\.rawValue).joined(separator: ", ")
    }
  }

  // MARK: Traffic

  private func shift(_ percent: Int, _ settles: Bool) -> Work {
    let split =
      settles
      ? Split(green: green.other, percent: 0, blue: green) : Split(green: green, percent: percent, blue: blue?.slot)
    let fallback = split.fallback.map { ", slot \($0) answers where the other cannot" } ?? ""
    let what =
      settles
      ? "settle release \(release.id): slot \(green) has everything and answers for itself"
      : "give release \(release.id) in slot \(green) \(percent) % of new requests of \(environment.name)"
    let how = TrafficByHand(environment: environment, split: split).words
    return Work(what: what + " (\(split)\(fallback))", how: how, check: "the data plane must say \(split)\(fallback)")
  }

  // MARK: Data

  private func data(_ step: Step) -> Work {
    let what =
      switch step.kind {
      case .snapshot: "copy the data and verify the copy"
      case .backup: "copy the data of \(environment.name) and verify the copy"
      case .restore: "make the data that green will work on, and verify them"
      case .migrate: "bring the data to what release \(release.id) needs"
      default: "do '\(step.id)'"
      }
    switch environment.data {
    case .commands(let spec)?:
      let line =
        switch step.kind {
        case .snapshot, .backup: spec.snapshot
        case .migrate: spec.migrate
        default: String?.none
        }
      return Work(
        what: what, how: line.map { "\(variables) SLIPWAY_SNAPSHOT=RUN SLIPWAY_RUN=RUN \($0)" },
        check: "'\(spec.readBack)' must say done")
    case .postgres(let spec)?:
      return Work(
        what: what, how: step.kind == .migrate ? spec.migrate.map { "\(variables) \($0)" } : nil,
        check: "the database is asked as far as it can tell")
    case nil: return Work(what: what, check: "your word counts")
    }
  }
}
