package import AsyncHTTPClient
internal import Foundation
package import SlipwayModel

/// nginx, switched through an included file and a reload (docs/planes.md has the configuration that goes with it).
///
/// A reload closes idle connections of clients, so requests that race with it are lost unless they are sent again. nginx says nothing when it
/// refuses a configuration, so that is tested first; and old workers go on for about 100 ms after new ones answer, so their end is awaited.
package struct NginxPlane: TrafficPlane {
  package let frontDoor: String
  private let spec: NginxSpec
  private let wire: PlaneWire
  private let file: PlaneFile
  private let runner: CommandRunner
  private let pidFile: String?
  private let deadline: Span

  /// How long old workers are waited for that cannot be seen, or that cannot be told from those that serve.
  private static let settling = Span.milliseconds(250)

  /// - Parameters:
  ///   - spec: file and addresses of one environment.
  ///   - folder: where relative paths are looked up.
  ///   - runner: runs the test and the reload.
  ///   - client: must not follow redirects.
  ///   - deadline: longest time for one question or command, and for a change to arrive.
  /// - Throws: `misconfigured` when nothing says how nginx is reloaded.
  package init(
    _ spec: NginxSpec, folder: String, runner: CommandRunner, client: HTTPClient, deadline: Span = .seconds(10)
  ) throws(ConnectorError) {
    guard spec.pid != nil || spec.reload != nil else {
      throw ConnectorError(
        .misconfigured, "nothing says how nginx is reloaded; name its 'pid' file or a 'reload' command")
    }
    let absolute = { (path: String) in path.hasPrefix("/") ? path : folder + "/" + path }
    self.spec = spec
    self.runner = runner
    self.deadline = deadline
    frontDoor = spec.url
    pidFile = spec.pid.map(absolute)
    wire = PlaneWire(product: "nginx", base: spec.status, client: client, deadline: deadline)
    file = PlaneFile(path: absolute(spec.file), product: "nginx", deadline: deadline)
  }

  package var capabilities: PlaneCapabilities {
    PlaneCapabilities(settles: Self.settling, cuts: false)
  }

  package func readSplit() async throws(ConnectorError) -> Split {
    guard let entry = try await running() else { return .none }
    // nginx shows the word, not the shares beside it, so the file must be the one that belongs to the word.
    let text = file.text() ?? ""
    guard NginxFile.says(text, entry, spec) else {
      throw ConnectorError(
        .garbage,
        "nginx runs \(entry.text), but its file \(spec.file) is another; somebody else changed it, the next change by slipway puts it right"
      )
    }
    return entry.split
  }

  package func apply(
    _ split: Split, targets: [Slot: String], generation: UInt64
  ) async throws(ConnectorError) {
    let entry = SplitEntry(split, generation: generation)
    // Drift must not stop the change that puts it right.
    let running: SplitEntry?
    do throws(ConnectorError) { running = try await self.running() } catch {
      guard error.code == .garbage else { throw error }
      running = nil
    }
    try entry.follows(running, in: "nginx")
    let before = file.text()
    var addresses = NginxFile.targets(in: before ?? "")
    for (slot, target) in targets { addresses[slot] = try PlaneTarget(target, for: "nginx") }
    for slot in Slot.allCases where split[slot] > 0 && addresses[slot] == nil {
      throw ConnectorError(.misconfigured, "nginx was never told where slot \(slot) is; its share cannot be sent there")
    }
    let text = NginxFile.text(for: entry, targets: addresses, spec)
    // A repeat of what is in force costs no connection.
    if running == entry, before == text { return }
    try await file.write(text)
    do throws(ConnectorError) { try await test() } catch {
      if let before { try await file.write(before) }
      throw error
    }
    try await reload(entry)
  }

  package func counters(now: Timestamp) async throws(ConnectorError) -> CounterSample {
    throw ConnectorError(
      .refused, "nginx does not count the requests of each slot; name another source under 'metrics'")
  }

  package func inFlight(_ slot: Slot) async throws(ConnectorError) -> Int? { nil }

  package func cut(_ slot: Slot) async throws(ConnectorError) {
    throw ConnectorError(
      .refused, "nginx cannot end the connections of one slot; 'worker_shutdown_timeout' or stopping the release does")
  }
}

extension NginxPlane {
  /// The entry that nginx answers with, from the configuration that runs.
  private func running() async throws(ConnectorError) -> SplitEntry? {
    let answer = try await wire.ask("")
    guard answer.status == 200 else { throw wire.refusal(answer, "'\(spec.status)'") }
    let text = String(decoding: answer.body, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    if text.isEmpty { return nil }
    guard let entry = SplitEntry(text) else {
      throw ConnectorError(
        .garbage,
        "nginx answers '\(answer.excerpt.prefix(100))' at \(spec.status), which is no split; it should return $\(spec.name)_split"
      )
    }
    return entry.split == .none && entry.generation == 0 ? nil : entry
  }

  private func test() async throws(ConnectorError) {
    let output = try await runner.run(spec.test, timeout: deadline)
    guard output.code == 0 else {
      throw ConnectorError(
        .refused,
        "nginx would refuse the new split ('\(spec.test)' says: \(output.ending)); the old file is back in place")
    }
  }

  /// Reloads and waits until only workers of the new configuration take requests.
  private func reload(_ entry: SplitEntry) async throws(ConnectorError) {
    let old = try pidFile.map { path throws(ConnectorError) in try NginxWorkers(pidFile: path) }
    let workers = old?.serving ?? []
    if let line = spec.reload {
      let output = try await runner.run(line, timeout: deadline)
      guard output.code == 0 else {
        throw ConnectorError(.refused, "nginx was not reloaded: '\(line)' says: \(output.ending)")
      }
    } else {
      try old?.reload()
    }
    let end = ContinuousClock.now + deadline.duration
    while (try? await running()) != entry {
      try await wire.pause(
        until: end,
        "nginx does not run \(entry.text) after \(deadline); does it include \(spec.file), and what does its error log say?"
      )
    }
    // With no pid file, or one in another container, nobody sees the old workers.
    let settled = ContinuousClock.now + Self.settling.duration
    while workers.isEmpty || workers.contains(where: NginxWorkers.serves), ContinuousClock.now < settled {
      try await wire.pause(until: end, "nginx's old workers go on after \(deadline)")
    }
  }
}
