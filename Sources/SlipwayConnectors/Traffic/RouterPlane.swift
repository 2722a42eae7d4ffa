internal import Foundation
internal import SlipwayHost
package import SlipwayModel
internal import SlipwayRouter

/// Slipway's own router as a data plane: a process of its own, started when none answers and found again after any crash.
package struct RouterPlane: TrafficPlane {
  private let listen: String
  private let folder: String
  private let program: [String]
  private let environment: [String: String]
  private let control: RouterControl
  private let spec: RouterSpec

  /// How long a router may take from its start to its first answer.
  private static let patience = 10.0

  /// - Parameters:
  ///   - listen: `host:port` for clients.
  ///   - folder: where the router keeps its socket, table and log.
  ///   - program: the command that runs a router, to which `--listen` and `--control` are added.
  ///   - environment: the router's whole environment.
  ///   - spec: what the router does beside dividing traffic; file names in it are absolute.
  package init(
    listen: String, folder: String, program: [String], environment: [String: String], spec: RouterSpec? = nil
  ) {
    self.spec = spec ?? RouterSpec(listen: listen)
    self.listen = listen
    self.folder = folder
    self.program = program
    self.environment = environment
    control = RouterControl(path: Self.controlPath(folder), deadline: .seconds(5))
  }

  /// The control socket of the router that lives in `folder`.
  ///
  /// A socket's path has at most 107 bytes; a deeper folder gets one under /tmp that is named by the folder's digest.
  package static func controlPath(_ folder: String) -> String {
    let direct = folder + "/router.sock"
    guard direct.utf8.count > 95 else { return direct }
    return "/tmp/slipway-\(getuid())-\(Digest(of: Data(folder.utf8)).hex.prefix(24)).router.sock"
  }

  package var frontDoor: String { spec.url ?? (spec.tls == nil ? "http://" : "https://") + listen }

  package func readSplit() async throws(ConnectorError) -> Split { try await status().split }

  package func apply(_ split: Split, targets: [Slot: String], generation: UInt64) async throws(ConnectorError) {
    let before = try await status()
    await handSettings()
    // A repeat of what is in force already is no change and needs no new generation.
    if before.split == split, targets.allSatisfy({ before.targets[$0.key] == $0.value }),
      before.generation >= generation
    {
      return
    }
    do throws(RouterError) {
      try await control.set(split: split, targets: targets.mapValues { $0 }, generation: generation)
    } catch {
      throw Self.translated(error)
    }
  }

  package func counters(now: Timestamp) async throws(ConnectorError) -> CounterSample {
    try await ensureRunning()
    do throws(RouterError) {
      var sample = try await control.counters().sample
      sample.at = now
      return sample
    } catch {
      throw Self.translated(error)
    }
  }

  package func inFlight(_ slot: Slot) async throws(ConnectorError) -> Int? { try await status().slots[slot]?.inFlight }

  package func cut(_ slot: Slot) async throws(ConnectorError) {
    // A router that does not run holds no connection.
    guard try await answers() else { return }
    do throws(RouterError) { try await control.cut(slot) } catch { throw Self.translated(error) }
  }

  package func history(of slot: Slot, now: Timestamp) async throws(ConnectorError) -> [SlotCounters] {
    try await ensureRunning()
    do throws(RouterError) { return try await control.history(of: slot) } catch { throw Self.translated(error) }
  }

  package var capabilities: PlaneCapabilities {
    PlaneCapabilities(settles: .milliseconds(10), cuts: true)
  }

  private func status() async throws(ConnectorError) -> RouterStatus {
    try await ensureRunning()
    do throws(RouterError) { return try await control.status() } catch { throw Self.translated(error) }
  }

  private func ensureRunning() async throws(ConnectorError) {
    if try await answers() { return }
    let log = folder + "/router.log"
    let process: DetachedProcess
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      try settings().write(to: URL(fileURLWithPath: settingsPath), options: .atomic)
      process = try spawn()
    } catch {
      throw ConnectorError(.misconfigured, "the router for \(listen) cannot be started: \(error)")
    }
    let end = ContinuousClock.now + .seconds(Self.patience)
    var lost: ContinuousClock.Instant?
    while ContinuousClock.now < end {
      if try await answers() { return }
      if process.ended != nil, lost == nil { lost = .now }
      // One that ended may have lost to another that was started at the same moment and is about to answer.
      if let lost, ContinuousClock.now - lost > .seconds(2) {
        throw ConnectorError(
          .misconfigured,
          "the router for \(listen) ended at once: \(Self.lastLine(log)); is the address taken by another program?")
      }
      do { try await Task.sleep(for: .milliseconds(20)) } catch {
        throw ConnectorError(.timedOut, "waiting for the router was cancelled")
      }
    }
    throw ConnectorError(
      .unreachable, "the router for \(listen) does not answer; its log is \(log): \(Self.lastLine(log))")
  }

  private var settingsPath: String { folder + "/router.settings" }

  private func spawn(_ more: [String] = []) throws -> DetachedProcess {
    try DetachedProcess.spawn(
      program + ["--listen", listen, "--control", Self.controlPath(folder), "--settings", settingsPath] + more,
      environment: environment, log: folder + "/router.log", directory: folder)
  }

  private func settings() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(spec)
  }

  /// Lets a running router know what the pipeline file says now.
  ///
  /// Traffic must move all the same when this fails, above all back: a router that could not take it says so in its status.
  private func handSettings() async {
    guard let wanted = try? settings() else { return }
    let url = URL(fileURLWithPath: settingsPath)
    guard (try? Data(contentsOf: url)) != wanted else { return }
    guard (try? wanted.write(to: url, options: .atomic)) != nil else { return }
    _ = try? await control.reload()
  }

  /// Starts a router that takes over from the one at the control socket `control`; returns at once.
  package static func startSuccessor(
    control: String, folder: String, program: [String], environment: [String: String]
  ) throws(ConnectorError) {
    let settings = folder + "/router.settings"
    let known = FileManager.default.fileExists(atPath: settings) ? ["--settings", settings] : []
    do {
      _ = try DetachedProcess.spawn(
        program + ["--control", control, "--take-over"] + known, environment: environment,
        log: folder + "/router.log", directory: folder)
    } catch {
      throw ConnectorError(.misconfigured, "the new router for \(control) cannot be started: \(error)")
    }
  }

  private func answers() async throws(ConnectorError) -> Bool {
    do throws(RouterError) {
      _ = try await control.status()
      return true
    } catch {
      if error.code == .unreachable { return false }
      throw Self.translated(error)
    }
  }

  private static func lastLine(_ path: String) -> String {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return "it cannot be read" }
    return text.split(separator: "\n").last.map(String.init) ?? "it is empty"
  }

  private static func translated(_ error: RouterError) -> ConnectorError {
    switch error.code {
    case .unreachable: ConnectorError(.unreachable, error.description)
    case .timedOut: ConnectorError(.timedOut, error.description)
    case .refused, .locked: ConnectorError(.refused, error.description)
    case .garbage: ConnectorError(.garbage, error.description)
    case .misconfigured, .storage: ConnectorError(.misconfigured, error.description)
    }
  }
}

/// The data plane's own counters as the source of a watch.
package struct PlaneCounters: CounterSource {
  private let plane: any TrafficPlane

  package init(_ plane: any TrafficPlane) { self.plane = plane }

  package func sample(now: Timestamp, releases: [Slot: ReleaseID]) async throws(ConnectorError) -> CounterSample {
    try await plane.counters(now: now)
  }

  package func history(of slot: Slot, now: Timestamp) async throws(ConnectorError) -> [SlotCounters] {
    try await plane.history(of: slot, now: now)
  }
}
