internal import Foundation
@testable internal import SlipwayModel

/// The small texts that everything else is made of: read back the same, or refused.
struct ValueTarget: FuzzTarget {
  static func seeds() -> [Data] {
    [
      "1h30m", "250ms", "2026-11-21T05:01:47.382Z", "2026-12-31T23:59:60+00:00", "0000-01-01T00:00:00-23:59",
      "sha256:" + String(repeating: "a", count: 64), "a${env:B}c${file:d}${x}",
      "{\"days\":[\"Mon\"],\"fromMinute\":1,\"toMinute\":9}",
      "{\"bounds\":[1,2],\"counts\":[1,2,3]}", "1.5",
    ].map { Data($0.utf8) }
  }

  func take(_ data: Data) {
    let text = String(decoding: data, as: UTF8.self)
    if let span = Span(text) { insist(Span(span.description) == span, "another length: \(span)") }
    if let time = Timestamp(rfc3339: text) {
      insist(Timestamp(rfc3339: time.description) == time, "another time: \(time)")
      for window in [
        Window(zone: "Europe/Berlin", ranges: [WeeklyRange(days: [.sunday], fromMinute: 60, toMinute: 1_440)])
      ] {
        if let opening = window.opening(from: time) { insist(opening >= time, "an opening in the past") }
        _ = window.closing(after: time)
      }
    }
    if let digest = Digest(text) { insist(Digest(digest.description) == digest, "another digest") }
    let parts = SecretText(text).parts.map { part in
      switch part {
      case .literal(let text): text
      case .environment(let name): "${env:\(name)}"
      case .file(let path): "${file:\(path)}"
      }
    }
    insist(parts.joined() == text, "the parts are not the whole")
    if let span = try? CanonicalJSON.decode(Span.self, from: data) {
      _ = (span * 3, span + span, span - span, span.description, Timestamp(milliseconds: .max) + span)
    }
    _ = try? CanonicalJSON.decode(Window.self, from: data).opening(from: Timestamp(milliseconds: 0))
    if let range = try? CanonicalJSON.decode(WeeklyRange.self, from: data) {
      _ = Window(zone: "UTC", ranges: [range]).opening(from: Timestamp(milliseconds: 0))
    }
    if var histogram = try? CanonicalJSON.decode(LatencyHistogram.self, from: data) {
      histogram.record(seconds: 1)
      _ = (histogram.total, histogram.since(histogram))
    }
  }
}
