package import AsyncHTTPClient
internal import Foundation
internal import NIOHTTP1
package import SlipwayModel

/// Envoy, switched by runtime keys in a file that it watches: one rename changes weights, fallback and testers at once and loses no request
/// (docs/planes.md has the configuration that goes with it).
///
/// The file is read again after a restart, so what runs and what a restart brings are the same. Envoy believes anything it finds there
/// or is told over the admin interface, so what it holds is asked back and must be what Slipway would have written.
package struct EnvoyPlane: TrafficPlane {
  package let frontDoor: String
  private let spec: EnvoySpec
  private let wire: PlaneWire
  private let file: PlaneFile
  private let deadline: Span
  private let counts = RisingCounts()

  /// - Parameters:
  ///   - spec: admin interface, file and name of one environment.
  ///   - folder: where a relative `file` is looked up.
  ///   - client: must not follow redirects.
  ///   - deadline: longest time for one question, and for a change to arrive.
  package init(_ spec: EnvoySpec, folder: String, client: HTTPClient, deadline: Span = .seconds(5)) {
    self.spec = spec
    self.deadline = deadline
    frontDoor = spec.url
    wire = PlaneWire(product: "Envoy", base: spec.admin, client: client, deadline: deadline)
    file = PlaneFile(
      path: spec.file.hasPrefix("/") ? spec.file : folder + "/" + spec.file, product: "Envoy", deadline: deadline)
  }

  package var capabilities: PlaneCapabilities {
    PlaneCapabilities(settles: .milliseconds(10), cuts: false)
  }

  package func readSplit() async throws(ConnectorError) -> Split { try await runtime().split(spec.name) }

  package func apply(
    _ split: Split, targets: [Slot: String], generation: UInt64
  ) async throws(ConnectorError) {
    let entry = SplitEntry(split, generation: generation)
    let running = try await runtime().entry
    try entry.follows(running, in: "Envoy")
    let isRetreat = entry.isRetreat(from: running)
    if !isRetreat { try await check(targets) }
    do throws(ConnectorError) {
      try await file.write(EnvoyRuntime.file(for: entry, spec.name))
    } catch {
      // Traffic leaves a bad release though the disk is full; the file stays wrong, which the error says.
      if isRetreat { try await order(EnvoyRuntime.values(for: entry, spec.name)) }
      throw error
    }
    try await arrived(entry)
    if isRetreat { try await check(targets) }
  }

  package func counters(now: Timestamp) async throws(ConnectorError) -> CounterSample {
    let info = try await wire.json("/server_info")
    guard let age = info["uptime_current_epoch"]?.text, age.hasSuffix("s"), let seconds = Int64(age.dropLast()) else {
      throw ConnectorError(.garbage, "\(wire.place) does not say how long it runs; is another program there?")
    }
    let statistics = try await statistics()
    let start = counts.start(now: now, age: .seconds(seconds))
    let slots = Dictionary(uniqueKeysWithValues: Slot.allCases.map { ($0, statistics.counters(of: $0)) })
    return counts.rising(CounterSample(at: now, source: "envoy started \(start)", slots: slots))
  }

  package func inFlight(_ slot: Slot) async throws(ConnectorError) -> Int? {
    Int(clamping: try await statistics().inFlight(slot))
  }

  package func cut(_ slot: Slot) async throws(ConnectorError) {
    throw ConnectorError(
      .refused, "Envoy cannot end the connections of one slot; 'max_connection_duration' or stopping the release does")
  }

  private func statistics() async throws(ConnectorError) -> EnvoyStatistics {
    try EnvoyStatistics(try await wire.json(EnvoyStatistics.path(spec.name)), name: spec.name)
  }

  private func runtime() async throws(ConnectorError) -> EnvoyRuntime {
    guard let runtime = EnvoyRuntime(try await wire.json("/runtime?format=json"), name: spec.name) else {
      throw ConnectorError(.garbage, "\(wire.place) shows no runtime; is another program there?")
    }
    return runtime
  }
}

extension EnvoyPlane {
  /// Waits until Envoy runs `entry`, and takes away what somebody has put over it.
  private func arrived(_ entry: SplitEntry) async throws(ConnectorError) {
    let wanted = EnvoyRuntime.values(for: entry, spec.name)
    let end = ContinuousClock.now + deadline.duration
    var cleared: [String] = []
    while true {
      let runtime = try await runtime()
      if wanted.allSatisfy({ runtime.values[$0.key] == $0.value }) { return }
      let overridden = runtime.overridden(wanted, layer: spec.name)
      if !overridden.isEmpty, overridden != cleared {
        cleared = overridden
        try await order(Dictionary(uniqueKeysWithValues: overridden.map { ($0, "") }))
        continue
      }
      let known = runtime.layers.contains(spec.name)
      try await wire.pause(
        until: end,
        known
          ? "Envoy does not run \(entry.text) from \(spec.file) after \(deadline); does its layer '\(spec.name)' read that file?"
          : "Envoy has no runtime layer '\(spec.name)', only \(runtime.layers.joined(separator: ", ")); add an rtds_layer of that name"
      )
    }
  }

  /// Sets keys in the admin layer, where an empty value takes one away; an `OK` proves nothing.
  private func order(_ values: [String: String]) async throws(ConnectorError) {
    let query = values.sorted { $0.key < $1.key }.map { "\(spec.name).\($0.key)=\($0.value)" }.joined(separator: "&")
    let answer = try await wire.ask("/runtime_modify?\(query)", .POST)
    guard answer.status == 200 else { throw wire.refusal(answer, "/runtime_modify") }
  }

  /// Envoy's clusters have their addresses in its own configuration; a promotion must not fill another place than it sends traffic to.
  private func check(_ targets: [Slot: String]) async throws(ConnectorError) {
    guard !targets.isEmpty else { return }
    let clusters = try await wire.json("/clusters?format=json")
    for (slot, text) in targets.sorted(by: { $0.key < $1.key }) {
      let target = try PlaneTarget(text, for: "Envoy")
      let name = EnvoyRuntime.plain(slot, spec.name)
      let cluster = clusters["cluster_statuses"]?.list.first { $0["name"]?.text == name }
      let hosts = cluster?["host_statuses"]?.list ?? []
      let fits = hosts.contains { host in
        let address = host["address"]?["socket_address"]
        guard address?["port_value"]?.integer == target.port else { return false }
        return address?["address"]?.text == target.host || host["hostname"]?.text == target.host
      }
      guard fits, hosts.count == 1 else {
        throw ConnectorError(
          .misconfigured, "Envoy's cluster '\(name)' does not lead to \(target.text) alone; correct its load_assignment"
        )
      }
    }
  }
}
