/// What one evaluation by `kayenta`, `keptn` or counted thresholds came to, in numbers that a later one can be held against.
package struct RuleEvaluation: Codable, Sendable, Equatable {
  package enum Result: String, Codable, Sendable, CaseIterable {
    case pass, warning, fail
    /// Figures are missing, or it is too early to say.
    case undecided
  }

  /// One metric, objective or measurement.
  package struct Item: Codable, Sendable, Equatable {
    package var name: String
    /// In the tool's own words: `Pass`, `High`, `Nodata`; `pass`, `warning`, `fail`, `info`.
    package var result: String
    /// The figure on green; nil where there is none.
    package var value: Double?
    /// What it was compared with; nil where it was not compared.
    package var reference: Double?

    package init(name: String, result: String, value: Double? = nil, reference: Double? = nil) {
      self.name = name
      self.result = result
      // What is no number cannot stand in the journal.
      self.value = value.flatMap { $0.isFinite ? $0 : nil }
      self.reference = reference.flatMap { $0.isFinite ? $0 : nil }
    }
  }

  /// `kayenta`, `keptn` or `thresholds`.
  package var rule: String
  package var result: Result
  /// From 0 to 100; nil where nothing was scored.
  package var score: Double?
  package var items: [Item]

  package init(rule: String, result: Result, score: Double? = nil, items: [Item] = []) {
    self.rule = rule
    self.result = result
    self.score = score.flatMap { $0.isFinite ? $0 : nil }
    self.items = items
  }
}
