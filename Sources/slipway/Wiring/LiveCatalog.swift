internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import SlipwayConnectors
internal import SlipwayData
internal import SlipwayEngine
internal import SlipwayModel

/// Makes the real connectors that a pipeline file names; the one list of all products.
struct LiveCatalog: ConnectorCatalog {
  let options: CommonOptions
  let state: StateFolder
  let runner: CommandRunner
  let secrets: SecretSource
  let client: HTTPClient
  private let tokens = RegistryTokens()
  let processLooks = ProcessLooks()
  let inherited: [String: String]
  let program: String
  private let notifiers: @Sendable () -> [NotifySpec]
  private let requests: @Sendable () -> RequestsSpec?

  init(_ options: CommonOptions, state: StateFolder) throws {
    self.options = options
    self.state = state
    let environment = ProcessInfo.processInfo.environment
    let folder = options.root.path
    inherited = Self.inherited
    secrets = SecretSource(environment: environment, folder: folder)
    runner = CommandRunner(folder: folder, inherited: inherited, secrets: secrets)
    client = Self.client
    program = try Self.ownPath()
    let file = options.fileURL
    let shown = options.file
    notifiers = { (try? PipelineLoading.load(file, shown: shown))?.notify ?? [] }
    requests = { (try? PipelineLoading.load(file, shown: shown))?.requests }
  }

  /// One client for the whole process; connections are not kept, so that every probe asks anew.
  static let client: HTTPClient = {
    var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
    configuration.connectionPool.idleTimeout = .seconds(2)
    // Whoever refuses a connection is said to refuse it at once; every caller has its own tries.
    configuration.connectionPool.retryConnectionEstablishment = false
    return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }()

  static func witness(_ options: CommonOptions) -> LiveWitness {
    LiveWitness(folder: options.root.path, environment: inherited, client: client)
  }

  /// Children get what finding programs takes; everything else they need is named in the pipeline file.
  static var inherited: [String: String] {
    ProcessInfo.processInfo.environment.filter { ["PATH", "HOME", "LANG", "TZ", "USER", "TMPDIR"].contains($0.key) }
  }

