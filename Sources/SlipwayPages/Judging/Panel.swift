/// One panel of a picture: a stretch of time across, a range of values up.
struct Panel {
  static let whole = 960
  static let gap = 38.0
  /// Where the first panel begins, below the title.
  static let first = 96.0
  private static let (left, right) = (78.0, 800.0)

  let top: Double
  let height: Double
  let range: ClosedRange<Double>
  let seconds: Double
  let title: String

  var bottom: Double { top + height }

  func x(_ place: Double) -> Double {
    Self.left + (Self.right - Self.left) * (seconds > 0 ? min(1, max(0, place / seconds)) : 0)
  }

  func y(_ value: Double) -> Double {
    let width = range.upperBound - range.lowerBound
    let share = width > 0 ? (min(max(value, range.lowerBound), range.upperBound) - range.lowerBound) / width : 0
    return bottom - height * share
  }

  func frame(marks: [(Double, String)]) -> Markup {
    Markup.all([
      Markup.element("text", [.init("class", "head"), .init("x", "24"), .init("y", Self.text(top - 8))]) { title },
      Markup.all(
        marks.map { value, text in
          let place = y(value)
          return Markup.all([
            line(place, "grid"),
            Markup.element(
              "text",
              [
                .init("class", "mark"), .init("x", Self.text(Self.left - 8)), .init("y", Self.text(place + 4)),
                .init("text-anchor", "end"),
              ]
            ) { text },
          ])
        }),
      Markup.element(
        "rect",
        [
          .init("class", "panel"), .init("x", Self.text(Self.left)), .init("y", Self.text(top)),
          .init("width", Self.text(Self.right - Self.left)), .init("height", Self.text(height)),
        ]
      ) { Markup.nothing },
    ])
  }

  /// A dashed line across.
  func bound(_ bound: JudgePicture.Bound) -> Markup { line(y(bound.value), "bound \(bound.tone.rawValue)") }

  /// Bounds and lines with their names at the right, moved apart where they would lie on each other.
  func lines(_ lines: [JudgePicture.Line], bounds: [JudgePicture.Bound]) -> Markup {
    var names = bounds.map { (text: $0.name, tone: $0.tone, place: y($0.value)) }
    var pieces = bounds.map(bound)
    for line in lines {
      guard let last = line.points.last else { continue }
      let points = line.points.map { (x($0.seconds), y($0.value)) }
      pieces.append(
        Markup.element("path", [.init("class", "line \(line.tone.rawValue)"), .init("d", Self.path(points))]) {
          Markup.nothing
        })
      names.append((line.name, line.tone, y(last.value)))
    }
    var lowest = -Double.infinity
    for name in names.sorted(by: { $0.place < $1.place }) {
      lowest = max(lowest + 14, name.place + 4)
      pieces.append(label(name.text, x: Self.right + 8, y: lowest, "small \(name.tone.rawValue)"))
    }
    return Markup.all(pieces)
  }

  func label(_ text: String, x: Double, y: Double, _ style: String) -> Markup {
    Markup.element("text", [.init("class", style), .init("x", Self.text(x)), .init("y", Self.text(y))]) { text }
  }

  private func line(_ place: Double, _ style: String) -> Markup {
    Markup.element(
      "line",
      [
        .init("class", style), .init("x1", Self.text(Self.left)), .init("x2", Self.text(Self.right)),
        .init("y1", Self.text(place)), .init("y2", Self.text(place)),
      ]
    ) { Markup.nothing }
  }

  /// Three marks over a range.
  static func marks(_ range: ClosedRange<Double>, _ words: (Double) -> String) -> [(Double, String)] {
    [0, 0.5, 1].map { share in
      let value = range.lowerBound + (range.upperBound - range.lowerBound) * share
      return (value, words(value))
    }
  }

  static func path(_ points: [(Double, Double)]) -> String {
    points.enumerated().map { index, point in "\(index == 0 ? "M" : "L")\(text(point.0)) \(text(point.1))" }.joined()
  }

  /// A coordinate with one digit behind the point.
  static func text(_ value: Double) -> String {
    let rounded = (value * 10).rounded() / 10
    guard rounded.isFinite, rounded.magnitude < 1e6 else { return "0" }
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }
}
