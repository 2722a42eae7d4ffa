internal import Foundation
internal import SlipwayEngine
internal import SlipwayModel

/// A run as a picture of text lines: steps, the traffic bar, the figures of blue and green, what is waited for.
struct RunView {
  private let promotion: Promotion
  private let status: RunStatus
  private let now: Timestamp
  private let paint: Paint
  private let width: Int

  init(_ promotion: Promotion, at now: Timestamp, _ terminal: Terminal) {
    self.promotion = promotion
    self.now = now
    status = RunStatus(promotion, at: now)
    paint = terminal.paint
    width = terminal.isInteractive ? terminal.width : 160
  }

  func lines() -> [String] {
    var lines = [head, ""]
    lines += status.steps.filter { $0.status != "skipped" }.map(step)
    if let exception = promotion.plan.exception {
      let waived = promotion.plan.waived.isEmpty ? "" : ", sets aside \(promotion.plan.waived.joined(separator: ", "))"
      lines.append(paint.yellow("exception: ") + cut("\(exception.name), \(exception.reason)\(waived)", 11))
    }
    lines += gates
    lines.append("")
    if let traffic { lines += traffic }
    if let wait = status.waitingFor {
      let until = wait.until.map { " until \($0) (\(remaining($0)))" } ?? ""
      lines.append(paint.yellow("waits: ") + cut("\(wait.reason)\(until)", 8))
    }
    if let rollback = status.rollback { lines.append(paint.red("goes back: ") + cut(rollback.reason, 11)) }
    if promotion.isFinished { lines += ending() }
    return lines
  }

  /// The last lines, once it is over.
  func ending() -> [String] {
    var lines = [paint.bold("\(status.runID): ") + paint.status(status.status)]
    if let span = promotion.breachToZero { lines.append("from the decision to green at 0 %: \(span)") }
    if let backup = status.blueBackupID { lines.append("backup of blue: \(backup)") }
    if let moment = status.cutoverAt { lines.append("cutover: \(moment)") }
    if let folder = status.evidenceDir { lines.append("evidence: \(folder)") }
    if promotion.outcome == .success, promotion.plan.operation == .promote, promotion.plan.environment.after != nil {
      lines.append("it is looked after: slipway after \(status.runID)")
    }
    return lines
  }

  private var head: String {
    let plan = promotion.plan
    let verb = plan.operation == .promote ? "\(plan.release.id) → \(plan.to)" : "\(plan.to) back to \(plan.release.id)"
    return paint.bold("\(plan.project) \(verb)") + "  " + paint.status(status.status) + "  "
      + paint.dim("\(status.runID)")
      + "  " + paint.dim("\((status.finishedAt ?? now) - status.startedAt)")
  }

  private func step(_ step: RunStatus.StepLine) -> String {
    let mark =
      switch step.status {
      case "succeeded": paint.green("✓")
      case "failed": paint.red("✗")
      case "running": paint.bold("▸")
      case "waiting", "retrying", "uncertain": paint.yellow("…")
      default: step.id == status.step ? paint.bold("▸") : paint.dim("·")
      }
    let name = step.id.text.padding(toLength: max(24, step.id.text.count), withPad: " ", startingAt: 0)
    let took = step.startedAt.flatMap { start in step.finishedAt.map { "\($0 - start)" } } ?? ""
    let span = took.padding(toLength: max(8, took.count), withPad: " ", startingAt: 0)
    return " \(mark) \(name) \(paint.dim(span)) \(cut(step.detail, 37))"
  }

  /// What the gates that keep the run waiting or blocked it said, with what would make them pass.
  private var gates: [String] {
    let reports = promotion.records.flatMap(\.reports).filter { $0.verdict != .passed || !$0.warnings.isEmpty }
    guard !reports.isEmpty, promotion.isWaitingOnGates else { return [] }
    return [""] + reports.flatMap { GateText.lines($0, paint) }.map { cut($0, 0) }
  }

  private var traffic: [String]? {
    guard promotion.plan.blue != nil || (status.weights?.green ?? 0) > 0 else { return nil }
    var lines: [String] = []
    if let weights = status.weights {
      let cells = max(20, min(50, width - 40))
      let green = weights.green * cells / 100
      let bar =
        paint.green(String(repeating: "█", count: green)) + paint.blue(String(repeating: "░", count: cells - green))
      lines.append("traffic  \(bar)  green \(weights.green) %, blue \(weights.blue) %")
    } else {
      lines.append("traffic  " + paint.yellow("is being changed"))
    }
    if let watch = status.watch {
      lines.append("green    " + figures(watch.green))
      if promotion.plan.blue != nil { lines.append("blue     " + figures(watch.blue)) }
      lines.append("verdict  " + paint.status(watch.verdict.rawValue) + "  " + cut(watch.reason, 20))
      lines += watch.report.map(tests) ?? []
    }
    return lines + [""]
  }

  /// What was tested, a line each, and the interval that the increase of the error rate lies in.
  private func tests(_ report: SequentialReport) -> [String] {
    var lines = report.tests.map { "\($0.id)       " + cut($0.text, 12) }
    func points(_ value: Double?) -> String { value.map { String(format: "%.2f", $0 * 100) } ?? "?" }
    if report.increaseAtLeast != nil || report.increaseAtMost != nil {
      let (least, most) = (points(report.increaseAtLeast), points(report.increaseAtMost))
      lines.append("increase of the error rate from \(least) to \(most) points (1 % on each side)")
    }
    return lines.map(paint.dim)
  }

  private func figures(_ figures: WatchFigures?) -> String {
    guard let figures else { return paint.dim("no figures") }
    func milliseconds(_ seconds: Double?) -> String { seconds.map { String(format: "%.1f ms", $0 * 1_000) } ?? "-" }
    let rate = figures.errorRate.map { String(format: "%.2f %%", $0 * 100) } ?? "-"
    return "\(figures.requests) requests, errors \(rate), p50 \(milliseconds(figures.p50)), "
      + "p95 \(milliseconds(figures.p95)), p99 \(milliseconds(figures.p99))"
  }

  private func remaining(_ time: Timestamp) -> String {
    let left = time - now
    return left.milliseconds > 0 ? "in \(Span.seconds((left.milliseconds + 999) / 1_000))" : "now"
  }

  private func cut(_ text: String, _ used: Int) -> String {
    let line = text.replacing("\n", with: " ")
    let room = max(20, width - used)
    return line.count > room ? String(line.prefix(room - 1)) + "…" : line
  }
}

extension Promotion {
  /// Whether gates have a say in where the run stands: it is at them, waits for people who should know of them, or was blocked by them.
  fileprivate var isWaitingOnGates: Bool {
    switch phase {
    case .forward(let step, _):
      records.indices.contains(step) && [.gate, .approve].contains(records[step].step.kind) || !hasBegun
    case .closing(let outcome), .finished(let outcome): outcome == .blocked
    case .back: false
    }
  }
}
