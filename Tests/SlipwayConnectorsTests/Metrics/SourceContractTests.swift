import Foundation
import SlipwayConnectors
import SlipwayModel
import Testing

/// What every source of counters must do, whoever keeps the counts.
@Suite("Sources of counters: contract")
struct SourceContractTests {
  @Test(
    "C5: counts what is counted, across a gap, and says no data where there is none", arguments: SourceKind.allCases)
  func counts(kind: SourceKind) async throws {
    try await SourceBench.with(kind) { bench in
      let first = try await bench.sample()
      #expect(first.slots.count == 2 && first.missing == nil, "\(first)")
      try await bench.count(a: [100, 2], b: [50, 7])
      let second = try await bench.sample()
      #expect(second.source == first.source)
      try Self.expect(second, since: first, a: [100, 2], b: [50, 7])
      // A gap: nobody could be asked for a while.
      try await bench.count(a: [5, 0], b: [6, 1])
      try await bench.server.set(["fault": 503])
      #expect(try await bench.error("503").code == .unreachable)
      try await bench.count(a: [7, 1], b: [8, 2])
      try await bench.server.set(["fault": NSNull()])
      let third = try await bench.sample()
      try Self.expect(third, since: second, a: [12, 1], b: [14, 3])
      // Asked twice, counted once.
      let again = try await bench.sample()
      try Self.expect(again, since: third, a: [0, 0], b: [0, 0])
      // Slot b is gone.
      bench.now = bench.now + .minutes(20)
      try await bench.server.set([
        "counts": ["a": [1_000, 3]],
        "points": ["a": ["requests": ["\(bench.now.milliseconds / 60_000 * 60 - 120)": 3]]],
      ])
      let alone = try await bench.sample()
      if kind != .scrape {
        #expect(alone.slots[.b] == nil)
        #expect(alone.slots[.a] != nil)
      }
      #expect(alone.missing?[.b] != nil, "nobody says why")
    }
  }

  private static func expect(_ new: CounterSample, since old: CounterSample, a: [UInt64], b: [UInt64]) throws {
    for (slot, wanted) in [(Slot.a, a), (.b, b)] {
      let before = try #require(old.slots[slot])
      let difference = try #require(new.slots[slot]?.since(before))
      #expect([difference.requests, difference.serverErrors] == wanted, "slot \(slot)")
    }
  }

  @Test("what is no count is not taken for one", arguments: SourceKind.allCases)
  func noCount(kind: SourceKind) async throws {
    try await SourceBench.with(kind) { bench in
      _ = try await bench.sample()
      for value in [0.5, -3, 1e300] {
        bench.now = bench.now + .minutes(1)
        let second = "\(bench.now.milliseconds / 60_000 * 60 - 60)"
        let points = ["requests": [second: value], "errors": [second: 0]]
        try await bench.server.set([
          "counts": ["a": [value, 0], "b": [value, 0]], "points": ["a": points, "b": points],
        ])
        let error = try await bench.error("\(value)")
        #expect([.garbage, .misconfigured].contains(error.code), "\(value): \(error.message)")
        #expect(error.message.contains("no count"), "\(error.message)")
      }
    }
  }

  @Test(
    "counters that began anew are told, and no window counts across",
    arguments: [SourceKind.scrape, .json, .prometheus])
  func reset(kind: SourceKind) async throws {
    try await SourceBench.with(kind) { bench in
      let before = try await bench.sample()
      try await bench.server.set(["counts": ["a": [3, 0], "b": [2, 0]]])
      let lower = try await bench.sample()
      let earlier = try #require(before.slots[.a])
      #expect(lower.slots[.a] != nil && lower.slots[.a]?.since(earlier) == nil)
      guard kind != .prometheus else { return }
      // It began anew and has overtaken itself: only its start time tells.
      try await bench.server.set(["life": "2", "counts": ["a": [3_000, 0], "b": [2_000, 0]]])
      #expect(try await bench.sample().source != before.source)
    }
  }

  @Test("NaN is no data", arguments: [SourceKind.scrape, .prometheus])
  func notANumber(kind: SourceKind) async throws {
    try await SourceBench.with(kind) { bench in
      try await bench.server.set(["counts": ["a": ["NaN", 0], "b": [5, 0]]])
      let sample = try await bench.sample()
      #expect(sample.slots[.a] == nil && sample.slots[.b] != nil)
      #expect(sample.missing?[.a]?.contains("NaN") == true)
    }
  }

  @Test(
    "what comes late is left out and said; what comes twice is refused",
    arguments: SourceKind.allCases.filter(\.isByInterval)
  )
  func late(kind: SourceKind) async throws {
    try await SourceBench.with(kind) { bench in
      _ = try await bench.sample()
      try await bench.count(a: [10, 0], b: [10, 0])
      let before = try await bench.sample()
      // The minute that was counted has 5 requests more now.
      let second = "\(bench.now.milliseconds / 60_000 * 60 - 60)"
      bench.points["b"]?["requests"]?[second] = 15
      try await bench.count(a: [1, 0], b: [2, 0])
      let after = try await bench.sample()
      try Self.expect(after, since: before, a: [1, 0], b: [2, 0])
      #expect(after.missing?[.b]?.hasPrefix("5 requests of slot b") == true, "\(after.missing ?? [:])")
      // Nobody is asked again before another interval has closed.
      let hits = try await bench.server.hits()
      bench.now = bench.now + .seconds(2)
      #expect(try await bench.sample().slots == after.slots)
      #expect(try await bench.server.hits() == hits)
      try await bench.count(a: [1, 0], b: [1, 0])
      guard kind != .newrelic else { return }
      try await bench.server.set(["twice": true])
      #expect(try await bench.error("twice").message.contains("two points"))
    }
  }
}
