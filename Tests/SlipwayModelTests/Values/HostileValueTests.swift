import Foundation
import SlipwayModel
import Testing

/// Values that come in over a socket or out of a journal that somebody wrote into.
@Suite("Values: hostile input")
struct HostileValueTests {
  @Test("weights that would overflow when added are no split", arguments: [Int.max, .min, 101, -1, 1 << 62])
  func split(weight: Int) {
    for other in [weight, 0, 1, 100, Int.max] {
      #expect(Split(readBackA: weight, b: other, fallback: .a) == nil)
      #expect(Split(readBackA: other, b: weight, fallback: nil) == nil)
    }
  }

  @Test(
    "a histogram whose counts do not fit its bounds is refused where it is read",
    arguments: [
      "{\"bounds\":[1,2],\"counts\":[]}", "{\"bounds\":[1,2],\"counts\":[1,2]}", "{\"bounds\":[],\"counts\":[]}",
      "{\"bounds\":[2,1],\"counts\":[1,2,3]}", "{\"bounds\":[1,1],\"counts\":[1,2,3]}",
      "{\"bounds\":[1],\"counts\":[1,-2]}", "{\"bounds\":[\"nan\",1],\"counts\":[1,2,3]}",
    ])
  func histogram(text: String) {
    #expect(throws: DecodingError.self) { try CanonicalJSON.decode(LatencyHistogram.self, from: Data(text.utf8)) }
  }

  @Test("minutes that no day has are refused where they are read", arguments: [-1, 1_441, Int.max, .min])
  func minutes(minute: Int) {
    for text in ["\"fromMinute\":\(minute),\"toMinute\":1", "\"fromMinute\":0,\"toMinute\":\(minute)"] {
      let data = Data("{\"days\":[\"Mon\"],\(text)}".utf8)
      #expect(throws: DecodingError.self) { try CanonicalJSON.decode(WeeklyRange.self, from: data) }
    }
  }

  @Test("half a million openings of a reference are split in a moment", .timeLimit(.minutes(1)))
  func references() {
    let openings = String(repeating: "${", count: 500_000)
    #expect(SecretText(openings).parts == [.literal(openings)])
    #expect(SecretText(openings + "env:A}").parts.count == 2)
    #expect(SecretText("}" + openings).parts.count == 1)
    #expect(
      SecretText("a}${env:B}${x}${file:c}${").parts == [
        .literal("a}"), .environment("B"), .literal("${x}"), .file("c"), .literal("${"),
      ])
  }

  @Test(
    "times and lengths at the edge are kept or refused, never trapped upon",
    arguments: [
      "9e15", "9223372036854775.807", "9223372036854775808", "1e308", "-1e308", "1e-308", "\"inf\"", "\"nan\"", "-0.0",
    ])
  func spans(text: String) {
    guard let span = try? CanonicalJSON.decode(Span.self, from: Data(text.utf8)) else { return }
    for count in [Int.max, .min, 0, -1, 2] { _ = span * count }
    let far = Timestamp(milliseconds: .max)
    for time in [far, Timestamp(milliseconds: .min), .start] {
      _ = (time + span, time - span, time - far, "\(time + span)", (time - span).compactUTC, span.description)
    }
  }
}
