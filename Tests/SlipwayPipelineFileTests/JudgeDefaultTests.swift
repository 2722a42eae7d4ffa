import Foundation
import SlipwayModel
import Testing

@testable import SlipwayPipelineFile

@Suite("What a proved worsening leads to, unless it is written")
struct JudgeDefaultTests {
  @Test(
    "D4: a person is asked where the environment is protected; where nobody watches over it, the release goes back",
    arguments: [
      ("    protected: true\n", "", WorsePolicy.pause), ("", "", .rollBack),
      ("", "judge: sequential", .rollBack),
      ("", "judge: {sequential: {on_worse: warn}}", .warn),
      ("    protected: true\n", "judge: {sequential: {on_worse: roll-back}}", .rollBack),
    ])
  func consequence(protection: String, judge: String, expected: WorsePolicy) throws {
    let text = """
      project: shop
      roles: {lead: [ann]}
      environments:
        production:
      \(protection)    deploy: {processes: {run: ./serve, ports: {a: 1, b: 2}}}
          traffic: {router: {listen: "127.0.0.1:3"}}
      promotions:
        - to: production
          approval: {by: {lead: 1}}
          watch:
            rules: [crashes: {roll_back_above: 0}]
            \(judge)
      """
    let pipeline = try PipelineFile.read(Data(text.utf8), path: "slipway.yaml").get().pipeline
    guard case .sequential(let spec)? = pipeline.promotions.first?.watch.judge else {
      Issue.record("another judge")
      return
    }
    #expect(spec.onWorse == expected)
  }
}
