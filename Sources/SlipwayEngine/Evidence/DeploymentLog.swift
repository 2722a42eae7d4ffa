internal import Foundation
package import SlipwayModel

/// The deployment log of a run: for every step its level, result, start, duration, criterion, and who confirmed it with which words (C11).
package struct DeploymentLog: Sendable {
  package let lines: [Line]

  package struct Line: Encodable, Sendable, Equatable {
    package var step: StepID
    package var kind: StepKind
    package var level: AutomationLevel
    package var result: String
    package var attempts: Int
    package var startedAt: Timestamp?
    package var finishedAt: Timestamp?
    /// Seconds.
    package var duration: Double?
    /// What had to be true.
    package var criterion: String
    /// What was found.
    package var detail: String
    package var confirmedBy: Person?
    package var note: String?

    enum CodingKeys: CodingKey {
      case step, kind, level, result, attempts, startedAt, finishedAt, duration, criterion, detail, confirmedBy, note
    }

    // Every key is there in every line, so that a script can tell nothing from a typing mistake.
    package func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(step, forKey: .step)
      try container.encode(kind, forKey: .kind)
      try container.encode(level, forKey: .level)
      try container.encode(result, forKey: .result)
      try container.encode(attempts, forKey: .attempts)
      try container.encode(startedAt, forKey: .startedAt)
      try container.encode(finishedAt, forKey: .finishedAt)
      try container.encode(duration, forKey: .duration)
      try container.encode(criterion, forKey: .criterion)
      try container.encode(detail, forKey: .detail)
      try container.encode(confirmedBy, forKey: .confirmedBy)
      try container.encode(note, forKey: .note)
    }

    /// For people, in one line.
    package var text: String {
      let took = duration.map { "\(Span(milliseconds: Int64($0 * 1_000)))" } ?? "-"
      var parts = [
        "\(step)", level.rawValue, result, startedAt.map { "\($0)" } ?? "never begun", "took \(took)",
        "criterion: \(criterion)",
      ]
      if !detail.isEmpty { parts.append("found: \(detail)") }
      if let confirmedBy { parts.append("confirmed by \(confirmedBy): \(note ?? "")") }
      return parts.joined(separator: " | ").replacing("\n", with: " ")
    }
  }

  package init(_ promotion: Promotion) {
    lines = promotion.records.enumerated().map { index, record in
      let confirmation = promotion.confirmation(of: index)
      let took = record.startedAt.flatMap { start in record.finishedAt.map { ($0 - start).seconds } }
      return Line(
        step: record.step.id, kind: record.step.kind, level: record.step.level, result: record.status.word,
        attempts: record.attempts, startedAt: record.startedAt, finishedAt: record.finishedAt, duration: took,
        criterion: record.step.criterion(in: promotion.plan), detail: record.detail, confirmedBy: confirmation?.by,
        note: confirmation?.note)
    }
  }

  /// The heading over the lines.
  package static let heading = "step | level | result | began | duration | exit criterion"

  /// A Markdown table.
  var table: String {
    func cell(_ text: String) -> String { text.replacing("|", with: "\\|").replacing("\n", with: " ") }
    var text =
      "| step | level | result | attempts | began | took | exit criterion | what was found | confirmed |\n"
      + "|---|---|---|---|---|---|---|---|---|\n"
    for line in lines {
      let took = line.duration.map { "\(Span(milliseconds: Int64($0 * 1_000)))" } ?? ""
      let confirmed = line.confirmedBy.map { "\($0): \(line.note ?? "")" } ?? ""
      let cells = [
        line.step.text, line.level.rawValue, line.result, "\(line.attempts)", line.startedAt.map { "\($0)" } ?? "",
        took, line.criterion, line.detail, confirmed,
      ]
      text += "| " + cells.map(cell).joined(separator: " | ") + " |\n"
    }
    return text
  }
}
