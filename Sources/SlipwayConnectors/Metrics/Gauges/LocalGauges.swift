internal import Foundation
internal import SlipwayHost
internal import SlipwayModel
internal import Synchronization

/// One number that a command prints.
struct CommandGauge: GaugeReader {
  let line: String
  let timeout: Span
  let runner: CommandRunner

  func value(of slot: Slot, release: ReleaseID, now: Timestamp) async throws(ConnectorError) -> Double? {
    let output = try await runner.run(
      line, variables: ["SLIPWAY_SLOT": slot.rawValue, "SLIPWAY_RELEASE": release.text], isAnswer: true,
      timeout: timeout)
    guard output.code == 0 else {
      throw ConnectorError(
        .refused, "command '\(line)' ended with code \(output.code): \(output.ending); \(output.advice)")
    }
    let text = output.answer.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !text.isEmpty else { return nil }
    guard let number = Double(text) else {
      throw ConnectorError(.garbage, "command '\(line)' prints no number: \(output.ending)")
    }
    return number
  }
}

/// The first column of the first row.
struct SQLGauge: GaugeReader {
  let url: SecretText
  let query: String
  let timeout: Span
  let database: any DatabaseQuestion

  func value(of slot: Slot, release: ReleaseID, now: Timestamp) async throws(ConnectorError) -> Double? {
    guard let text = SlotPlaces.filled(query, slot: slot, release: release, quote: SlotQuery.literal),
      let row = try await database.row(of: text, at: url, timeout: timeout), let cell = row.first ?? nil
    else { return nil }
    guard let number = Double(cell) else {
      throw ConnectorError(.garbage, "the SQL query gives '\(cell.prefix(40))', not a number")
    }
    return number
  }
}

/// How much CPU time processes had used when somebody last looked; shared by all who look, because one look says nothing about a share.
package final class ProcessLooks: Sendable {
  private struct Look {
    let at: Timestamp
    let seconds: Double
  }

  private let before = Mutex<[Int32: Look]>([:])

  /// Looks closer together than this are one: the kernel counts in hundredths of a second.
  private static let shortest = Span.milliseconds(500)

  /// Processes that are remembered; more have come and gone in a command that runs for months.
  private static let most = 1_000

  package init() {}

  /// Processors kept busy since the look before; nil at the first, and where the process is another one with the same number.
  func busy(_ pid: Int32, seconds: Double, at now: Timestamp) -> Double? {
    before.withLock { before in
      if before.count > Self.most { before = [:] }
      guard let earlier = before[pid], now > earlier.at, seconds >= earlier.seconds else {
        before[pid] = Look(at: now, seconds: seconds)
        return nil
      }
      if now - earlier.at >= Self.shortest { before[pid] = Look(at: now, seconds: seconds) }
      return (seconds - earlier.seconds) / (now - earlier.at).seconds
    }
  }
}

/// What the kernel says about a slot's process and its children.
struct ProcessGauge: GaugeReader {
  let measure: ProcessMeasure
  let looks: ProcessLooks
  let process: @Sendable (Slot) async throws(ConnectorError) -> Int32?

  func value(of slot: Slot, release: ReleaseID, now: Timestamp) async throws(ConnectorError) -> Double? {
    guard let pid = try await process(slot), let usage = ProcessUsage.of(pid) else { return nil }
    switch measure {
    case .cpu: return looks.busy(pid, seconds: usage.cpuSeconds, at: now)
    case .memory: return Double(usage.residentBytes)
    case .files: return usage.files.map { Double($0) }
    case .threads: return Double(usage.threads)
    }
  }
}

/// The free share of a disk, as far as ordinary users may fill it.
struct DiskGauge: GaugeReader {
  let path: String

  func value(of slot: Slot, release: ReleaseID, now: Timestamp) async throws(ConnectorError) -> Double? {
    var figures = statvfs()
    guard statvfs(path, &figures) == 0 else {
      throw ConnectorError(.misconfigured, "the disk of \(path) cannot be asked; does the folder exist?")
    }
    let usable = figures.f_blocks - figures.f_bfree + figures.f_bavail
    return usable == 0 ? nil : Double(figures.f_bavail) / Double(usable)
  }
}
