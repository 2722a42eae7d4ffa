import Foundation
import SlipwayModel
import SlipwayPipelineFile
import Testing

/// Rules of other tools in the pipeline file, and the SLO files that they name.
@Suite("Pipeline file: judges of other tools")
struct JudgeFileTests {
  static let kayenta = """
    {kayenta: {metrics: [{name: errors, source: error_rate, critical: true, nan: replace, outliers: remove, group: main,
    must_have_data: true, direction: either, allowed_increase: 1.2, allowed_decrease: 0.8, critical_increase: 2,
    critical_decrease: 0.5}, {name: tail, source: p99, effect_size: cles}, {name: memory, source: memory_bytes}],
    groups: {main: 70}, marginal: 60, pass: 90.5, interval: 10m, step: 30s, lookback: 20m}}
    """.replacing("\n", with: " ")

  static let limited =
    "{thresholds: {failure_limit: 3, inconclusive_limit: 2, consecutive_error_limit: 6, interval: 30s}}"

  /// A pipeline with this judge.
  static func pipeline(_ judge: String, rules: String? = nil) -> String {
    """
    project: shop
    environments:
      live:
        deploy: {processes: {run: ./shop, ports: {a: 7001, b: 7002}}}
        traffic: {router: {listen: 127.0.0.1:7000}}
        health: {path: /healthz}
        gauges: [{name: memory_bytes, command: {run: ./memory.sh}}]
    promotions:
      - to: live
        watch:
          judge: \(judge)
          rules: \(rules ?? "[]")

    """
  }

  static func watch(_ judge: String) throws -> JudgeSpec {
    try #require(try Samples.read(pipeline(judge)).get().pipeline.promotions.first).watch.judge
  }

