internal import Foundation
package import SlipwayModel

/// The registry of guardrails that a pipeline file names.
package enum GuardrailFile {
  /// Reads the registry and holds the pipeline against it; every mistake in either is reported with both places.
  static func check(
    _ name: Located<String>, _ pipeline: Pipeline, _ root: YAMLNode, _ reading: Reading, in folder: String
  ) -> GuardrailBook? {
    let own = Reading()
    var rules: [Guardrail] = []
    var digest: Digest?
    do throws(PipelineProblem) {
      let data = try PipelineFile.registry(name.value, in: folder)
      digest = Digest(of: data)
      let reader = YAMLReader(try SourceText(data))
      defer { own.problems += reader.problems }
      rules = GuardrailGrammar.rules(
        try reader.root(), protected: pipeline.environments.filter(\.protected).map(\.name), own)
    } catch {
      own.problems.append(error)
    }
    guard own.problems.isEmpty, let digest else {
      for problem in own.problems {
        reading.report(
          problem.code, name.node.position,
          "guardrails \(name.value):\(problem.line):\(problem.column): \(problem.sentence)")
      }
      return nil
    }
    let book = GuardrailBook(file: name.value, digest: digest, rules: rules)
    for contradiction in book.contradictions(in: pipeline) {
      reading.report(
        .meaning, place(of: contradiction.place, in: root),
        "guardrail '\(contradiction.id.rawValue)' (\(book.place(contradiction.id))) forbids this: \(contradiction.what)",
        expected: "what the guardrail asks for: \(contradiction.id.meaning)")
    }
    return book
  }

  private static func place(of place: GuardrailContradiction.Place, in root: YAMLNode) -> YAMLPosition {
    func promotion(_ name: EnvironmentName) -> YAMLNode {
      root["promotions"]?.elements.first { $0["to"]?.text == name.text } ?? root
    }
    switch place {
    case .promotion(let name): return promotion(name).place("to")
    case .rollback(let name):
      let node = promotion(name)
      return node["rollback"]?.place("automatic") ?? node.position
    case .exception(let name, let word):
      let node = promotion(name)
      return node["exceptions"]?.keyPlace(word.rawValue) ?? node.position
    case .modules(let name):
      let environment = root["environments"]?[name.text]
      let odoo = environment?["data"]?["postgres"]?["odoo"]
      return odoo?.place("allow_proprietary") ?? environment?.position ?? root.position
    }
  }

  /// What `slipway init` writes; `exceptions` are those that the pipeline file opens.
  package static func template(exceptions: [ExceptionWord]) -> String {
    let head = """
      # Rules that stand above the pipeline file. 'slipway check' refuses a pipeline file that contradicts one, and no plan that
      # breaks one is made, whoever asks and with whatever flag. What is not named here holds.
      # Turning one off takes 'enforce: false', a reason and 'by: NAME'; where an environment is protected only
      # no-proprietary-modules can be turned off. 'except' names exceptions of the pipeline file that may set it aside.

      """
    return head
      + GuardrailID.allCases.map { id in
        let allowed = exceptions.filter { id.canBeSetAside(by: $0) }
        let except = allowed.isEmpty ? "" : "\n  except: [\(allowed.map(\.rawValue).joined(separator: ", "))]"
        return "- id: \(id.rawValue)\n  enforce: true\n  reason: \(id.meaning)\(except)\n"
      }.joined()
  }
}

extension GuardrailID {
  fileprivate func canBeSetAside(by exception: ExceptionWord) -> Bool {
    switch (self, exception) {
    case (.productionRequiresStaging, .hotfix), (.calendarRespected, .emergency), (.calendarRespected, .freeze): true
    default: false
    }
  }
}
