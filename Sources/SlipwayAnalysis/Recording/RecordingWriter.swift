package import Foundation
internal import SlipwayModel

/// Writes a recording so that ``RecordingReader`` reads the same again: one JSON object a line.
package enum RecordingWriter {
  private struct Head: Encodable {
    var blue: String
    var counts = RecordingCounts.cumulative.rawValue
    var dispersion: Double?
    var green: String
    var recording = 1
  }

  private struct Row: Encodable {
    var time: String
    var slot: String
    var requests: UInt64
    var errors: UInt64
    var weight: Int
    var crashes: Int?
    var le: [String: UInt64]?
    var gauges: [String: Double]?
  }

  /// The recording as cumulative counts, the lines in the order they were read.
  package static func lines(_ recording: WatchRecording) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var data = try encoder.encode(
      Head(
        blue: recording.blue?.rawValue ?? "none", dispersion: recording.dispersion, green: recording.green.rawValue))
    data.append(10)
    var written: Timestamp?
    for stretch in recording.stretches {
      // A watch may begin with the reading that the one before ended with, and an instant has one row for a slot.
      for sample in stretch.samples where written.map({ sample.at > $0 }) ?? true {
        written = sample.at
        for slot in Slot.allCases {
          guard let counters = sample.slots[slot] else { continue }
          data += try encoder.encode(row(sample, slot, counters, stretch.percent))
          data.append(10)
        }
      }
    }
    return data
  }

  private static func row(_ sample: CounterSample, _ slot: Slot, _ counters: SlotCounters, _ percent: Int) -> Row {
    var buckets: [String: UInt64]?
    if let latency = counters.latency {
      var (sum, all): (UInt64, [String: UInt64]) = (0, [:])
      for (bound, count) in zip(latency.bounds.map { "\($0)" } + ["inf"], latency.counts) {
        sum &+= count
        all[bound] = sum
      }
      buckets = all
    }
    return Row(
      time: sample.at.description, slot: slot == .a ? "a" : "b", requests: counters.requests,
      errors: min(counters.errors, counters.requests), weight: percent, crashes: sample.crashes[slot], le: buckets,
      gauges: sample.gauges[slot])
  }
}