  @Test("kayenta: every key, and its defaults")
  func kayentaKeys() throws {
    let errors = KayentaMetric(
      name: "errors", source: .errorRate, direction: .either, nan: .replace, outliers: .remove, critical: true,
      mustHaveData: true, allowedIncrease: 1.2, allowedDecrease: 0.8, criticalIncrease: 2, criticalDecrease: 0.5,
      group: "main")
    #expect(
      try Self.watch(Self.kayenta)
        == .kayenta(
          KayentaSpec(
            metrics: [
              errors, KayentaMetric(name: "tail", source: .latency(percentile: 99), effectSize: .commonLanguage),
              KayentaMetric(name: "memory", source: .gauge("memory_bytes")),
            ], groups: ["main": 70], marginal: 60, pass: 90.5, interval: .minutes(10), step: .seconds(30),
            lookback: .sliding(.minutes(20)))))
    #expect(
      try Self.watch("{kayenta: {metrics: [{name: e, source: error_rate}], lookback: growing}}")
        == .kayenta(KayentaSpec(metrics: [KayentaMetric(name: "e", source: .errorRate)])))
  }

  @Test("thresholds: the word as ever, with keys counted")
  func thresholds() throws {
    #expect(try Self.watch("thresholds") == .thresholds)
    #expect(try Self.watch("{thresholds: {}}") == .limitedThresholds(FailureLimits()))
    #expect(
      try Self.watch(Self.limited)
        == .limitedThresholds(
          FailureLimits(failureLimit: 3, inconclusiveLimit: 2, consecutiveErrorLimit: 6, interval: .seconds(30))))
  }

  @Test(
    "what cannot be meant is a mistake",
    arguments: [
      ("{kayenta: {}}", "lacks 'metrics'"), ("{kayenta: {metrics: []}}", "this list is empty"),
      ("{kayenta: {metrics: [{name: e, source: p50}, {name: e, source: p99}]}}", "'e' stands here already"),
      ("{kayenta: {metrics: [{name: e, source: p50}], pass: 10}}", "'pass' is below 'marginal'"),
      ("{kayenta: {metrics: [{name: e, source: p50}], groups: {al: 10}}}", "no metric is in the group 'al'"),
      ("{kayenta: {metrics: [{name: e, source: p50}], groups: {all: 110}}}", "110"),
      ("{kayenta: {metrics: [{name: e, source: p50}], interval: 30s}}", "longer than an interval"),
      ("{kayenta: {metrics: [{name: e, source: p50}], pass: .nan}}", "'.nan' stands here"),
      ("{kayenta: {metrics: [{name: e, source: memory_byte}]}}", "no gauge of 'live'"),
      ("{thresholds: {interval: 1s}}", "shorter than the time between"),
      ("{thresholds: {failure_limit: -1}}", "'-1' stands here"), ("keptn", "says too little"),
      ("{keptn: {on_warning: pass}}", "lacks 'file'"),
    ])
  func mistakes(judge: String, complaint: String) {
    let problems = Samples.problems(Self.pipeline(judge))
    #expect(problems.contains { $0.sentence.contains(complaint) }, "\(problems.map(\.sentence))")
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    /// What stands behind `judge:`; the mistake is reported where § stands.
    var judge: String
    var says: String

    init(_ judge: String, _ says: String) { (self.judge, self.says) = (judge, says) }
    var testDescription: String { judge }
  }

  static let refusals: [Refusal] = [
    Refusal("§bayesian", "'bayesian' is no judge"), Refusal("§sequentiel", "'sequentiel' is no judge"),
    Refusal("{§bayesian: {}}", "'bayesian'"), Refusal("§7", "'7' is no judge"), Refusal("§[sequential]", "a list"),
    Refusal("§{sequential: {}, thresholds: {}}", "a judge has 2 keys"),
    Refusal("{sequential: §0.02}", "a number stands here"),
    Refusal("{sequential: {§alpha: 1%}}", "'alpha'"), Refusal("{sequential: {§error_bugdet: 2%}}", "'error_bugdet'"),
    Refusal("{sequential: {error_budget: §0%}}", "'0%' is no useful bound on false alarms"),
    Refusal("{sequential: {error_budget: §0.005%}}", "'0.005%' is no useful bound on false alarms"),
    Refusal("{sequential: {error_budget: §20.1%}}", "'20.1%' is no useful bound on false alarms"),
    Refusal("{sequential: {error_budget: §100%}}", "'100%' is no useful bound on false alarms"),
    Refusal("{sequential: {error_budget: §-1%}}", "'-1%' stands here"),
    Refusal("{sequential: {error_budget: §120%}}", "'120%' is no useful bound on false alarms"),
    Refusal("{sequential: {error_budget: §.nan}}", "'.nan' stands here"),
    Refusal("{sequential: {error_budget: §2}}", "'2' stands here"),
    Refusal("{sequential: {error_budget: §little}}", "'little' stands here"),
    Refusal("{sequential: {error_budget: §}}", "nothing stands here"),
    Refusal("{sequential: {error_budget: §[2%]}}", "a list"),
    Refusal("{sequential: {on_worse: §promote}}", "'promote' is no consequence"),
    Refusal("{sequential: {on_worse: §rollback}}", "'rollback' is no consequence"),
    Refusal("{sequential: {on_avoided: §roll-back}}", "'roll-back' is no consequence"),
    Refusal("{sequential: {dispersion: §0}}", "'0' stands here"),
    Refusal("{sequential: {dispersion: §1001}}", "'1001' stands here"),
    Refusal("{sequential: {dispersion: §-5}}", "'-5' stands here"),
    Refusal("{sequential: {dispersion: §1.5}}", "'1.5' stands here"),
    Refusal("{sequential: {dispersion: §much}}", "'much' stands here"),
    Refusal("{sequential: {warm_up: §60}}", "'60' stands here"),
    Refusal("{sequential: {warm_up: §-1m}}", "'-1m' stands here"),
    Refusal("{sequential: {warm_up: §soon}}", "'soon' stands here"),
    Refusal("{sequential: {on_worse: warn, §on_worse: off}}", "'on_worse'"),
    Refusal("{thresholds: {failure_limit: §-1}}", "'-1' stands here"),
    Refusal("{thresholds: {inconclusive_limit: §1.5}}", "'1.5' stands here"),
    Refusal("{thresholds: {consecutive_error_limit: §100001}}", "'100001' stands here"),
    Refusal("{thresholds: {interval: §1s}}", "shorter than the time between"),
    Refusal("{kayenta: {metrics: [{name: e, source: p50}], pass: §101}}", "'101' stands here"),
    Refusal("{kayenta: {metrics: [{name: e, source: p50}], lookback: §shrinking}}", "'shrinking' stands here"),
    Refusal("{kayenta: {metrics: [{name: e, source: p50, direction: §up}]}}", "'up' is no direction"),
    Refusal("{keptn: {file: slo.yaml, on_warning: §ignore}}", "'ignore' is no consequence"),
  ]

  @Test("a setting of 'judge' that is refused is refused where it stands, and nothing else is", arguments: refusals)
  func refused(one: Refusal) throws {
    let marked = Self.pipeline(one.judge)
    let mark = try #require(marked.firstIndex(of: "§"))
    let line = marked[..<mark].filter { $0 == "\n" }.count + 1
    let column =
      marked[..<mark].split(separator: "\n", omittingEmptySubsequences: false).last?.unicodeScalars.count ?? 0
    let problems = Samples.problems(marked.replacing("§", with: ""))
    let all = problems.map { "\($0.line):\($0.column): \($0.sentence)" }
    #expect(
      problems.contains { $0.line == line && $0.column == column + 1 && $0.sentence.contains(one.says) },
      "expected \(line):\(column + 1) \(one.says); \(all)")
    #expect(problems.count == 1, "\(all)")
  }

  @Test("the bounds of the sequential judge's settings are allowed themselves")
  func bounds() throws {
    for (budget, value) in [("0.01%", 0.0001), ("20%", 0.2)] {
      for dispersion in [1, 1_000] {
        #expect(
          try Self.watch("{sequential: {error_budget: \(budget), dispersion: \(dispersion), warm_up: 0s}}")
            == .sequential(
              SequentialSpec(
                warmUp: .zero, onWorse: .rollBack, errorBudget: value, dispersion: Double(dispersion))))
      }
    }
  }

  @Test(
    "rules that a judge would not look at are refused; crashes hold beside every judge",
    arguments: ["kayenta", "keptn"])
  func deafJudges(name: String) {
    let judge = name == "kayenta" ? "{kayenta: {metrics: [{name: e, source: p50}]}}" : "{keptn: slo.yaml}"
    let refused = Samples.problems(Self.pipeline(judge, rules: "[{error_rate: {roll_back_above: 5%}}]"))
    #expect(refused.contains { $0.sentence.contains("does not look at 'error_rate'") })
    #expect(Samples.problems(Self.pipeline(judge, rules: "[{crashes: {roll_back_above: 0}}]")).isEmpty)
  }

  // MARK: SLO files

  static let slo = """
    spec_version: "1.0"
    filter: {mzContextIds: "4132908"}
    comparison:
      compare_with: several_results
      number_of_comparison_results: 5
      include_result_with_score: pass_or_warn
      aggregate_function: p90
    objectives:
      - sli: response_time_p95
        displayName: Tail
        key_sli: true
        weight: 2
        pass:
          - criteria: ["<=+10%", "<600"]
          - criteria: ["=0"]
        warning:
          - criteria: ["<=800"]
      - sli: error_rate
    total_score: {pass: "90%", warning: 75}
    """

  static let definition = """
    apiVersion: metrics.keptn.sh/v1
    kind: AnalysisDefinition
    metadata: {name: shop}
    spec:
      objectives:
        - analysisValueTemplateRef: {name: response-time-p95, namespace: shop}
          target: {failure: {greaterThan: {fixedValue: 600}}, warning: {inRange: {lowBound: 300, highBound: 500.5}}}
          weight: 3
          keyObjective: true
        - analysisValueTemplateRef: {name: error_rate}
          target: {failure: {notInRange: {lowBound: 0, highBound: 1}}}
      totalScore: {passPercentage: 90, warningPercentage: 75}
    """

  static func read(_ text: String) -> Result<ServiceLevelObjectives, PipelineProblems> {
    SLOFile.read(Data(text.utf8), path: "slo.yaml")
  }

  @Test("Keptn's slo.yaml is read whole")
  func sloFile() throws {
    let tail = SLOObjective(
      name: "response_time_p95", figure: .latency(percentile: 95), weight: 2, isKey: true,
      expectation: .criteria(
        pass: [
          [
            SLOCriterion(.lessOrEqual, 10, isPercentage: true, isComparison: true, isIncrease: true),
            SLOCriterion(.less, 600),
          ], [SLOCriterion(.equal, 0)],
        ], warning: [[SLOCriterion(.lessOrEqual, 800)]]))
    #expect(
      try Self.read(Self.slo).get()
        == ServiceLevelObjectives(
          comparison: SLOComparison(count: 5, included: .passOrWarn, aggregate: .p90),
          objectives: [tail, SLOObjective(name: "error_rate")], pass: 90, warning: 75))
  }

  @Test("an AnalysisDefinition of the lifecycle toolkit is read whole")
  func analysisDefinition() throws {
    #expect(
      try Self.read(Self.definition).get()
        == ServiceLevelObjectives(
          objectives: [
            SLOObjective(
              name: "response-time-p95", figure: .latency(percentile: 95), weight: 3, isKey: true,
              expectation: .target(failure: .greaterThan(600), warning: .inRange(300, 500.5))),
            SLOObjective(name: "error_rate", expectation: .target(failure: .notInRange(0, 1), warning: nil)),
          ], pass: 90, warning: 75))
  }

  struct Parsed: Sendable {
    var text: String
    var criterion: SLOCriterion?
  }

  @Test(
    "criteria are read as Keptn reads them",
    arguments: [
      Parsed(text: ">-10%", criterion: SLOCriterion(.greater, 10, isPercentage: true, isComparison: true)),
      Parsed(
        text: "<=+10.5%",
        criterion: SLOCriterion(.lessOrEqual, 10.5, isPercentage: true, isComparison: true, isIncrease: true)),
      Parsed(text: "<=+10", criterion: SLOCriterion(.lessOrEqual, 10, isComparison: true, isIncrease: true)),
      Parsed(
        text: "  <=10%",
        criterion: SLOCriterion(.lessOrEqual, 10, isPercentage: true, isComparison: true, isIncrease: true)),
      Parsed(text: "<10", criterion: SLOCriterion(.less, 10)), Parsed(text: "=0", criterion: SLOCriterion(.equal, 0)),
      Parsed(text: ">= .5", criterion: SLOCriterion(.greaterOrEqual, 0.5)), Parsed(text: "<"), Parsed(text: "10"),
      Parsed(text: "==10"), Parsed(text: "<=>10"), Parsed(text: "<+-10"), Parsed(text: "<10%%"), Parsed(text: "<nan"),
      Parsed(text: "<10ms"), Parsed(text: "<1e999"), Parsed(text: ""), Parsed(text: "<%"), Parsed(text: "<0x10"),
    ])
  func criteria(one: Parsed) { #expect(SLOCriterion(one.text) == one.criterion) }

  @Test(
    "mistakes in an SLO file are told with their place",
    arguments: [
      ("pass: \"90%\"", "pass: high", "percentage"), ("\"<=800\"", "\"fast\"", "criterion"),
      ("aggregate_function: p90", "aggregate_function: max", "'max' is no function"),
      ("warning: 75", "warning: 95", "'warning' is above 'pass'"),
      ("sli: error_rate", "sli: response_time_p95", "already"),
      ("total_score: {pass: \"90%\", warning: 75}", "", "lacks 'total_score'"), ("weight: 2", "weight: -2", "'-2'"),
    ])
  func sloMistakes(find: String, replacement: String, complaint: String) {
    let text = Self.slo.replacing(find, with: replacement, maxReplacements: 1)
    guard case .failure(let problems) = Self.read(text) else {
      Issue.record("it was read: \(text)")
      return
    }
    #expect(problems.description.contains(complaint), "\(problems)")
  }

  @Test("objectives of which none counts are refused")
  func unscored() {
    let text = "objectives: [{sli: error_rate}]\ntotal_score: {pass: 90}\n"
    guard case .failure(let problems) = Self.read(text) else {
      Issue.record("nothing would be judged")
      return
    }
    #expect(problems.description.contains("nothing would be judged"))
  }

  @Test(
    "the file is read with the pipeline file, and its digest and content are part of the plan; without it nothing passes"
  )
  func bound() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "slipway-slo-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(Self.slo.utf8).write(to: folder.appending(path: "slo.yaml"))
    let text = Data(Self.pipeline("{keptn: {file: slo.yaml, on_warning: pass}}").utf8)
    let pipeline = try PipelineFile.read(text, path: "slipway.yaml", folder: folder.path).get().pipeline
    let objectives = try Self.read(Self.slo).get()
    #expect(
      pipeline.promotions.first?.watch.judge
        == .keptn(
          KeptnSpec(
            file: "slo.yaml", digest: Digest(of: Data(Self.slo.utf8)), objectives: objectives, onWarning: .pass)))
    try FileManager.default.removeItem(at: folder.appending(path: "slo.yaml"))
    guard case .failure(let gone) = PipelineFile.read(text, path: "slipway.yaml", folder: folder.path) else {
      Issue.record("a missing SLO file was read")
      return
    }
    #expect(gone.description.contains("keptn slo.yaml:1:1: there is no such file"), "\(gone)")
    try Data("objectives: 7\n".utf8).write(to: folder.appending(path: "slo.yaml"))
    guard case .failure(let broken) = PipelineFile.read(text, path: "slipway.yaml", folder: folder.path) else {
      Issue.record("a broken SLO file was read")
      return
    }
    #expect(broken.description.contains("keptn slo.yaml:1:13:"), "\(broken)")
  }

  @Test(
    "changed at random, an SLO file is read or refused; what is read has objectives that count",
    arguments: 0..<6 as Range<UInt64>)
  func fuzz(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<80 {
      var bytes = Array((Bool.random(using: &random) ? Self.slo : Self.definition).utf8)
      for _ in 0..<Int.random(in: 1...5, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = Array("{}[]:,-#&*!|>'\"%@`\n\t <=+0".utf8).randomElement(using: &random) ?? 0
        case 1: bytes.remove(at: place)
        default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
        }
      }
      switch SLOFile.read(Data(bytes), path: "slo.yaml") {
      case .success(let slo): #expect(slo.objectives.contains(where: \.isScored) && (0...100).contains(slo.pass))
      case .failure(let problems): #expect(!problems.problems.isEmpty)
      }
    }
  }
}
