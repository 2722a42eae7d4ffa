package import AsyncHTTPClient
internal import Foundation
internal import NIOHTTP1
internal import NIOSSL
package import SlipwayModel

/// An HTTPRoute of the Kubernetes Gateway API, switched by a JSON patch that fails when anybody else has changed the route meanwhile.
///
/// What can be read back is the route and what the gateway's controller says of it; whether the proxies behind it have it already, only
/// counters show. The Gateway API has no fallback: green's share fails while green is dead.
package struct GatewayPlane: TrafficPlane {
  package let frontDoor: String
  private let spec: GatewaySpec
  private let wire: PlaneWire
  private let secrets: SecretSource
  private let services: [Slot: String]
  private let deadline: Span

  /// How often a change is tried again that lost against somebody else's.
  private static let tries = 5

  /// - Parameters:
  ///   - spec: API, route and services of one environment.
  ///   - folder: where a relative `ca` is looked up.
  ///   - secrets: resolves the token at each question.
  ///   - client: must not follow redirects, because the token would go along.
  ///   - deadline: longest time for one question, and for a controller to take a change.
  /// - Throws: `misconfigured` when the certificates cannot be read.
  package init(
    _ spec: GatewaySpec, folder: String, secrets: SecretSource, client: HTTPClient, deadline: Span = .seconds(10)
  ) throws(ConnectorError) {
    self.spec = spec
    self.secrets = secrets
    self.deadline = deadline
    services = [.a: spec.serviceA, .b: spec.serviceB]
    frontDoor = spec.url
    wire = PlaneWire(
      product: "Kubernetes", base: spec.server, client: client, deadline: deadline,
      tls: try RegistryAccess.tls(spec.ca, folder: folder))
  }

  package var capabilities: PlaneCapabilities {
    PlaneCapabilities(
      dealing: .random, settles: .seconds(2), countsPerSlot: false, fallsBack: false,
      tellsInFlight: false, cuts: false)
  }

  package func readSplit() async throws(ConnectorError) -> Split {
    let route = try await route()
    if case .refused(let why) = route.acceptance {
      throw ConnectorError(.refused, "the HTTPRoute '\(spec.route)' is not in force: \(why)")
    }
    return try route.split(services)
  }

  package func apply(
    _ split: Split, targets: [Slot: String], generation: UInt64
  ) async throws(ConnectorError) {
    let entry = SplitEntry(split, generation: generation)
    for attempt in 1...Self.tries {
      let route = try await route()
      try entry.follows(route.note, in: "the HTTPRoute '\(spec.route)'")
      if route.note == entry, try route.split(services) == split { return try await taken(entry) }
      switch try await patch(try route.patch(entry, services)) {
      case .done: return try await taken(entry)
      case .outdated where attempt < Self.tries: continue
      case .outdated: break
      case .later(let wait): try await pause(wait)
      }
    }
    throw ConnectorError(
      .refused,
      "the HTTPRoute '\(spec.route)' was changed by somebody else \(Self.tries) times in a row; stop that, then try again"
    )
  }

  package func counters(now: Timestamp) async throws(ConnectorError) -> CounterSample {
    throw ConnectorError(.refused, "an HTTPRoute counts no requests; name another source under 'metrics'")
  }

  package func inFlight(_ slot: Slot) async throws(ConnectorError) -> Int? { nil }

  package func cut(_ slot: Slot) async throws(ConnectorError) {
    throw ConnectorError(.refused, "an HTTPRoute cannot end connections; stopping the release does")
  }
}

extension GatewayPlane {
  private var path: String {
    "/apis/gateway.networking.k8s.io/v1/namespaces/\(spec.namespace)/httproutes/\(spec.route)"
  }

  private func bearer() throws(ConnectorError) -> Secret {
    try secrets.resolve(spec.token).reveal { Secret("Bearer " + $0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }

  private func route() async throws(ConnectorError) -> HTTPRoute {
    let answer = try await wire.ask(path, headers: ["Accept": "application/json"], authorization: try bearer())
    guard answer.status == 200 else { throw wire.refusal(answer, path) }
    guard let route = JSONTree(answer.body).flatMap({ HTTPRoute($0) }) else {
      throw ConnectorError(.garbage, "\(wire.place) answered \(path) with no HTTPRoute: '\(answer.excerpt)'")
    }
    return route
  }

  private enum Outcome {
    case done
    /// Somebody else was faster; read again.
    case outdated
    case later(Span)
  }

  private func patch(_ patch: JSONTree) async throws(ConnectorError) -> Outcome {
    let headers = ["Content-Type": "application/json-patch+json", "Accept": "application/json"]
    let manager = path + "?fieldManager=slipway&fieldValidation=Strict"
    let answer = try await wire.ask(manager, .PATCH, headers: headers, body: patch.data, authorization: try bearer())
    switch answer.status {
    case 200: return .done
    // 409: the version has moved on. 410: it is forgotten. 422 without causes: a test of the patch failed, so the route is another.
    case 409, 410: return .outdated
    case 422 where JSONTree(answer.body)?["details"]?["causes"] == nil: return .outdated
    case 429: return .later(.seconds(min(5, answer.headers.first(name: "retry-after").flatMap { Int64($0) } ?? 1)))
    default: throw wire.refusal(answer, path)
    }
  }

  private func pause(_ wait: Span) async throws(ConnectorError) {
    do { try await Task.sleep(for: wait.duration) } catch {
      throw ConnectorError(.timedOut, "waiting for \(wire.place) was cancelled; read back what is in force")
    }
  }

  /// Waits until every gateway of the route has taken its newest state.
  private func taken(_ entry: SplitEntry) async throws(ConnectorError) {
    let end = ContinuousClock.now + deadline.duration
    while true {
      let route = try await route()
      guard route.note == entry, try route.split(services) == entry.split else {
        throw ConnectorError(
          .garbage,
          "Kubernetes accepted \(entry.text) but the HTTPRoute '\(spec.route)' is another; does somebody else change it?"
        )
      }
      switch route.acceptance {
      case .accepted: return
      case .refused(let why): throw ConnectorError(.refused, "the HTTPRoute '\(spec.route)' is not in force: \(why)")
      case .pending(let why):
        try await wire.pause(until: end, "the HTTPRoute '\(spec.route)' is not in force after \(deadline): \(why)")
      }
    }
  }
}
