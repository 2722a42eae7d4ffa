import Foundation
import SlipwayModel
import Testing

@Suite("Values: times and spans")
struct TimeTests {
  @Test(
    "RFC 3339 is read with any offset and fraction",
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("2026-11-21T05:01:47.382Z", 1_795_237_307_382),
      ("2026-11-21T06:01:47.382+01:00", 1_795_237_307_382), ("2026-11-20T23:31:47.382-05:30", 1_795_237_307_382),
      ("2026-11-21t05:01:47.3829999z", 1_795_237_307_382), ("2026-11-21 05:01:47.382000000Z", 1_795_237_307_382),
      ("1970-01-01T00:00:00.5Z", 500), ("1970-01-01T00:00:00-00:00", 0), ("2024-02-29T00:00:00Z", 1_709_164_800_000),
      ("2016-12-31T23:59:60Z", 1_483_228_800_000), ("2017-01-01T00:59:60+01:00", 1_483_228_800_000),
      ("0000-01-01T00:00:00Z", -62_167_219_200_000), ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
      ("1969-12-31T23:59:59.999Z", -1),
    ] as [(String, Int64)])
  func valid(text: String, milliseconds: Int64) throws {
    let time = try #require(Timestamp(rfc3339: text))
    #expect(time.milliseconds == milliseconds)
    #expect(Timestamp(rfc3339: time.description) == time)
  }

  @Test(
    "what is no RFC 3339 is refused",
    arguments: [
      "", "2026", "2026-11-21", "2026-11-21T05:01:47", "2026-11-21T05:01Z", "2026-11-21T05:01:47.Z",
      "2026-13-01T00:00:00Z",
      "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-11-21T24:00:00Z",
      "2026-11-21T05:60:00Z",
      "2026-11-21T05:01:61Z", "2026-11-21T12:30:60Z", "2026-11-21T23:59:60Z", "2026-12-31T23:59:60+01:00",
      "2026-11-21T05:01:47+24:00", "2026-11-21T05:01:47+01:60", "2026-11-21T05:01:47+0100", "2026-11-21T05:01:47 Z",
      "2026-11-21T05:01:47Zx", " 2026-11-21T05:01:47Z", "2026-1-21T05:01:47Z", "02026-11-21T05:01:47Z",
      "2026-11-21T05:01:47,5Z",
      "2026-11-21T05:01:47.1234567890Z", "٢٠٢٦-11-21T05:01:47Z", "-026-11-21T05:01:47Z", "2026-11-21T05:01:47.-5Z",
      "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
    ])
  func invalid(text: String) {
    #expect(Timestamp(rfc3339: text) == nil)
    let json = Data("\"\(text)\"".utf8)
    #expect(throws: DecodingError.self) { try CanonicalJSON.decode(Timestamp.self, from: json) }
  }

  @Test(
    "every instant of the years 0 to 9999 is read back as it was written, sorts as text, and agrees with Foundation")
  func roundTrip() throws {
    var random = SplitMix64(seed: 1)
    let formatter = ISO8601DateFormatter()
    formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
    var last: (Timestamp, String)?
    for round in 0..<5_000 {
      let time = Timestamp(milliseconds: Int64.random(in: -62_167_219_200_000...253_402_300_799_999, using: &random))
      #expect(Timestamp(rfc3339: time.description) == time)
      if round < 200, time.milliseconds > 0 {
        let date = try #require(formatter.date(from: time.description))
        #expect(abs(date.timeIntervalSince1970 * 1_000 - Double(time.milliseconds)) < 1)
      }
      if let last { #expect((last.0 < time) == (last.1 < time.description)) }
      last = (time, time.description)
    }
  }

  @Test("F7: a clock beyond all years is written as the nearest that can be read, and nothing traps")
  func beyond() {
    for milliseconds in [Int64.min, .min + 1, -62_167_219_200_001, 253_402_300_800_000, .max - 1, .max] {
      let time = Timestamp(milliseconds: milliseconds)
      #expect(Timestamp(rfc3339: time.description) != nil)
      #expect(time.compactUTC.count == 18)
    }
    let (first, last) = (Timestamp(milliseconds: .min), Timestamp(milliseconds: .max))
    #expect(last + .hours(1) == last && first - .hours(1) == first)
    #expect((last - first).milliseconds == .max && (first - last).milliseconds == .min)
    #expect(last - Span(milliseconds: .min) == last)
  }

  @Test(
    "spans are read as users write them",
    arguments: [
      ("250ms", 250), ("30s", 30_000), ("5m", 300_000), ("2h", 7_200_000), ("1d", 86_400_000), ("1h30m", 5_400_000),
      ("1m1ms", 60_001), ("0s", 0), ("36500d", 3_153_600_000_000), ("90s", 90_000),
    ] as [(String, Int64)])
  func spans(text: String, milliseconds: Int64) { #expect(Span(text)?.milliseconds == milliseconds) }

  @Test(
    "what is no span is refused",
    arguments: [
      "", "5", "s", "5 s", "-5s", "+5s", "5x", "1.5h", "5S", "1h-1m", "36526d", "999999999999999999d", "999999999999d",
      "５s", "5s5",
      "36525d1ms",
    ])
  func noSpans(text: String) { #expect(Span(text) == nil) }

  @Test("every span is read back as it was written, as text and as JSON")
  func spanRoundTrip() throws {
    var random = SplitMix64(seed: 2)
    for _ in 0..<2_000 {
      let scale: Int64 = [1_000, 100_000, 1_000_000_000, 3_155_760_000_000].randomElement(using: &random) ?? 1
      let span = Span(milliseconds: Int64.random(in: 0...scale, using: &random))
      #expect(Span(span.description) == span)
      #expect(try CanonicalJSON.decode(Span.self, from: CanonicalJSON.encode(span)) == span)
    }
    #expect(Span(milliseconds: -90_000).description == "-1m30s")
    #expect(!Span(milliseconds: .min).description.isEmpty)
    for text in ["1e300", "-1e300", "\"5s\"", "\"nan\""] {
      #expect(throws: DecodingError.self) { try CanonicalJSON.decode(Span.self, from: Data(text.utf8)) }
    }
    let most = Span(milliseconds: .max)
    #expect(most + most == most && most * 3 == most && (Span(milliseconds: .min) - most).milliseconds == .min)
  }

  @Test("run ids sort by the time they were made")
  func runIDs() {
    var random = SplitMix64(seed: 3)
    let times = (0..<500).map { _ in Timestamp(milliseconds: Int64.random(in: 0...4_000_000_000_000, using: &random)) }
    let ids = Set(times).map {
      (time: $0, id: RunID(at: $0, randomness: UInt32.random(in: 0...(.max), using: &random)))
    }
    #expect(ids.sorted { $0.id < $1.id }.map(\.time) == ids.map(\.time).sorted())
    #expect(RunID(at: Timestamp(milliseconds: 1_795_237_307_382), randomness: 0).text == "20261121-050147382-0000")
  }

  @Test("a retry's pause doubles up to its longest")
  func pauses() {
    let policy = RetryPolicy(attempts: 4, firstDelay: .seconds(1), longestDelay: .seconds(15))
    #expect(
      [0, 1, 2, 3, 4, 5, 6, 99].map { policy.delay(after: $0).milliseconds }
        == [1, 1, 2, 4, 8, 15, 15, 15].map { $0 * 1_000 })
    #expect(!policy.isExhausted(after: 3) && policy.isExhausted(after: 4))
    #expect(!RetryPolicy.untilDone.isExhausted(after: .max))
  }
}
