/// Brent's method for a root (Algorithms for Minimization without Derivatives, chapter 4), step for step as R's `uniroot` takes it.
///
/// The steps matter: what is solved here is a staircase, and where on a stair the search ends is part of the published results.
enum RootFinder {
  private static let mostSteps = 1_001

  /// A root of `function` between `low` and `high`, whose values there have different signs; within `tolerance`, absolute.
  static func root(
    _ low: Double, _ high: Double, tolerance: Double, _ function: (Double) -> Double
  ) -> Double {
    var before = Point(low, function(low))
    var best = Point(high, function(high))
    if before.value == 0 { return before.place }
    if best.value == 0 { return best.place }
    var opposite = before
    for _ in 0..<mostSteps {
      let lastStep = best.place - before.place
      if opposite.value.magnitude < best.value.magnitude {
        (before, best, opposite) = (best, opposite, best)
      }
      let smallest = 2 * Double.ulpOfOne * best.place.magnitude + tolerance / 2
      var step = (opposite.place - best.place) / 2
      if step.magnitude <= smallest || best.value == 0 { return best.place }
      if lastStep.magnitude >= smallest, before.value.magnitude > best.value.magnitude,
        let shorter = interpolated(before, best, opposite, lastStep, smallest)
      {
        step = shorter
      }
      if step.magnitude < smallest { step = step > 0 ? smallest : -smallest }
      before = best
      let place = best.place + step
      best = Point(place, function(place))
      if (best.value > 0) == (opposite.value > 0), best.value != 0, opposite.value != 0 { opposite = before }
    }
    return best.place
  }

  private struct Point {
    var place: Double
    var value: Double

    init(_ place: Double, _ value: Double) {
      self.place = place
      self.value = value
    }
  }

  /// The step to where a line or an inverse parabola through the points meets zero; nil when that is no better than halving.
  private static func interpolated(
    _ before: Point, _ best: Point, _ opposite: Point, _ lastStep: Double, _ smallest: Double
  ) -> Double? {
    let width = opposite.place - best.place
    var (numerator, denominator): (Double, Double)
    if before.place == opposite.place {
      let ratio = best.value / before.value
      (numerator, denominator) = (width * ratio, 1 - ratio)
    } else {
      let first = before.value / opposite.value
      let second = best.value / opposite.value
      let third = best.value / before.value
      numerator =
        third * (width * first * (first - second) - (best.place - before.place) * (second - 1))
      denominator = (first - 1) * (second - 1) * (third - 1)
    }
    if numerator > 0 { denominator = -denominator } else { numerator = -numerator }
    guard numerator < 0.75 * width * denominator - (smallest * denominator).magnitude / 2,
      numerator < (lastStep * denominator / 2).magnitude
    else { return nil }
    return numerator / denominator
  }
}
