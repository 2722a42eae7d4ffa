package import SlipwayModel

/// Tells a trend from noise and says where it leads (E14).
///
/// A limit counts as crossed only where the slow end of the slope's interval crosses it, so that noise raises no alarm; where only the middle of the
/// interval does, it is undecided.
package enum TrendJudge {
  /// So many readings over so much time it takes at least; a phase shorter than four hours is judged after a quarter of it.
  package static let leastReadings = 10
  package static let leastTime = Span.hours(1)
  /// Looks come again and again, so each is held to more than the usual 95 %.
  private static let confidence = 0.99
  private static let mostPoints = 240

  /// What the readings of one gauge say about its limit.
  ///
  /// - Parameters:
  ///   - name: for people.
  ///   - readings: oldest first; what is no number is left out.
  ///   - limit: where they may not lead.
  ///   - phase: how long they are gathered altogether.
  /// - Returns: the verdict, the reading, the slope with its interval in words, and the slope in units an hour.
  package static func judge(
    _ name: String, _ readings: [AftercareState.GaugeReading], _ limit: TrendSpec.Limit, over phase: Span
  ) -> (verdict: AftercareVerdict, detail: String, slope: Double?) {
    let readings = readings.filter(\.value.isFinite)
    let needed = min(leastTime, Span(milliseconds: phase.milliseconds / 4))
    guard let first = readings.first, let last = readings.last, readings.count >= leastReadings,
      last.at - first.at >= needed
    else {
      return (
        .undecided,
        "\(name): \(readings.count) reading\(readings.count == 1 ? "" : "s") so far; a trend takes \(leastReadings) over "
          + "\(needed)", nil
      )
    }
    let points = thinned(readings.map { (($0.at - first.at).seconds / 3_600, $0.value) })
    guard let line = Self.line(points) else { return (.undecided, "\(name): all readings are of one moment", nil) }
    let trend = Trend(name: name, line: line, level: line.value(at: points.last?.x ?? 0), middle: middle(points))
    return trend.against(limit)
  }

  private static func line(_ points: [(x: Double, y: Double)]) -> TheilSen? {
    let (x, y) = (points.map(\.x), points.map(\.y))
    guard let rough = TheilSen(x: x, y: y, confidence: confidence) else { return nil }
    let residuals = points.map { $0.y - rough.value(at: $0.x) }
    return TheilSen(x: x, y: y, confidence: confidence, inflation: Autocorrelation.inflation(of: residuals))
  }

  private static func middle(_ points: [(x: Double, y: Double)]) -> Double {
    points.map(\.y).sorted()[points.count / 2]
  }

  /// Neighbours become their median where there are many, since the work grows with the square.
  private static func thinned(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    guard points.count > mostPoints else { return points }
    let size = (points.count + mostPoints - 1) / mostPoints
    return stride(from: 0, to: points.count, by: size).map { start in
      let block = points[start..<min(start + size, points.count)]
      let x = block.map(\.x).reduce(0, +) / Double(block.count)
      return (x, block.map(\.y).sorted()[block.count / 2])
    }
  }
}

/// One gauge's line, measured against limits.
private struct Trend {
  let name: String
  /// Per hour.
  let line: TheilSen
  /// Where the line is now.
  let level: Double
  let middle: Double

  private var said: String {
    let range = "\(FigureText.signed(line.low)) to \(FigureText.signed(line.high))"
    let kind = line.low <= 0 && line.high >= 0 ? "no trend beyond noise" : "a trend"
    return "\(name) is \(FigureText.plain(level)), \(kind): \(FigureText.signed(line.slope)) an hour (99 %: \(range))"
  }

  func against(_ limit: TrendSpec.Limit) -> (verdict: AftercareVerdict, detail: String, slope: Double?) {
    switch limit {
    case .reaches(let side, let bound, let within):
      let isThere = side == .above ? level > bound : level < bound
      if isThere { return (.failed, "\(said); it is \(side.rawValue) \(FigureText.plain(bound)) already", line.slope) }
      let hours = within.seconds / 3_600
      return verdict(side, (bound - level) / hours, "\(side.rawValue) \(FigureText.plain(bound)) within \(within)")
    case .perHour(let side, let bound):
      let slope = side == .above ? bound : -bound
      return verdict(
        side, slope, "\(side == .above ? "rises" : "falls") by more than \(FigureText.plain(bound)) an hour")
    case .grows(let share, let within):
      let slope = share * abs(middle) * 3_600 / within.seconds
      return verdict(.above, slope, "grows by more than \(FigureText.percent(share)) within \(within)")
    }
  }

  /// Whether the line is steeper than `slope` on that side.
  private func verdict(
    _ side: WatchLimit.Side, _ slope: Double, _ words: String
  ) -> (verdict: AftercareVerdict, detail: String, slope: Double?) {
    let isProved = side == .above ? line.low > slope : line.high < slope
    let isLikely = side == .above ? line.slope > slope : line.slope < slope
    if isProved { return (.failed, "\(said); at this rate: \(words)", line.slope) }
    if isLikely { return (.undecided, "\(said); perhaps: \(words), which is not proved yet", line.slope) }
    return (.passed, said, line.slope)
  }
}