  /// The path of this very program, for the processes that outlive the command.
  static func ownPath() throws -> String {
    guard let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
      throw CommandError(.configuration, "cannot find the slipway program itself through /proc/self/exe")
    }
    return path.hasSuffix(" (deleted)") ? String(path.dropLast(10)) : path
  }

  func connectors(for environment: EnvironmentSpec) throws(ConnectorError) -> EnvironmentConnectors {
    let deployer: any Deployer =
      switch environment.deploy {
      case .processes(let spec):
        ProcessDeployer(
          spec, folder: options.root.path, hostFolder: state.host(environment.name).path, program: [program, "host"],
          inherited: inherited, secrets: secrets)
      case .commands(let spec): CommandDeployer(spec, runner: runner)
      }
    let plane = try self.plane(environment)
    let source = try self.source(environment, plane)
    let verifier = ServiceVerifier(
      probe: HTTPProbe(client: client), runner: runner, secrets: secrets, data: try dataChecks(environment)
    ) {
      try await Task.sleep(for: $0.duration)
    }
    let data: (any DataStore)? =
      switch environment.data {
      case .commands(let spec)?: CommandDataStore(spec, runner: runner)
      case .postgres(let spec)?: try dataStore(spec, isProtected: environment.protected)
      case nil: nil
      }
    return EnvironmentConnectors(
      deployer: deployer, plane: plane, source: source, verifier: verifier, data: data,
      gauges: try gauges(environment, deployer))
  }

  private func dataChecks(_ environment: EnvironmentSpec) throws(ConnectorError) -> (any DataChecks)? {
    guard case .postgres(let spec)? = environment.data else { return nil }
    return PostgresChecks(
      spec, address: try PostgresAddress(spec.server, secrets: secrets), folder: options.root.path,
      isProtected: environment.protected)
  }

  /// Who keeps a PostgreSQL database and its files.
  func dataStore(
    _ spec: PostgresDataSpec, isProtected: Bool = true
  ) throws(ConnectorError) -> PostgresDataStore {
    try PostgresDataStore(
      spec, folder: options.root.path,
      snapshots: SnapshotStore(folder: state.snapshots(spec.snapshotFolder, options.root)),
      secrets: secrets, inherited: inherited, isProtected: isProtected)
  }

  func judge(_ gate: GateSpec, for plan: Plan, run: RunID?, at now: Timestamp) async -> GateReport {
    switch gate {
    case .immutableReference(let platform, let registry):
      return await artifacts(plan).immutableReference(
        gate, platform: platform, registry: registry, of: plan.release, at: now)
    case .provenance(let spec): return await artifacts(plan).provenance(gate, spec, of: plan.release, at: now)
    case .rollbackTarget: return await artifacts(plan).rollbackTarget(gate, of: plan, at: now)
    case .command(let name, let line, let timeout): return await command(name, line, timeout, plan, run, at: now)
    case .dependencies(let specs): return await dependencies.report(gate, specs, for: plan, run: run, at: now)
    case .dataReady(let factor): return await data(plan, factor).report(gate.name, at: now)
    case .verified, .soak, .reviews, .tests, .vulnerabilities, .coverage, .window, .noFreeze, .sameCommit:
      return GateReport(gate: gate.name, verdict: .error, reason: "this gate is judged by the ledger, not from outside")
    }
  }

  private var dependencies: DependencyGate {
    DependencyGate(
      runner: runner, secrets: secrets, client: client, database: PostgresQuestion(secrets: secrets),
      inherited: inherited, folder: options.root.path)
  }

  /// What the data of both sides look like at this moment; touches nothing.
  func data(_ plan: Plan, _ factor: Double) async -> DataVerdict {
    let target = await look(at: plan.environment, live: plan.blue?.slot)
    guard let source = plan.source else { return DataVerdict(target: target, factor: factor) }
    let other = await look(at: source.environment, live: source.live?.slot)
    return DataVerdict(target: target, source: other, factor: factor)
  }

  private func look(at environment: EnvironmentSpec, live: Slot?) async -> DataLook {
    do throws(ConnectorError) {
      guard let store = try connectors(for: environment).data else {
        throw ConnectorError(.misconfigured, "'\(environment.name)' keeps no data")
      }
      return DataLook(environment.name, await store.readiness(live: live), isLive: live != nil)
    } catch {
      let check = DataCheck("configuration", passed: false, detail: error.message)
      return DataLook(environment.name, DataReadiness(checks: [check]), isLive: live != nil)
    }
  }

  private func artifacts(_ plan: Plan) -> ArtifactGate {
    let folder = options.root.path
    return ArtifactGate(
      folder: folder,
      registry: RegistryClient(
        registries: plan.registries, secrets: secrets, client: client, folder: folder, tokens: tokens,
        now: { SystemTime().now() }))
  }

  private func command(
    _ name: String, _ line: String, _ timeout: Span, _ plan: Plan, _ run: RunID?, at now: Timestamp
  ) async -> GateReport {
    let deployment = Deployment(environment: plan.to, slot: plan.green, release: plan.release, run: run ?? "plan")
    do throws(ConnectorError) {
      let output = try await runner.run(line, variables: deployment.variables, timeout: timeout)
      let proof = Proof(
        what: "command '\(line)', code \(output.code)", from: line, at: now, digest: Digest(of: Data(output.text.utf8)))
      return GateReport(
        gate: name, verdict: output.code == 0 ? .passed : .failed, reason: "code \(output.code): \(output.ending)",
        proof: [proof])
    } catch {
      return GateReport(gate: name, verdict: .error, reason: error.message)
    }
  }

  func file(
    _ tasks: [Promotion.FollowUpTask], of promotion: Promotion, by spec: FollowUpSpec
  ) async throws(ConnectorError) -> String {
    try await CommandTracker(spec, runner: runner).file(tasks, of: promotion)
  }

  func tell(_ message: Message) async -> String? { await CommandNotifier(notifiers(), runner: runner).tell(message) }

  func shelves() -> [any RequestShelf]? {
    let spec = requests()
    let folder: [any RequestShelf] = spec?.folder.map { [FolderShelf($0, root: options.root.path)] } ?? []
    return folder
      + (spec?.s3.map { bucket in
        [
          S3Shelf(bucket, secrets: secrets, client: client, now: { SystemTime().now() }) {
            try await Task.sleep(for: $0.duration)
          }
        ]
      } ?? [])
  }

  /// Ends the HTTP client, which would otherwise complain at the end of the process.
  func close() async { try? await client.shutdown() }
}
