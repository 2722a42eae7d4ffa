package import AsyncHTTPClient
internal import Foundation
internal import NIOHTTP1
internal import NIOSSL
package import SlipwayModel

/// An HTTPRoute of the Kubernetes Gateway API, switched by a JSON patch that fails when anybody else has changed the route meanwhile.
///
/// Server-side apply is the newer way to say "these fields are mine", but the rules of a route are one atomic list (`+listType=atomic`): to apply a
/// weight is to own every rule with its matches and filters, to put back what others change there, and to delete what they add (a known fault of
/// tools that write the list whole). So a change is a patch of two weights that tests what it stands on, the same optimistic concurrency that Argo
/// Rollouts and Flagger use. The ownership that Kubernetes keeps all the same (`managedFields`) is read, to name who changed the weights.
///
/// What can be read back is the route and what the gateway's controller says of it; whether the proxies behind it have it already, only
/// counters show. The Gateway API has no fallback: green's share fails while green is dead.
package struct GatewayPlane: TrafficPlane {
  package let frontDoor: String
  let spec: GatewaySpec
  let wire: PlaneWire
  private let secrets: SecretSource
  let services: [Slot: String]
  let deadline: Span

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
    PlaneCapabilities(settles: .seconds(2), cuts: false)
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
    let end = ContinuousClock.now + deadline.duration
    for attempt in 1...Self.tries {
      let route = try await route()
      try entry.follows(route.note, in: "the HTTPRoute '\(spec.route)'")
      if route.note == entry, try route.split(services) == split { return try await taken(entry) }
      switch try await patch(try route.patch(entry, services)) {
      case .done: return try await taken(entry)
      case .outdated where attempt < Self.tries: continue
      case .outdated: break
      case .later(let wait):
        guard attempt < Self.tries, ContinuousClock.now + wait.duration < end else {
          throw ConnectorError(
            .unreachable, "\(wire.place) takes no more requests (429) and asks for \(wait) of rest; try again later")
        }
        try await pause(wait)
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

  package func lastChangedBy() async -> String? {
    guard let owner = (try? await route())?.foreignOwner else { return nil }
    return "\(owner) (take the weights out of what it applies, docs/planes.md says how)"
  }

  package func cut(_ slot: Slot) async throws(ConnectorError) {
    throw ConnectorError(.refused, "an HTTPRoute cannot end connections; stopping the release does")
  }
}

extension GatewayPlane {
  var path: String {
    "/apis/gateway.networking.k8s.io/v1/namespaces/\(spec.namespace)/httproutes/\(spec.route)"
  }

  func bearer() throws(ConnectorError) -> Secret {
    try secrets.resolve(spec.token).reveal { Secret("Bearer " + $0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }

  func route() async throws(ConnectorError) -> HTTPRoute {
    let answer = try await wire.ask(path, headers: ["Accept": "application/json"], authorization: try bearer())
    guard answer.status == 200 else { throw wire.refusal(answer, path) }
    guard let route = (try? JSONTree(answer.body)).flatMap({ HTTPRoute($0) }) else {
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
    let manager = path + "?fieldManager=\(HTTPRoute.manager)&fieldValidation=Strict"
    let answer = try await wire.ask(manager, .PATCH, headers: headers, body: patch.data, authorization: try bearer())
    switch answer.status {
    case 200: return .done
    // Not something newer, but somebody who claims the weights; asking again would be forcing.
    case 409 where !Self.claims(answer).isEmpty:
      throw ConnectorError(
        .refused,
        "the weights of the HTTPRoute '\(spec.route)' belong to another field manager: \(Self.claims(answer)); slipway never forces them: "
          + "take 'spec.rules' out of what that one applies, docs/planes.md says how")
    // 409: the version has moved on. 410: it is forgotten. 422 without causes: a test of the patch failed, so the route is another.
    case 409, 410: return .outdated
    case 422 where (try? JSONTree(answer.body))?["details"]?["causes"] == nil: return .outdated
    case 429: return .later(Self.wait(answer.headers))
    default: throw wire.refusal(answer, path)
    }
  }

  /// What other field managers claim, in the server's words; empty for a conflict of versions.
  private static func claims(_ answer: PlaneWire.Answer) -> String {
    let causes = (try? JSONTree(answer.body))?["details"]?["causes"]?.list ?? []
    let claims = causes.filter { $0["reason"]?.text == "FieldManagerConflict" }.map {
      [$0["message"]?.text, $0["field"]?.text].compactMap { $0 }.joined(separator: " on ")
    }
    return String(claims.joined(separator: ", ").prefix(300))
  }

  /// The rest that a server asks for which is full.
  static func wait(_ headers: HTTPHeaders) -> Span {
    .seconds(max(0, min(3_600, headers.first(name: "retry-after").flatMap { Int64($0) } ?? 1)))
  }

  func pause(_ wait: Span) async throws(ConnectorError) {
    do { try await Task.sleep(for: wait.duration) } catch {
      throw ConnectorError(.timedOut, "waiting for \(wire.place) was cancelled; read back what is in force")
    }
  }
}
