internal import Foundation
internal import SlipwayAnalysis
internal import SlipwayModel
internal import SlipwayPages

/// A replayed recording as a picture.
enum ReplayPicture {
  /// Points across the picture; more would be finer than it is wide.
  private static let finest = 90.0

  static func make(_ recording: WatchRecording, _ replay: WatchReplay, _ spec: WatchSpec, title: String) -> JudgePicture
  {
    let start = recording.startedAt ?? Timestamp(milliseconds: 0)
    let seconds = ((recording.endedAt ?? start) - start).seconds
    let since = { (time: Timestamp) in (time - start).seconds }
    var picture = JudgePicture(
      title: title, conclusion: "\(replay.decision.words): \(replay.reason)", seconds: seconds,
      tone: replay.decision.tone)
    picture.steps = recording.stretches.compactMap { stretch in
      guard let first = stretch.samples.first, let last = stretch.samples.last else { return nil }
      return JudgePicture.Step(from: since(first.at), to: since(last.at), percent: stretch.percent)
    }
    picture.rates = rates(recording, seconds, since)
    picture.bounds = spec.rules.filter { $0.metric == .errorRate }.flatMap(\.limits).map { limit in
      let tone: JudgePicture.Tone = limit.consequence == .rollBack ? .rollBack : .pause
      return JudgePicture.Bound(
        limit.bound, limit.consequence == .rollBack ? "rolls back" : "\(limit.consequence)s", tone)
    }
    picture.increase = replay.looks.compactMap { look in
      guard let report = look.judgement.report, let lower = report.increaseAtLeast, let upper = report.increaseAtMost
      else { return nil }
      return JudgePicture.Band(since(look.at), lower, upper)
    }
    addEvidence(&picture, replay, since)
    if replay.decision == .rollBack || replay.decision == .pause { picture.decidedAt = replay.decidedAt.map(since) }
    return picture
  }

  private static func rates(
    _ recording: WatchRecording, _ seconds: Double, _ since: (Timestamp) -> Double
  ) -> [JudgePicture.Line] {
    let gaps = zip(recording.samples, recording.samples.dropFirst()).map { $1.at - $0.at }.filter { $0 > .zero }
    let usual = gaps.sorted().dropFirst(gaps.count / 2).first ?? .seconds(10)
    let step = max(usual, Span(milliseconds: Int64(seconds * 1_000 / finest)))
    let sides: [(String, JudgePicture.Tone, Slot?)] = [
      ("green", .green, recording.green), ("blue", .blue, recording.blue),
    ]
    return sides.compactMap { name, tone, slot in
      guard let slot else { return nil }
      let points = recording.stretches.flatMap { stretch -> [JudgePicture.Point] in
        guard let first = stretch.samples.first, let last = stretch.samples.last else { return [] }
        let values = RuleSeries(stretch.samples)
          .points(.errorRate, of: slot, from: first.at, through: last.at, step: step)
        return values.enumerated().filter { $0.element.isFinite }.map { index, value in
          JudgePicture.Point(since(last.at - step * (values.count - 1 - index)), value / 100)
        }
      }
      return points.isEmpty ? nil : JudgePicture.Line(name, tone, points)
    }
  }

  /// Evidence as part of what decides; for rules that score, the score.
  private static func addEvidence(_ picture: inout JudgePicture, _ replay: WatchReplay, _ since: (Timestamp) -> Double)
  {
    let kinds: [(String, JudgePicture.Tone, (TestReading) -> Bool)] = [
      ("worse: roll back", .rollBack, { $0.consequence == .rollBack }),
      ("worse: ask", .pause, { $0.consequence == .pause }),
      ("not worse: pass", .proof, { $0.id == "T8" }),
    ]
    picture.evidence = kinds.compactMap { name, tone, isMeant in
      let points = replay.looks.compactMap { look -> JudgePicture.Point? in
        let shares = look.judgement.report?.tests.filter(isMeant).compactMap(share) ?? []
        return shares.max().map { JudgePicture.Point(since(look.at), max(0, $0)) }
      }
      return points.isEmpty ? nil : JudgePicture.Line(name, tone, points)
    }
    guard picture.evidence.isEmpty else {
      picture.evidenceTitle = "evidence, as part of what decides"
      picture.decisive = JudgePicture.Bound(1, "decides", .rollBack)
      return
    }
    let scores = replay.looks.compactMap { look in
      look.judgement.evaluation?.score.map { JudgePicture.Point(since(look.at), $0 / 100) }
    }
    guard !scores.isEmpty else { return }
    picture.evidence = [JudgePicture.Line("score", .proof, scores)]
    picture.evidenceTitle = "score"
  }

  private static func share(_ test: TestReading) -> Double? {
    guard test.alpha > 0, test.alpha < 1, test.evidence.isFinite else { return nil }
    return test.evidence / log(1 / test.alpha)
  }
}

extension WatchReplay.Decision {
  /// The decision for people.
  var words: String {
    switch self {
    case .promote: "healthy to the end"
    case .rollBack: "rolled back"
    case .pause: "paused for a person"
    case .hold: "held without a verdict"
    }
  }

  var tone: JudgePicture.Tone {
    switch self {
    case .promote: .green
    case .rollBack: .rollBack
    case .pause, .hold: .pause
    }
  }

  var status: ExitStatus {
    switch self {
    case .promote: .done
    case .rollBack: .rolledBack
    case .pause, .hold: .blocked
    }
  }
}
