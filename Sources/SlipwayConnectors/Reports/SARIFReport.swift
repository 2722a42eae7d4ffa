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
    struct Invocation: Decodable {
      struct Notification: Decodable {
        var level: String?
        var message: Text?
        var locations: [Location]?
      }
      var executionSuccessful: Bool?
      var startTimeUtc: String?
      var endTimeUtc: String?
      var toolExecutionNotifications: [Notification]?
      var toolConfigurationNotifications: [Notification]?

      /// Bandit says of a file that it could not read that it ran well, and notes an error; of its JSON the same is refused.
      var mistake: Notification? {
        ((toolExecutionNotifications ?? []) + (toolConfigurationNotifications ?? [])).first { $0.level == "error" }
      }
    }
    struct Artifact: Decodable {}
    struct Provenance: Decodable { var revisionId: String? }

    var tool: Tool
    var results: [Result]?
    var invocations: [Invocation]?
    var artifacts: [Artifact]?
    var versionControlProvenance: [Provenance]?
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
    var shortDescription: Text?
  }

  private struct Text: Decodable { var text: String? }

  private struct Location: Decodable {
    struct Physical: Decodable {
      struct Artifact: Decodable { var uri: String? }
      struct Region: Decodable { var startLine: Int? }
      var artifactLocation: Artifact?
      var region: Region?
    }
    var physicalLocation: Physical?

    var place: String? {
      guard let uri = physicalLocation?.artifactLocation?.uri else { return nil }
      return uri + (physicalLocation?.region?.startLine.map { ":\($0)" } ?? "")
    }
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
    var message: Text?
    var locations: [Location]?
    var suppressions: [Suppression]?
  }

  private struct Suppression: Decodable {}

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

  static func read(_ text: ReportText) throws(ReportProblem) -> ReportStatement {
    let file = try text.decoded(File.self, expected: expected)
    guard file.version.hasPrefix("2.1") else {
      throw ReportProblem("states version '\(file.version.prefix(20))'; expected \(expected)")
    }
    var tally = FindingTally()
    var notes = OriginNotes()
    for (index, run) in file.runs.enumerated() {
      let tool = run.tool.driver.name ?? "the tool"
      guard let results = run.results else {
        throw ReportProblem("has no 'results' in runs[\(index)]: \(tool) did not scan")
      }
      if run.invocations?.contains(where: { $0.executionSuccessful == false }) ?? false {
        throw ReportProblem("says in runs[\(index)] that \(tool) did not run to its end; scan again")
      }
      if let mistake = run.invocations?.lazy.compactMap(\.mistake).first {
        let place = mistake.locations?.lazy.compactMap(\.place).first.map { "\($0.prefix(120)): " } ?? ""
        let text = mistake.message?.text?.prefix(120) ?? "no reason"
        throw ReportProblem(
          "says in runs[\(index)] that \(tool) could not look at everything: \(place)\(text); mend that first")
      }
      count(results, of: run, in: &tally)
      note(run, results, in: &notes)
    }
    return ReportStatement(content: .findings(tally.figures(examined: examined(file.runs))), origin: notes.whole)
  }

  private static func note(_ run: Run, _ results: [Result], in notes: inout OriginNotes) {
    for provenance in run.versionControlProvenance ?? [] { notes.commit(provenance.revisionId) }
    for invocation in run.invocations ?? [] {
      notes.time(invocation.startTimeUtc)
      notes.time(invocation.endTimeUtc)
    }
    let tool = run.tool.driver.name ?? "the tool"
    let suppressed = results.count { isFinding($0) && !($0.suppressions ?? []).isEmpty }
    if suppressed > 0 {
      notes.caveat("\(suppressed) findings that \(tool) was told to be silent about count all the same")
    }
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
      let name = id ?? rule?.id
      tally.add(
        severity(result, rule), id: name,
        aliases: name.flatMap { VulnerabilityNumber.first(in: $0) }.map { [$0] } ?? [],
        places: (result.locations ?? []).compactMap(\.place),
        title: rule?.shortDescription?.text ?? result.message?.text)
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

/// Numbers under which the world knows a vulnerability, where a tool makes them part of a name of its own.
enum VulnerabilityNumber {
  /// The CVE number at the start of a rule such as `CVE-2021-44228-log4j-core`; nil when the name is no more than that, or no such name.
  static func first(in name: String) -> String? {
    let parts = name.split(separator: "-", maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0].uppercased() == "CVE", parts[1].utf8.count == 4,
      (4...10).contains(parts[2].utf8.count),
      (parts[1] + parts[2]).utf8.allSatisfy({ (48...57).contains($0) })
    else { return nil }
    return "CVE-\(parts[1])-\(parts[2])"
  }
}
