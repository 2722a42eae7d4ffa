import Foundation
import SlipwayModel
import SlipwayPipelineFile
import Testing

@Suite("Pipeline file: what a valid file means")
struct DecodingTests {
  @Test("every key arrives in its place")
  func complete() throws {
    let document = try Samples.read(CompleteExample.text).get()
    let (read, wanted) = (document.pipeline, CompleteExample.pipeline)
    #expect(read.environments == wanted.environments)
    #expect(read.promotions == wanted.promotions)
    #expect(read.windows == wanted.windows)
    #expect(read == wanted)
    #expect(document.digest == Digest(of: Data(CompleteExample.text.utf8)))
  }

  @Test("what is left out is the model's default")
  func defaults() throws {
    let pipeline = try Samples.read(Samples.base).get().pipeline
    let production = try #require(pipeline.environment("production"))
    #expect(production.traffic == .router(RouterSpec(listen: "127.0.0.1:8080")))
    #expect(production.health == HealthSpec())
    #expect(
      pipeline.promotion(to: "staging")
        == PromotionSpec(from: nil, to: "staging", watch: CompleteExample.unprotectedWatch))
    #expect(pipeline.promotion(to: "production")?.rollback == RollbackSpec())
  }

  @Test("gates may name another environment, and bare words have their defaults")
  func gates() throws {
    let text = Samples.base.replacingOccurrences(
      of: "- soak: 1h",
      with: "- soak: {at_least: 30m, in: staging}\n      - tests\n      - vulnerabilities: {low: 3}")
    let gates = try Samples.read(text).get().pipeline.promotion(to: "production")?.gates ?? []
    #expect(gates.contains(.soak(in: "staging", atLeast: .minutes(30))))
    #expect(gates.contains(.tests(minimum: 1)))
    #expect(gates.contains(.vulnerabilities(limits: [.low: 3])))
  }

  @Test("an alias means what its anchor says, and lines may end in CR LF")
  func spelling() throws {
    let aliased = Samples.base.replacingOccurrences(of: "[ann, bob]", with: "&people [ann, bob]")
      .replacingOccurrences(of: "[carol]", with: "*people")
    #expect(try Samples.read(aliased).get().pipeline.roles["sre"] == ["ann", "bob"])
    let windows = Samples.base.replacingOccurrences(of: "\n", with: "\r\n")
    #expect(try Samples.read(windows).get().pipeline == Samples.read(Samples.base).get().pipeline)
  }

  @Test("the shell's own variables stay in command lines")
  func shell() throws {
    let text = Samples.base.replacingOccurrences(of: "run: ./tell.sh", with: "run: './tell.sh ${HOME} ${env:-none}'")
    #expect(try Samples.read(text).get().pipeline.notify.first?.run == "./tell.sh ${HOME} ${env:-none}")
  }

  @Test("durations and percentages are read as they are written", arguments: 0..<200)
  func quantities(_ seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let span = Span.milliseconds(Int64.random(in: 1...400_000_000, using: &random))
    let tenth = Int.random(in: 1...1_000, using: &random)
    let percent = "\(tenth / 10).\(tenth % 10)%"
    let text = Samples.base.replacingOccurrences(of: "soak: 1h", with: "soak: \(span)\n      - coverage: \(percent)")
      .replacingOccurrences(of: "pause_above: 1%", with: "pause_above: 0.\(tenth)%")
    let promotion = try Samples.read(text).get().pipeline.promotion(to: "production")
    #expect(promotion?.gates.contains(.soak(in: "staging", atLeast: span)) == true)
    #expect(promotion?.gates.contains(.coverage(lines: Double(tenth) / 10)) == true)
    let bound = try #require(promotion?.watch.rules.first?.limits.last?.bound)
    #expect(bound == Double("0.\(tenth)e-2"))
  }
}

/// The same numbers for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
