package import AsyncHTTPClient
internal import Foundation
package import SlipwayModel

/// Traefik, switched through a file in the folder of its file provider: a rename changes weights, fallback and testers at once and loses no
/// request (docs/planes.md has the configuration that goes with it).
///
/// Traefik takes a file when it likes (at most every 2 s unless `providersThrottleDuration` says otherwise), and one that it cannot read is
/// only a line in its log; so a change is done when its API shows it.
package struct TraefikPlane: TrafficPlane {
  package let frontDoor: String
  private let spec: TraefikSpec
  private let wire: PlaneWire
  private let file: PlaneFile
  private let deadline: Span

  /// - Parameters:
  ///   - spec: API, file and name of one environment.
  ///   - folder: where a relative `file` is looked up.
  ///   - client: must not follow redirects.
  ///   - deadline: longest time for one question, and for a change to arrive.
  /// - Throws: `misconfigured` for a file that Traefik would pass over.
  package init(
    _ spec: TraefikSpec, folder: String, client: HTTPClient, deadline: Span = .seconds(10)
  ) throws(ConnectorError) {
    guard spec.file.hasSuffix(".yml") || spec.file.hasSuffix(".yaml") else {
      throw ConnectorError(.misconfigured, "Traefik reads no file '\(spec.file)'; its name must end in .yml or .yaml")
    }
    self.spec = spec
    self.deadline = deadline
    frontDoor = spec.url
    wire = PlaneWire(product: "Traefik", base: spec.api, client: client, deadline: deadline)
    file = PlaneFile(
      path: spec.file.hasPrefix("/") ? spec.file : folder + "/" + spec.file, product: "Traefik", deadline: deadline)
  }

  package var capabilities: PlaneCapabilities {
    PlaneCapabilities(settles: .milliseconds(250), cuts: false)
  }

  package func readSplit() async throws(ConnectorError) -> Split {
    guard let service = try await object("services/\(spec.name)") else { return .none }
    return try TraefikServices.split(service, spec.name)
  }

  package func apply(
    _ split: Split, targets: [Slot: String], generation: UInt64
  ) async throws(ConnectorError) {
    let entry = SplitEntry(split, generation: generation)
    try entry.follows(try await running(), in: "Traefik")
    var addresses = TraefikServices.targets(in: file.text() ?? "", spec.name)
    for (slot, target) in targets { addresses[slot] = try PlaneTarget(target, for: "Traefik") }
    for slot in Slot.allCases where split[slot] > 0 && addresses[slot] == nil {
      throw ConnectorError(
        .misconfigured, "Traefik was never told where slot \(slot) is; its share cannot be sent there")
    }
    try await file.write(TraefikServices.file(for: entry, targets: addresses, spec))
    try await arrived(entry, addresses)
  }

  package func counters(now: Timestamp) async throws(ConnectorError) -> CounterSample {
    let answer = try await wire.ask("/metrics")
    guard answer.status == 200 else { throw wire.refusal(answer, "/metrics") }
    let statistics = try TraefikStatistics(String(decoding: answer.body, as: UTF8.self), name: spec.name)
    return CounterSample(at: now, source: "traefik started \(statistics.start)", slots: statistics.slots)
  }

  package func inFlight(_ slot: Slot) async throws(ConnectorError) -> Int? { nil }

  package func cut(_ slot: Slot) async throws(ConnectorError) {
    throw ConnectorError(.refused, "Traefik cannot end the connections of one slot; stopping the release does")
  }

  /// What Traefik runs under a name of the file provider; nil when there is nothing of that name.
  private func object(_ path: String) async throws(ConnectorError) -> JSONTree? {
    let question = "/api/http/\(path)@file"
    let answer = try await wire.ask(question)
    let tree = try? JSONTree(answer.body)
    if answer.status == 404, tree?["message"]?.text?.contains("not found") == true { return nil }
    guard answer.status == 200 else { throw wire.refusal(answer, question) }
    guard let tree else {
      throw ConnectorError(.garbage, "\(wire.place) answered \(question) with no JSON: '\(answer.excerpt)'")
    }
    return tree
  }

  private func running() async throws(ConnectorError) -> SplitEntry? {
    let note = try await object("middlewares/\(TraefikServices.note(spec.name))")
    return note?["headers"]?["customRequestHeaders"]?[TraefikServices.noteHeader]?.text.flatMap { SplitEntry($0) }
  }

  /// Waits until the API shows all of the change: a file's parts arrive together, but an old file's parts look like it.
  private func arrived(_ entry: SplitEntry, _ addresses: [Slot: PlaneTarget]) async throws(ConnectorError) {
    let end = ContinuousClock.now + deadline.duration
    while true {
      if try await running() == entry, (try? await readSplit()) == entry.split {
        var isThere = true
        for (slot, target) in addresses {
          let service = try await object("services/\(TraefikServices.slot(slot, spec.name))")
          let server = service?["loadBalancer"]?["servers"]?.list.first?["url"]?.text
          isThere = isThere && server == "http://\(target.text)"
        }
        if isThere { return }
      }
      try await wire.pause(
        until: end,
        "Traefik does not run \(entry.text) from \(spec.file) after \(deadline); is the file in the folder of its file provider, and what does its log say?"
      )
    }
  }
}
