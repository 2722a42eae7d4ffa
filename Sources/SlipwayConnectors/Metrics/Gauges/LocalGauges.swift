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

/// What the kernel says about a slot's process and its children.
final class ProcessGauge: GaugeReader {
  private struct Look {
    let pid: Int32
    let at: Timestamp
    let seconds: Double
  }

  private let measure: ProcessMeasure
  private let process: @Sendable (Slot) async throws(ConnectorError) -> Int32?
  private let before = Mutex<[Slot: Look]>([:])

  init(measure: ProcessMeasure, process: @escaping @Sendable (Slot) async throws(ConnectorError) -> Int32?) {
    self.measure = measure
    self.process = process
  }

  func value(of slot: Slot, release: ReleaseID, now: Timestamp) async throws(ConnectorError) -> Double? {
    guard let pid = try await process(slot), let usage = ProcessUsage.of(pid) else { return nil }
    switch measure {
    case .cpu: return busy(Look(pid: pid, at: now, seconds: usage.cpuSeconds), slot)
    case .memory: return Double(usage.residentBytes)
    case .files: return usage.files.map { Double($0) }
    case .threads: return Double(usage.threads)
    }
  }

  /// Processors kept busy since the look before; nil at the first, and after a restart.
  private func busy(_ look: Look, _ slot: Slot) -> Double? {
    let earlier = before.withLock { before in
      let earlier = before[slot]
      before[slot] = look
      return earlier
    }
    guard let earlier, earlier.pid == look.pid, look.at > earlier.at, look.seconds >= earlier.seconds else {
      return nil
    }
    return (look.seconds - earlier.seconds) / (look.at - earlier.at).seconds
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
