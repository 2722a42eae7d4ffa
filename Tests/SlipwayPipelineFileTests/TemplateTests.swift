import Foundation
import SlipwayModel
import SlipwayPipelineFile
import Testing

@Suite("Pipeline file: templates of slipway init")
struct TemplateTests {
  @Test("every template is valid and tells editors where its schema is", arguments: [nil] + PipelineTemplate.names)
  func valid(_ name: String?) throws {
    let text = try #require(PipelineTemplate.text(example: name))
    #expect(text.hasPrefix("# yaml-language-server: $schema=slipway.schema.json\n"))
    guard case .failure(let problems) = Samples.read(text) else { return }
    Issue.record("\(problems)")
  }

  @Test("there is no template that was not written") func unknown() {
    #expect(PipelineTemplate.text(example: "odoo") == nil)
    #expect(PipelineTemplate.text(example: "") == nil)
  }

  @Test(
    "what init writes is the pipeline file of the folder in examples/ (scripts/embed-examples makes it so)",
    arguments: ["canary-sop", "odoo-blue-green"])
  func folder(_ name: String) throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
    let file = try String(contentsOf: root.appending(path: "examples/\(name)/slipway.yaml"), encoding: .utf8)
    #expect(PipelineTemplate.text(example: name) == file)
  }

  @Test("the examples are those of the five procedures") func five() {
    #expect(
      Set(PipelineTemplate.names)
        == ["service-sop", "odoo-blue-green", "canary-sop", "release-train", "production-readiness"])
  }

  @Test("every template protects production and asks where the release was verified", arguments: PipelineTemplate.names)
  func protects(_ name: String) throws {
    let pipeline = try Samples.read(try #require(PipelineTemplate.text(example: name))).get().pipeline
    #expect(pipeline.environment("production")?.protected == true)
    #expect(
      pipeline.promotion(to: "production")?.gates.contains { if case .verified = $0 { true } else { false } } == true)
  }

  @Test("A8: health is asked 36 times, 10 s apart") func health() throws {
    let pipeline = try Samples.read(try #require(PipelineTemplate.text(example: "service-sop"))).get().pipeline
    let health = try #require(pipeline.environment("production")?.health)
    #expect(health.tries == 36)
    #expect(health.every == .seconds(10))
  }

  @Test("D4: the limits of the release train are those of its procedure") func train() throws {
    let pipeline = try Samples.read(try #require(PipelineTemplate.text(example: "release-train"))).get().pipeline
    let rules = try #require(pipeline.promotion(to: "production")?.watch.rules)
    #expect(rules.contains(WatchRule(.errorRateIncrease, [WatchLimit(.rollBack, .above, 0.01)])))
    #expect(
      rules.contains(WatchRule(.p99Increase, [WatchLimit(.pause, .above, 0.1), WatchLimit(.alert, .above, 0.05)])))
    #expect(rules.contains(WatchRule(.availability, [WatchLimit(.rollBack, .below, 0.999)])))
  }
}
