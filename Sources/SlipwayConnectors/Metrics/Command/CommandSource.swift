internal import Foundation
package import SlipwayModel

/// Cumulative counters that a command prints, run once for each slot that holds a release.
///
/// It sees `SLIPWAY_SLOT` and `SLIPWAY_RELEASE` and prints `{"requests": 10, "errors": 1}` or `requests=10 errors=1`; nothing is no data.
/// A `process` beside them may be any word that changes when the counts begin anew.
package struct CommandSource: CounterSource {
  private let spec: CommandSourceSpec
  private let runner: CommandRunner

  package init(_ spec: CommandSourceSpec, runner: CommandRunner) {
    self.spec = spec
    self.runner = runner
  }

  package func sample(now: Timestamp, releases: [Slot: ReleaseID]) async throws(ConnectorError) -> CounterSample {
    var sample = CounterSample(at: now, source: "command", slots: [:])
    for slot in Slot.allCases {
      guard let release = releases[slot] else {
        sample.add(.noRelease(slot), of: slot)
        continue
      }
      let output = try await runner.run(
        spec.run, variables: ["SLIPWAY_SLOT": slot.rawValue, "SLIPWAY_RELEASE": release.text],
        references: spec.environment, isAnswer: true, timeout: spec.timeout)
      guard output.code == 0 else {
        throw ConnectorError(
          .refused,
          "command '\(spec.run)' ended with code \(output.code) for slot \(slot): \(output.ending); \(output.advice)")
      }
      guard let figures = PrintedFigures(output.answer) else {
        throw ConnectorError(
          .garbage,
          "command '\(spec.run)' prints no counts for slot \(slot): \(output.ending); it should print requests=… errors=…"
        )
      }
      if let process = figures.process { sample.source += " \(slot) \(process)" }
      sample.add(
        figures.counters.map { SlotFigures($0) }
          ?? SlotFigures(missing: "command '\(spec.run)' printed nothing for slot \(slot)"), of: slot)
    }
    return sample
  }
}

/// Counts as a command prints them.
struct PrintedFigures: Sendable, Equatable {
  /// Nil where nothing was printed.
  private(set) var counters: SlotCounters?
  private(set) var process: String?

  /// Nil when the text is neither of the two forms, or a count is none.
  init?(_ text: String) {
    let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !trimmed.isEmpty else { return }
    guard let fields = trimmed.hasPrefix("{") ? Self.json(trimmed) : Self.words(trimmed),
      let requests = Self.count(fields["requests"]), let errors = Self.count(fields["errors"])
    else { return nil }
    counters = SlotCounters(requests: requests, serverErrors: errors)
    process = fields["process"]
  }

  private static func count(_ text: String?) -> UInt64? {
    text.flatMap { UInt64($0) ?? Double($0).flatMap(Count.exactly) }
  }

  private static func json(_ text: String) -> [String: String]? {
    guard case .object(let object)? = try? JSONTree(Data(text.utf8)) else { return nil }
    return object.compactMapValues { value in
      switch value {
      case .integer(let integer): "\(integer)"
      case .number(let number): Count.exactly(number).map { "\($0)" } ?? "\(number)"
      case .text(let text): text
      case .null, .boolean, .list, .object: nil
      }
    }
  }

  private static func words(_ text: String) -> [String: String]? {
    var fields: [String: String] = [:]
    for word in text.split(whereSeparator: \.isWhitespace) {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, fields.updateValue(String(parts[1]), forKey: String(parts[0])) == nil else { return nil }
    }
    return fields
  }
}
