/// What a watch looked like, to be drawn: error rates, weights, the interval for the increase, and how near a decision was.
package struct JudgePicture: Sendable {
  /// A value at so many seconds since the beginning.
  package struct Point: Sendable {
    package var seconds: Double
    package var value: Double

    package init(_ seconds: Double, _ value: Double) {
      self.seconds = seconds
      self.value = value
    }
  }

  /// Green's share of traffic from one instant to another.
  package struct Step: Sendable {
    package var from: Double
    package var to: Double
    package var percent: Int

    package init(from: Double, to: Double, percent: Int) {
      self.from = from
      self.to = to
      self.percent = percent
    }
  }

  /// What a line is about, which chooses its colour.
  package enum Tone: String, Sendable { case green, blue, rollBack = "back", pause, proof }

  /// A named line.
  package struct Line: Sendable {
    package var name: String
    package var tone: Tone
    package var points: [Point]

    package init(_ name: String, _ tone: Tone, _ points: [Point]) {
      self.name = name
      self.tone = tone
      self.points = points
    }
  }

  /// The interval that the increase lies in, at one instant.
  package struct Band: Sendable {
    package var seconds: Double
    package var lower: Double
    package var upper: Double

    package init(_ seconds: Double, _ lower: Double, _ upper: Double) {
      self.seconds = seconds
      self.lower = lower
      self.upper = upper
    }
  }

  /// A bound across a panel.
  package struct Bound: Sendable {
    package var value: Double
    package var name: String
    package var tone: Tone

    package init(_ value: Double, _ name: String, _ tone: Tone) {
      self.value = value
      self.name = name
      self.tone = tone
    }
  }

  package var title: String
  /// What was decided, in one sentence.
  package var conclusion: String
  package var seconds: Double
  package var steps: [Step]
  /// Fractions.
  package var rates: [Line]
  package var bounds: [Bound]
  /// Differences of fractions.
  package var increase: [Band]
  /// 1 decides; for rules with a score, the score as a fraction.
  package var evidence: [Line]
  package var evidenceTitle: String
  /// The line that decides.
  package var decisive: Bound?
  /// When it was decided.
  package var decidedAt: Double?
  package var tone: Tone

  package init(title: String, conclusion: String, seconds: Double, tone: Tone) {
    self.title = title
    self.conclusion = conclusion
    self.seconds = seconds
    self.tone = tone
    (steps, rates, bounds, increase, evidence) = ([], [], [], [], [])
    evidenceTitle = ""
  }
}
