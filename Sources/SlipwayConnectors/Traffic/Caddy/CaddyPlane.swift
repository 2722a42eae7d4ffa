package import AsyncHTTPClient
internal import Foundation
internal import NIOHTTP1
package import SlipwayModel

/// Caddy, switched over its admin API: one handler of its configuration belongs to Slipway and is replaced as a whole (docs/planes.md has the
/// configuration that goes with it).
///
/// Every change makes Caddy build its whole configuration anew and close idle connections of clients, so requests that race with it are lost
/// unless they are sent again. A restart without `--resume` forgets all changes; that is read back as another split and put right by
/// the next change.
package struct CaddyPlane: TrafficPlane {
  package let frontDoor: String
  private let spec: CaddySpec
  private let wire: PlaneWire

  /// How often a change is tried again that lost against somebody else's change of the configuration.
  private static let tries = 5

  /// - Parameters:
  ///   - spec: admin API and handler of one environment.
  ///   - client: must not follow redirects.
  ///   - deadline: longest time for one question.
  package init(_ spec: CaddySpec, client: HTTPClient, deadline: Span = .seconds(10)) {
    self.spec = spec
    frontDoor = spec.url
    wire = PlaneWire(product: "Caddy", base: spec.admin, client: client, deadline: deadline)
  }

  package var capabilities: PlaneCapabilities {
    PlaneCapabilities(settles: .milliseconds(50), cuts: false)
  }

  package func readSplit() async throws(ConnectorError) -> Split {
    let (handler, _) = try await handler()
    guard let route = CaddyRoute(handler, id: spec.id) else { throw shapeless }
    guard route.entry.split != .none else { return .none }
    // The note alone proves nothing: the routes beside it must be the ones that belong to it.
    guard route.handler(id: spec.id) == handler else {
      throw ConnectorError(
        .garbage,
        "Caddy's handler '\(spec.id)' says \(route.entry.text), but its routes are others; somebody else changed them, the next "
          + "change by slipway puts them right")
    }
    return route.entry.split
  }

  package func apply(
    _ split: Split, targets: [Slot: String], generation: UInt64
  ) async throws(ConnectorError) {
    let entry = SplitEntry(split, generation: generation)
    for _ in 0..<Self.tries {
      let (found, tag) = try await handler()
      guard var route = CaddyRoute(found, id: spec.id) else { throw shapeless }
      try entry.follows(route.entry, in: "Caddy")
      route.entry = entry
      for (slot, target) in targets { route.targets[slot] = try PlaneTarget(target, for: "Caddy") }
      for slot in Slot.allCases where split[slot] > 0 && route.targets[slot] == nil {
        throw ConnectorError(
          .misconfigured, "Caddy was never told where slot \(slot) is; its share cannot be sent there")
      }
      let wanted = route.handler(id: spec.id)
      // A repeat of what is in force costs no connection.
      if wanted == found { return }
      if try await replace(wanted, tag: tag) { return try await prove(wanted) }
    }
    throw ConnectorError(
      .refused,
      "Caddy's configuration is changed by somebody else all the time (\(Self.tries) times in a row); stop that, then try again"
    )
  }

  package func counters(now: Timestamp) async throws(ConnectorError) -> CounterSample {
    throw ConnectorError(
      .refused, "Caddy does not count the requests of each slot; name another source under 'metrics'")
  }

  package func inFlight(_ slot: Slot) async throws(ConnectorError) -> Int? {
    let (handler, _) = try await handler()
    guard let route = CaddyRoute(handler, id: spec.id) else { throw shapeless }
    guard let target = route.targets[slot] else { return 0 }
    guard case .list(let servers) = try await wire.json("/reverse_proxy/upstreams") else {
      throw ConnectorError(.garbage, "\(wire.place) gives no list of its upstreams; is another program there?")
    }
    return servers.first { $0["address"]?.text == target.text }?["num_requests"]?.integer ?? 0
  }

  package func cut(_ slot: Slot) async throws(ConnectorError) {
    throw ConnectorError(.refused, "Caddy cannot end the connections of one slot; stopping the release does")
  }

  private var shapeless: ConnectorError {
    ConnectorError(
      .misconfigured,
      "Caddy's '\(spec.id)' is no subroute handler with a reverse_proxy in it; docs/planes.md has one that works")
  }

  /// Asks again when Caddy hangs up, as it does on questions that meet somebody's change of its configuration.
  private func handler() async throws(ConnectorError) -> (JSONTree, tag: String) {
    for _ in 1..<Self.tries {
      do throws(ConnectorError) { return try await askedHandler() } catch {
        guard error.code == .unreachable else { throw error }
        try await wire.pause(until: .now + .seconds(1), error.message)
      }
    }
    return try await askedHandler()
  }

  private func askedHandler() async throws(ConnectorError) -> (JSONTree, tag: String) {
    let path = "/id/\(spec.id)"
    let answer = try await wire.ask(path)
    if answer.status == 404 {
      throw ConnectorError(
        .misconfigured,
        "Caddy has no handler with '@id': '\(spec.id)' (\(answer.excerpt)); docs/planes.md has one that works")
    }
    guard answer.status == 200 else { throw wire.refusal(answer, path) }
    guard let tree = try? JSONTree(answer.body), let tag = answer.headers.first(name: "Etag") else {
      throw ConnectorError(
        .garbage, "\(wire.place) answered \(path) with '\(answer.excerpt)'; is another program there?")
    }
    return (tree, tag)
  }

  /// - Returns: false when the configuration was changed since it had `tag`, or when Caddy hung up, which says neither yes nor no.
  private func replace(_ handler: JSONTree, tag: String) async throws(ConnectorError) -> Bool {
    let path = "/id/\(spec.id)"
    let headers = ["Content-Type": "application/json", "If-Match": tag]
    let answer: PlaneWire.Answer
    do throws(ConnectorError) { answer = try await wire.ask(path, .PATCH, headers: headers, body: handler.data) } catch
    {
      guard error.code == .unreachable else { throw error }
      return false
    }
    switch answer.status {
    case 200: return true
    case 412: return false
    case 500: throw ConnectorError(.refused, "Caddy keeps its old configuration: \(answer.excerpt)")
    default: throw wire.refusal(answer, path)
    }
  }

  /// A 200 proves nothing.
  private func prove(_ wanted: JSONTree) async throws(ConnectorError) {
    guard try await handler().0 == wanted else {
      throw ConnectorError(
        .garbage, "Caddy accepted the change but runs another configuration; does somebody else change it?")
    }
  }
}
