import Foundation
import SlipwayModel
import Testing

/// The bodies of the journal's entries: what is written is read back the same, and what is read was written so or is refused.
@Suite("Records under fire")
struct RecordPropertyTests {
  @Test("F1: any fact is the same fact after it was written and read, byte for byte", arguments: 0..<8)
  func roundTrip(seed: UInt64) throws {
    var arbitrary = try Arbitrary(seed: seed)
    for _ in 0..<150 {
      try Self.expectSame(arbitrary.event())
      try Self.expectSame(arbitrary.ledgerEvent())
    }
  }

  @Test("F1: whoever reads the ledger anew reads the stream of every fact")
  func streams() throws {
    var arbitrary = try Arbitrary(seed: 77)
    for _ in 0..<500 {
      let fact = arbitrary.ledgerEvent()
      #expect(LedgerEvent.streamPrefixes.contains { fact.stream.hasPrefix($0) }, "\(fact.stream)")
    }
  }

  private static func expectSame<Fact: Codable & Equatable>(_ fact: Fact) throws {
    let bytes = try CanonicalJSON.encode(fact)
    let read = try CanonicalJSON.decode(Fact.self, from: bytes)
    #expect(read == fact, "\(String(decoding: bytes, as: UTF8.self))")
    #expect(try CanonicalJSON.encode(read) == bytes)
  }

  @Test("F1: a damaged body is refused or is a fact that is written and read the same", arguments: 0..<8)
  func damaged(seed: UInt64) throws {
    var arbitrary = try Arbitrary(seed: 100 + seed)
    var kept = 0
    for round in 0..<400 {
      let isRun = round % 2 == 0
      var bytes = try isRun ? CanonicalJSON.encode(arbitrary.event()) : CanonicalJSON.encode(arbitrary.ledgerEvent())
      for _ in 0...(round % 3) { Self.damage(&bytes, &arbitrary.random) }
      if isRun, let event = try? CanonicalJSON.decode(Event.self, from: bytes) {
        kept += 1
        try Self.expectSame(event)
      } else if let event = try? CanonicalJSON.decode(LedgerEvent.self, from: bytes) {
        kept += 1
        try Self.expectSame(event)
      }
    }
    #expect(kept > 0)
  }

  private static func damage(_ bytes: inout Data, _ random: inout SplitMix64) {
    let place = Int.random(in: 0..<bytes.count, using: &random)
    let digits = ["-1", "1e999", "9223372036854775808", "\"inf\"", "null", "1.5", "{}", "[]", "\\ud800"]
    switch Int.random(in: 0..<5, using: &random) {
    case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
    case 1: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
    case 2: bytes = bytes.prefix(place)
    case 3: bytes.insert(contentsOf: Data((digits.randomElement(using: &random) ?? "").utf8), at: place)
    default:
      guard let colon = bytes[place...].firstIndex(of: UInt8(ascii: ":")) else { return }
      let end = bytes[colon...].firstIndex { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}") } ?? bytes.endIndex
      bytes.replaceSubrange(colon + 1..<end, with: Data((digits.randomElement(using: &random) ?? "").utf8))
    }
    if bytes.isEmpty { bytes = Data("{".utf8) }
  }

  @Test(
    "F1: what is no fact is refused",
    arguments: [
      "", " ", "null", "[]", "{}", "1", "\"resumed\"", "{\"resumed\":{},\"expired\":{\"step\":0}}", "{\"unknown\":{}}",
      "{\"expired\":{}}", "{\"expired\":{\"step\":1.5}}", "{\"expired\":{\"step\":1e19}}",
      "{\"expired\":{\"step\":\"1\"}}",
      "{\"expired\":{\"step\":NaN}}", "{\"expired\":{\"step\":9223372036854775808}}", "\u{FEFF}{",
      "{\"resumedBy\":{\"_0\":\"\\ud800\"}}", "{\"resumedBy\":{\"_0\":\"\u{0}\"}}",
    ])
  func noFact(text: String) {
    #expect(throws: (any Error).self) { try CanonicalJSON.decode(Event.self, from: Data(text.utf8)) }
  }

  @Test("F1: a body nested without end or of invalid bytes is refused, not crashed upon")
  func bombs() {
    for unit in ["[", "{\"expired\":", "{\"a\":[", "\"", "\\"] {
      let bomb = Data(String(repeating: unit, count: 100_000).utf8)
      #expect(throws: (any Error).self) { try CanonicalJSON.decode(Event.self, from: bomb) }
      #expect(throws: (any Error).self) { try CanonicalJSON.decode(LedgerEvent.self, from: bomb) }
    }
    for bytes: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5], [0xEF, 0xBB, 0xBF]] {
      let body = Data("{\"resumedBy\":{\"_0\":\"".utf8) + bytes + Data("\"}}".utf8)
      guard let event = try? CanonicalJSON.decode(Event.self, from: body) else { continue }
      #expect((try? CanonicalJSON.encode(event)) != nil)
    }
  }

  @Test("F1: facts in no order whatever never stop the machine, and a replay gives the same state", arguments: 0..<8)
  func machine(seed: UInt64) throws {
    var arbitrary = try Arbitrary(seed: 200 + seed)
    for _ in 0..<10 {
      let request = arbitrary.request()
      var promotion = Promotion(request, at: .start)
      var facts: [(Event, Timestamp)] = []
      for _ in 0..<60 {
        let fact = (arbitrary.event(), arbitrary.time())
        facts.append(fact)
        promotion.apply(fact.0, at: fact.1)
        _ = (promotion.next(at: arbitrary.time()), promotion.violations, promotion.status)
      }
      var replayed = Promotion(request, at: .start)
      for (event, time) in facts { replayed.apply(event, at: time) }
      #expect(replayed == promotion)
      #expect(try CanonicalJSON.decode(Promotion.self, from: CanonicalJSON.encode(promotion)) == promotion)
    }
  }

  @Test("F1: facts in no order whatever never stop the ledger", arguments: 0..<4)
  func ledger(seed: UInt64) throws {
    var arbitrary = try Arbitrary(seed: 300 + seed)
    var ledger = Ledger()
    for _ in 0..<300 { ledger.apply(arbitrary.ledgerEvent(), at: arbitrary.time()) }
    for state in ledger.environments.values {
      for release in ledger.releases.values {
        _ = (state.verified(release), state.longestStay(of: release, at: arbitrary.time()))
      }
    }
    #expect(try CanonicalJSON.decode(Ledger.self, from: CanonicalJSON.encode(ledger)) == ledger)
  }
}
