internal import Foundation
internal import SlipwayModel
internal import SlipwayPipelineFile

/// The pipeline file: a pipeline that is read the same again and survives its own JSON, or mistakes with places inside the text.
struct PipelineTarget: FuzzTarget {
  static func seeds() -> [Data] {
    let names: [String?] = [nil] + PipelineTemplate.names
    return names.compactMap { PipelineTemplate.text(example: $0) }.map { Data($0.utf8) } + [Data(small.utf8)]
  }

  private static let small = """
    project: a
    roles: {r: [p]}
    identity: {local: true}
    environments:
      e:
        deploy: {processes: {run: x, ports: {a: 1, b: 2}, environment: {D: "${env:A}"}}}
        traffic: {router: {listen: 127.0.0.1:3}}
    promotions:
      - {to: e, gates: [{soak: 1h}, verified], approval: {by: {r: 1}}, rollout: {steps: [10%, 100%], watch: 5m}}

    """

  func take(_ data: Data) {
    let result = PipelineFile.read(data, path: "f")
    insist(result == PipelineFile.read(data, path: "f"), "another answer for the same bytes")
    switch result {
    case .success(let document):
      let copy = try? CanonicalJSON.decode(Pipeline.self, from: CanonicalJSON.encode(document.pipeline))
      insist(copy == document.pipeline, "the pipeline is another one after JSON")
      let ledger = Ledger()
      for promotion in document.pipeline.promotions {
        _ = try? Planner(pipeline: document.pipeline, ledger: ledger).promotion(of: "1", to: promotion.to).digest
      }
      for window in document.pipeline.windows.values {
        for time in [Timestamp(milliseconds: 1_800_000_000_000), Timestamp(milliseconds: .max)] {
          if let opening = window.opening(from: time) { insist(opening >= time, "an opening in the past") }
        }
      }
    case .failure(let problems):
      insist(!problems.problems.isEmpty, "refused without a mistake")
      let lines = data.count { $0 == 10 || $0 == 13 } + data.count { $0 == 0x85 || $0 == 0xA8 || $0 == 0xA9 } + 1
      for problem in problems.problems {
        insist(problem.line >= 1 && problem.line <= lines && problem.column >= 1, "no such place: \(problem)")
        insist(!problem.sentence.contains("\n"), "a mistake of two lines: \(problem)")
        insist(problem.sentence.utf8.count < 4_000, "a mistake of \(problem.sentence.utf8.count) bytes")
      }
    }
  }
}
