import Foundation
import SlipwayModel
import SlipwayPipelineFile
import Testing

@Suite("What a proved worsening leads to, unless it is written")
struct JudgeDefaultTests {
  @Test(
    "D4: a person is asked where the environment is protected; where nobody watches over it, the release goes back",
    arguments: [
      ("production", "", WorsePolicy.pause), ("staging", "", .rollBack), ("staging", "judge: sequential", .rollBack),
      ("staging", "judge: {sequential: {on_worse: warn}}", .warn),
      ("production", "judge: {sequential: {on_worse: roll-back}}", .rollBack),
    ])
  func consequence(environment: EnvironmentName, judge: String, expected: WorsePolicy) throws {
    let place = environment == "staging" ? "  - to: staging\n" : "    watch:\n      every: 2s\n"
    let words = environment == "staging" && !judge.isEmpty ? "    watch: {\(judge)}\n" : "      \(judge)\n"
    let text = Samples.base.replacingOccurrences(of: place, with: place + words)
    #expect(text != Samples.base)
    let watch = try Samples.read(text).get().pipeline.promotion(to: environment)?.watch
    guard case .sequential(let spec)? = watch?.judge else {
      Issue.record("another judge: \(String(describing: watch))")
      return
    }
    #expect(spec.onWorse == expected)
  }
}
