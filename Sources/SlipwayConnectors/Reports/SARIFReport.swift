internal import SlipwayModel

/// Findings in SARIF 2.1.0.
///
/// A suppression in the file does not take a finding away: only a recorded risk acceptance may (A3). A result that is no failure (`kind` pass,
/// informational or notApplicable) or that is gone since the baseline is no finding.
enum SARIFReport: ReportFormat {
  static let kind = "sarif"
  private static let expected = "SARIF 2.1.0"

  private struct File: Decodable {
    var version: String
    var runs: [Run]
  }

  private struct Run: Decodable {
    struct Tool: Decodable {
      var driver: Component
      var extensions: [Component]?
    }
    struct Invocation: Decodable { var executionSuccessful: Bool? }
    struct Artifact: Decodable {}

    var tool: Tool
    var results: [Result]?
    var invocations: [Invocation]?
    var artifacts: [Artifact]?
  }

  private struct Component: Decodable {
    var name: String?
    var rules: [Rule]?
  }

  private struct Rule: Decodable {
    struct Configuration: Decodable { var level: String? }
    var id: String?
    var defaultConfiguration: Configuration?
    var properties: Properties?
  }

  private struct Result: Decodable {
    struct Reference: Decodable {
      struct Owner: Decodable { var index: Int? }
      var id: String?
      var index: Int?
      var toolComponent: Owner?
    }
    var ruleId: String?
    var ruleIndex: Int?
    var rule: Reference?
    var level: String?
    var kind: String?
    var baselineState: String?
    var properties: Properties?
  }

  /// `security-severity` is a text that holds a number, or sometimes the number itself.
  private struct Properties: Decodable {
    var score: Double?

    private enum Key: String, CodingKey { case score = "security-severity" }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Key.self)
      if let text = try? container.decode(String.self, forKey: .score) {
        score = Double(text)
      } else {
        score = try? container.decode(Double.self, forKey: .score)
      }
    }
  }

  static func recognizes(_ marks: ReportMarks) -> Bool { marks.keys.isSuperset(of: ["version", "runs"]) }

  static func read(_ text: ReportText) throws(ReportProblem) -> ReportContent {
    let file = try text.decoded(File.self, expected: expected)
    guard file.version.hasPrefix("2.1") else {
      throw ReportProblem("states version '\(file.version.prefix(20))'; expected \(expected)")
    }
    var tally = FindingTally()
    for (index, run) in file.runs.enumerated() {
      let tool = run.tool.driver.name ?? "the tool"
      guard let results = run.results else {
        throw ReportProblem("has no 'results' in runs[\(index)]: \(tool) did not scan")
      }
      if run.invocations?.contains(where: { $0.executionSuccessful == false }) ?? false {
        throw ReportProblem("says in runs[\(index)] that \(tool) did not run to its end; scan again")
      }
      count(results, of: run, in: &tally)
    }
    return .findings(tally.figures(examined: examined(file.runs)))
  }

  /// Artifacts that the runs list; nil when one does not say. A file without runs examined nothing.
  private static func examined(_ runs: [Run]) -> Int? {
    var sum = 0
    for run in runs {
      guard let artifacts = run.artifacts else { return nil }
      sum += artifacts.count
    }
    return sum
  }

  private static func count(_ results: [Result], of run: Run, in tally: inout FindingTally) {
    let extensions = run.tool.extensions ?? []
    var byID: [String: Rule] = [:]
    for component in extensions + [run.tool.driver] {
      for rule in component.rules ?? [] { if let id = rule.id { byID[id] = rule } }
    }
    for result in results where isFinding(result) {
      let id = result.ruleId ?? result.rule?.id
      let owner = result.rule?.toolComponent?.index.flatMap { extensions.element($0) } ?? run.tool.driver
      let named = id.flatMap { byID[$0] ?? byID[String($0.split(separator: "/").first ?? "")] }
      let rule = named ?? (result.ruleIndex ?? result.rule?.index).flatMap { owner.rules?.element($0) }
      tally.add(severity(result, rule), id: id ?? rule?.id)
    }
  }

  private static func isFinding(_ result: Result) -> Bool {
    result.baselineState != "absent" && !["pass", "informational", "notApplicable"].contains(result.kind ?? "fail")
  }

  private static func severity(_ result: Result, _ rule: Rule?) -> Severity? {
    if let stated = Severity(score: result.properties?.score ?? rule?.properties?.score) { return stated }
    // The standard's default where neither the result nor its rule says anything.
    switch result.level ?? rule?.defaultConfiguration?.level ?? "warning" {
    case "error": return .high
    case "warning": return .medium
    case "note": return .low
    default: return nil
    }
  }
}

extension Array {
  /// The element at `index`, nil outside.
  fileprivate func element(_ index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
