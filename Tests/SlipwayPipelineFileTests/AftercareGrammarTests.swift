import Foundation
import SlipwayModel
import Testing

@testable import SlipwayPipelineFile

@Suite("Pipeline file: what is looked at after a deployment")
struct AftercareGrammarTests {
  private static func read(_ after: String) -> Result<AftercareSpec?, PipelineProblems> {
    let text = """
      project: shop
      environments:
        production:
          deploy: {processes: {run: ./shop, ports: {a: 7001, b: 7002}}}
          after: \(after)
      promotions:
        - to: production

      """
    return PipelineFile.read(Data(text.utf8), path: "slipway.yaml").map { $0.pipeline.environments[0].after }
  }

  @Test("E14: 'standard' is all it takes")
  func standard() throws {
    #expect(try Self.read("standard").get() == .standard)
    #expect(try Self.read("{}").get() == .standard)
    let spec = try #require(try Self.read("{lasting: {until: 48h}}").get())
    #expect(spec.lasting.until == .hours(48))
    #expect(spec.lasting.checks == AftercareSpec.standard.lasting.checks)
    #expect(spec.alive == AftercareSpec.standard.alive)
  }

  @Test(
    "a mistake is named with its place and the way out",
    arguments: [
      ("default", "'standard'"),
      ("{alive: {until: 1h}}", "'healthy' ends 30m"),
      ("{lasting: {every: 1s}}", "at most 3000 looks"),
      ("{healthy: {checks: [speed]}}", "speed"),
      ("{healthy: {checks: [readiness, readiness]}}", "stands in this phase already"),
      ("{healthy: {checks: [trend]}}", "says too little"),
      ("{lasting: {checks: [{trend: {gauge: memory}}]}}", "no limit"),
      ("{lasting: {checks: [{trend: {gauge: memory, above: 1, below: 2, within: 1h}}]}}", "several limits"),
      ("{lasting: {checks: [{trend: {gauge: memory, above: 1}}]}}", "needs a time"),
      ("{lasting: {checks: [{trend: {gauge: memory, rises_per_hour: 1, within: 1h}}]}}", "no further ahead"),
      ("{lasting: {checks: [{trend: {gauge: memory, rises_per_hour: -1}}]}}", "less than nothing"),
      ("{lasting: {checks: [{figure: {name: orders, above: 1}}]}}", "nothing gives this figure"),
      ("{lasting: {checks: [{figure: {name: orders, command: {run: ./o.sh}}}]}}", "no bound"),
      ("{lasting: {checks: [{figure: {command: {run: ./o.sh}, drop: 5%}}]}}", "lacks 'name'"),
      ("{lasting: {checks: [{trend: {gauge: memory, above: 1, within: 1h}}]}}", "has no gauge 'memory'"),
      ("{healthy: {checks: [{check: {looks: 2}}]}}", "lacks 'test'"),
      ("{healthy: {checks: [{alerts: {url: am}}]}}", "URL"),
      ("{healthy: {checks: [{alerts: {url: 'http://am', matchers: [critical]}}]}}", "matcher"),
      ("{healthy: {checks: [{alerts: {url: 'http://u:pw@am'}}]}}", "password in clear"),
      ("{healthy: {checks: [{monitoring: {prometheus: 'http://p', rules: {cpu: '('}}}]}}", "regular expression"),
    ])
  func mistakes(_ after: String, _ expected: String) {
    guard case .failure(let problems) = Self.read(after) else {
      Issue.record("taken: \(after)")
      return
    }
    #expect("\(problems)".contains(expected), "\(problems)")
  }
}
