/// One test of the sequential judge as it stands at a look, in figures and in words.
package struct TestReading: Codable, Sendable, Equatable {
  /// What the test is called in docs/judging.md: `T1` to `T9`.
  package var id: String
  package var metric: WatchMetric?
  package var consequence: WatchLimit.Consequence?
  package var bound: Double?
  /// How often at most this test is wrong when there is nothing to prove.
  package var alpha: Double
  /// Natural logarithm of the evidence at this look.
  package var evidence: Double
  /// The p-value that holds at every look: 1 divided by the greatest evidence so far, at most 1.
  package var p: Double
  package var isProved: Bool
  /// More requests on green that a decision takes at the present rates; nil when there is one, or when they lead to none.
  package var needed: Double?
  /// The smallest increase of the rate that would have been proved by now; nil where nothing could have been.
  package var visible: Double?
  /// One sentence for a person.
  package var text: String

  package init(
    id: String, metric: WatchMetric? = nil, consequence: WatchLimit.Consequence? = nil, bound: Double? = nil,
    alpha: Double, evidence: Double, p: Double, isProved: Bool, needed: Double? = nil, visible: Double? = nil,
    text: String
  ) {
    self.id = id
    self.metric = metric
    self.consequence = consequence
    self.bound = bound
    self.alpha = alpha
    self.evidence = evidence
    self.p = p
    self.isProved = isProved
    self.needed = needed
    self.visible = visible
    self.text = text
  }
}

/// What the sequential judge has to say beside its verdict.
package struct SequentialReport: Codable, Sendable, Equatable {
  package var tests: [TestReading]
  /// The interval that the increase of the error rate over blue lies in at all times with 98 %, 1 % on each side (F7); nil where nothing is known.
  package var increaseAtLeast: Double?
  package var increaseAtMost: Double?
  /// Requests on green and on blue that were compared.
  package var compared: [Double]
  /// How much more than by chance errors vary, by which all evidence is divided; nil when nobody knows and 5 stands in.
  package var dispersion: Double?
  /// What all roll-back tests together, and all pause tests, are wrong at most (union bound).
  package var rollBackBound: Double
  package var pauseBound: Double

  package init(
    tests: [TestReading], increaseAtLeast: Double? = nil, increaseAtMost: Double? = nil, compared: [Double] = [],
    dispersion: Double? = nil, rollBackBound: Double = 0, pauseBound: Double = 0
  ) {
    self.tests = tests
    self.increaseAtLeast = increaseAtLeast
    self.increaseAtMost = increaseAtMost
    self.compared = compared
    self.dispersion = dispersion
    self.rollBackBound = rollBackBound
    self.pauseBound = pauseBound
  }
}
