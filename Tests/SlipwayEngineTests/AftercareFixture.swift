import Foundation
import SlipwayConnectors
import SlipwayEngine
import SlipwayEvidence
import SlipwayJournal
import SlipwayModel
import Synchronization

/// Answers what only the phases after a deployment ask.
struct WorldProbe: AftercareProbe, GaugeSource {
  let world: World

  func activeAlerts(_ spec: AlertsSpec) async throws(ConnectorError) -> [ActiveAlert] {
    world.state.withLock { $0.alerts }
  }

  func monitoring(
    _ spec: MonitoringSpec, about labels: [String: String], at now: Timestamp
  ) async throws(ConnectorError) -> [CheckOutcome] {
    world.state.withLock { state in
      state.asked.append("monitoring")
      return state.monitoring
    }
  }

  func figure(_ spec: FigureSpec, of deployment: Deployment) async throws(ConnectorError) -> Double? {
    world.state.withLock { $0.figure }
  }

  func gauges(now: Timestamp, releases: [Slot: ReleaseID]) async throws(ConnectorError) -> [Slot: [String: Double]] {
    world.state.withLock { state in releases.mapValues { _ in state.gauges } }
  }
}

extension Pipeline {
  /// Production whose releases are looked after.
  static func caring(_ spec: AftercareSpec = .standard) -> Pipeline {
    var pipeline = Pipeline.canary
    pipeline.environments[0].after = spec
    return pipeline
  }
}

extension AftercareSpec {
  /// One check in one phase; the other phases are empty.
  static func only(
    _ check: AftercareCheck, in phase: AftercarePhase = .healthy, every: Span = .minutes(1)
  ) -> AftercareSpec {
    var spec = AftercareSpec.standard
    (spec.alive.checks, spec.healthy.checks, spec.lasting.checks) = ([], [], [])
    switch phase {
    case .alive: (spec.alive.checks, spec.alive.every) = ([check], every)
    case .healthy: (spec.healthy.checks, spec.healthy.every) = ([check], every)
    case .lasting: (spec.lasting.checks, spec.lasting.every) = ([check], every)
    }
    return spec
  }
}

extension EngineFixture {
  func archive() throws -> RunArchive { RunArchive(try JournalReader.open(folder: folder.url)) }

  func aftercare(_ run: RunID) async throws -> AftercareState? { try await archive().aftercare(run) }

  /// The messages about looks after a deployment.
  var afterMessages: [Message] { world.state.withLock { $0.tells.filter { $0.event.hasPrefix("after_") } } }

  /// Lets the clock jump to the next look and drives it; until `stop` says so, or nothing is left.
  func goOn(
    _ run: RunID, _ engine: Engine, atMost looks: Int = 400, until stop: (AftercareState) -> Bool = { _ in false }
  ) async throws {
    for _ in 0..<looks {
      guard let state = try await aftercare(run), !state.isClosed, !stop(state) else { return }
      if let next = state.next, next > time.now() { time.jump(next - time.now()) }
      try await engine.drive(following: [], forever: false, until: nil)
    }
  }
}
