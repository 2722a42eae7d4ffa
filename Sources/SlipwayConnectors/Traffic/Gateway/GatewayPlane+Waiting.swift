internal import AsyncHTTPClient
internal import Foundation
internal import NIOHTTP1
internal import SlipwayModel
internal import Synchronization

/// Waiting until the gateways of a route have taken a change.
///
/// A watch tells, so that the API server is not asked over and over. It goes on from the version that was read; a forgotten version is read
/// anew, a cut watch is taken up again where it was, and all of it ends with the deadline. Whoever may not watch asks instead.
extension GatewayPlane {
  /// How long nobody is asked after a watch that ended by itself.
  private static let breath = Span.milliseconds(100)
  /// How often the route is read where slipway may not watch.
  private static let lookEvery = Span.milliseconds(250)

  /// Waits until every gateway of the route has taken its newest state.
  ///
  /// - Throws: `timedOut` with what is missing, `refused` when a gateway says no, `garbage` when the route is another than the one written.
  func taken(_ entry: SplitEntry) async throws(ConnectorError) {
    let missing = Mutex("nothing is known of it")
    let done: Void? = try await within(deadline) { () throws(ConnectorError) in
      try await follow(entry) { why in missing.withLock { $0 = why } }
    }
    if Task.isCancelled {
      throw ConnectorError(.timedOut, "waiting for \(wire.place) was cancelled; read back what is in force")
    }
    guard done != nil else {
      let why = missing.withLock { $0 }
      throw ConnectorError(.timedOut, "the HTTPRoute '\(spec.route)' is not in force after \(deadline): \(why)")
    }
  }

  /// What ended a watch.
  private enum Ending {
    case taken
    /// The version is forgotten, or what was said made no sense: the route must be read.
    case lost
    /// Go on from the newest version after a while.
    case cut(after: Span)
    case forbidden
  }

  private func follow(
    _ entry: SplitEntry, _ note: @Sendable (String) -> Void
  ) async throws(ConnectorError) {
    var version: String?
    var watches = true
    while true {
      guard let since = version else {
        let route = try await route()
        guard let why = try pending(route, entry) else { return }
        note(why)
        if watches { version = route.version } else { try await pause(Self.lookEvery) }
        continue
      }
      let (ending, newest) = try await watch(entry, from: since, note)
      version = newest
      switch ending {
      case .taken: return
      case .lost:
        version = nil
        try await pause(Self.breath)
      case .cut(let wait): try await pause(wait)
      case .forbidden: (watches, version) = (false, nil)
      }
    }
  }

  private func watch(
    _ entry: SplitEntry, from since: String, _ note: @Sendable (String) -> Void
  ) async throws(ConnectorError) -> (Ending, newest: String) {
    let answer: HTTPClientResponse
    do throws(ConnectorError) {
      answer = try await wire.begin(
        watchPath(since), headers: ["Accept": "application/json"], authorization: try bearer())
    } catch {
      guard error.code == .unreachable else { throw error }
      note(error.message)
      return (.cut(after: Self.lookEvery), since)
    }
    switch answer.status.code {
    case 200: return try await read(answer.body, entry, from: since, note)
    case 410: return (.lost, since)
    case 403, 405: return (.forbidden, since)
    case 429, 500..<600: return (.cut(after: Self.wait(answer.headers)), since)
    default:
      throw wire.refusal(PlaneWire.Answer(status: Int(answer.status.code), headers: answer.headers, body: Data()), path)
    }
  }

  private func watchPath(_ since: String) -> String {
    let query = [
      ("watch", "true"), ("allowWatchBookmarks", "true"), ("fieldSelector", "metadata.name=\(spec.route)"),
      ("resourceVersion", since), ("timeoutSeconds", "\(max(1, (deadline.milliseconds + 999) / 1_000))"),
    ]
    return "/apis/gateway.networking.k8s.io/v1/namespaces/\(spec.namespace)/httproutes?"
      + query.map { "\($0)=\(MetricsQuestion.encoded($1))" }.joined(separator: "&")
  }

  private func read(
    _ body: HTTPClientResponse.Body, _ entry: SplitEntry, from since: String, _ note: @Sendable (String) -> Void
  ) async throws(ConnectorError) -> (Ending, newest: String) {
    var (cutter, version) = (LineCutter(), since)
    var pieces = body.makeAsyncIterator()
    // However a stream ends, it is taken up again.
    while let piece = (try? await pieces.next()).flatMap({ $0 }) {
      guard let lines = cutter.lines(adding: piece) else { return (.lost, version) }
      for line in lines {
        switch RouteEvent(line) {
        case .route(let route) where route.name == spec.route:
          version = route.version
          guard let why = try pending(route, entry) else { return (.taken, version) }
          note(why)
        case .route: continue
        case .bookmark(let newer): version = newer
        case .deleted:
          let what = "the HTTPRoute '\(spec.route)' was deleted while its gateways took \(entry.text)"
          throw ConnectorError(.refused, what)
        case .failed(let said):
          note("the API server says '\(said)'")
          return (.lost, version)
        case .expired, nil: return (.lost, version)
        }
      }
    }
    return (.cut(after: Self.breath), version)
  }

  /// What is still missing; nil when the newest state is in force.
  private func pending(_ route: HTTPRoute, _ entry: SplitEntry) throws(ConnectorError) -> String? {
    guard route.note == entry, try route.split(services) == entry.split else {
      let who = route.foreignOwner.map { "\($0) has written it since" } ?? "does somebody else change it?"
      throw ConnectorError(
        .garbage,
        "Kubernetes accepted \(entry.text) but the HTTPRoute '\(spec.route)' is another; \(who) (docs/planes.md says how to leave the weights to slipway)"
      )
    }
    switch route.acceptance {
    case .accepted: return nil
    case .pending(let why): return why
    case .refused(let why): throw ConnectorError(.refused, "the HTTPRoute '\(spec.route)' is not in force: \(why)")
    }
  }
}
