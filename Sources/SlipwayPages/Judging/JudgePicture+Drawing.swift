extension JudgePicture {
  /// The picture as SVG, a document of its own; it reads in light and in dark.
  package var svg: String {
    var top = Panel.first
    var pieces: [Markup] = []
    let weights = Panel(top: top, height: 54, range: 0...100, seconds: seconds, title: "green's share of traffic")
    pieces.append(weights.frame(marks: [(0, "0 %"), (100, "100 %")]))
    pieces.append(stairs(in: weights))
    top += 54 + Panel.gap
    let most = max(0.001, (rates.flatMap(\.points).map(\.value) + bounds.map(\.value)).max() ?? 0) * 1.12
    let rate = Panel(top: top, height: 190, range: 0...min(1, most), seconds: seconds, title: "failed requests")
    pieces.append(rate.frame(marks: Panel.marks(0...min(1, most), Self.percent)))
    pieces.append(rate.lines(rates, bounds: bounds))
    top += 190 + Panel.gap
    if !increase.isEmpty {
      let panel = increasePanel(top)
      pieces.append(panel)
      top += 120 + Panel.gap
    }
    if !evidence.isEmpty {
      let most = max(1.25, min(4, evidence.flatMap(\.points).map(\.value).max() ?? 1))
      let panel = Panel(top: top, height: 150, range: 0...most, seconds: seconds, title: evidenceTitle)
      pieces.append(panel.frame(marks: Panel.marks(0...most, { Self.percent($0) })))
      pieces.append(panel.lines(evidence, bounds: decisive.map { [$0] } ?? []))
      top += 150 + Panel.gap
    }
    if let decidedAt { pieces.append(decision(at: decidedAt, through: top - Panel.gap)) }
    pieces.append(times(top - Panel.gap + 18))
    return document(height: top + 8, pieces)
  }

  private func document(height: Double, _ pieces: [Markup]) -> String {
    let size = "0 0 \(Panel.whole) \(Panel.text(height))"
    let markup = Markup.element(
      "svg",
      [
        .init("xmlns", "http://www.w3.org/2000/svg"), .init("viewBox", size), .init("role", "img"),
        .init("font-family", "system-ui, -apple-system, 'Segoe UI', sans-serif"),
      ]
    ) {
      Markup.element("title") { title + ": " + conclusion }
      Markup.style(Self.sheet)
      Markup.element("rect", [.init("class", "paper"), .init("width", "100%"), .init("height", "100%")]) {
        Markup.nothing
      }
      Markup.element("text", [.init("class", "title"), .init("x", "24"), .init("y", "32")]) { title }
      Markup.element("text", [.init("class", "say \(tone.rawValue)"), .init("x", "24"), .init("y", "54")]) {
        Self.shortened(conclusion)
      }
      Markup.all(pieces)
    }
    return markup.description + "\n"
  }

  private func stairs(in panel: Panel) -> Markup {
    Markup.all(
      steps.map { step in
        let (left, right) = (panel.x(step.from), panel.x(step.to))
        let top = panel.y(Double(step.percent))
        return Markup.all([
          Markup.element(
            "rect",
            [
              .init("class", "stair"), .init("x", Panel.text(left)), .init("y", Panel.text(top)),
              .init("width", Panel.text(max(1, right - left))), .init("height", Panel.text(panel.bottom - top)),
            ]
          ) { Markup.nothing },
          panel.label(
            "\(step.percent) %", x: left + 4, y: min(panel.bottom - 4, max(panel.top + 12, top - 4)), "small"),
        ])
      })
  }

  private func increasePanel(_ top: Double) -> Markup {
    let values = increase.flatMap { [$0.lower, $0.upper] }
    let reach = max(0.002, (values.map(\.magnitude).filter { $0 < 1 }.max() ?? 0.01))
    let shown = max(-1, -reach * 1.1)...min(1, reach * 1.1)
    let panel = Panel(
      top: top, height: 120, range: shown, seconds: seconds,
      title: "increase of failed requests over blue: the interval that holds at every look")
    let upper = increase.map { (panel.x($0.seconds), panel.y(min($0.upper, shown.upperBound))) }
    let lower = increase.reversed().map { (panel.x($0.seconds), panel.y(max($0.lower, shown.lowerBound))) }
    return Markup.all([
      panel.frame(
        marks: [
          (shown.lowerBound, Self.points(shown.lowerBound)), (0, "0"),
          (shown.upperBound, Self.points(shown.upperBound)),
        ]),
      Markup.element("path", [.init("class", "band"), .init("d", Panel.path(upper + lower) + "Z")]) { Markup.nothing },
      panel.bound(Bound(0, "", .blue)),
    ])
  }

  private func decision(at place: Double, through bottom: Double) -> Markup {
    let panel = Panel(top: 0, height: 1, range: 0...1, seconds: seconds, title: "")
    let x = Panel.text(panel.x(place))
    return Markup.element(
      "line",
      [
        .init("class", "decided \(tone.rawValue)"), .init("x1", x), .init("x2", x),
        .init("y1", Panel.text(Panel.first)),
        .init("y2", Panel.text(bottom)),
      ]
    ) { Markup.nothing }
  }

  private func times(_ y: Double) -> Markup {
    let panel = Panel(top: 0, height: 1, range: 0...1, seconds: seconds, title: "")
    return Markup.all(
      (0...4).map { index in
        let place = seconds * Double(index) / 4
        return Markup.element(
          "text",
          [
            .init("class", "mark"), .init("x", Panel.text(panel.x(place))), .init("y", Panel.text(y)),
            .init("text-anchor", index == 0 ? "start" : index == 4 ? "end" : "middle"),
          ]
        ) { Self.clock(place) }
      })
  }

  private static func clock(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    let (hours, minutes, rest) = (whole / 3_600, whole / 60 % 60, whole % 60)
    let tail = rest < 10 ? "0\(rest)" : "\(rest)"
    return hours > 0 ? "\(hours):\(minutes < 10 ? "0" : "")\(minutes):\(tail)" : "\(minutes):\(tail)"
  }

  static func percent(_ value: Double) -> String {
    let scaled = value * 100
    let digits = scaled.magnitude >= 10 ? 1.0 : scaled.magnitude >= 1 ? 10 : 100
    let rounded = (scaled * digits).rounded() / digits
    return rounded == rounded.rounded() ? "\(Int(rounded)) %" : "\(rounded) %"
  }

  private static func points(_ value: Double) -> String {
    (value > 0 ? "+" : "") + percent(value).replacing(" %", with: " points")
  }

  private static func shortened(_ text: String) -> String { text.count > 130 ? text.prefix(129) + "…" : text }

  private static let sheet: StaticString = """
    :root{color-scheme:light dark}
    .paper{fill:#ffffff}.title{fill:#16181d;font-size:18px;font-weight:600}.say{font-size:13px;font-weight:500}
    .panel{fill:none;stroke:#d5d9e0}.grid{stroke:#e8ebf0}.mark{fill:#5c6370;font-size:11px}.head{fill:#3a404b;font-size:12px;font-weight:600}
    .small{fill:#3a404b;font-size:11px}.stair{fill:#1f8a5b;fill-opacity:.22;stroke:#1f8a5b;stroke-opacity:.5}.band{fill:#5b6ee1;fill-opacity:.25;stroke:#5b6ee1}
    .line{fill:none;stroke-width:2;stroke-linejoin:round}.bound{stroke-dasharray:5 4;stroke-width:1.5}.decided{stroke-width:2;stroke-dasharray:2 3}
    .line.green,.bound.green,.decided.green{stroke:#1f8a5b}.line.blue,.bound.blue{stroke:#2a66d9}.line.back,.bound.back,.decided.back{stroke:#c8322b}
    .line.pause,.bound.pause,.decided.pause{stroke:#b06f00}.line.proof,.bound.proof,.decided.proof{stroke:#0f7f86}
    text.green{fill:#146b45}text.blue{fill:#1f4fae}text.back{fill:#a8231d}text.pause{fill:#855400}text.proof{fill:#0b6268}
    @media (prefers-color-scheme:dark){
    .paper{fill:#14161b}.title{fill:#f2f4f8}.panel{stroke:#3a404b}.grid{stroke:#262a33}.mark{fill:#a2a9b6}.head,.small{fill:#d3d8e1}
    .stair{fill:#3fbf86;stroke:#3fbf86}.band{fill:#8d9bff;stroke:#8d9bff}
    .line.green,.bound.green,.decided.green{stroke:#3fbf86}.line.blue,.bound.blue{stroke:#6ea2ff}.line.back,.bound.back,.decided.back{stroke:#ff7a72}
    .line.pause,.bound.pause,.decided.pause{stroke:#f0b04a}.line.proof,.bound.proof,.decided.proof{stroke:#45c4cc}
    text.green{fill:#5fd6a0}text.blue{fill:#8fb8ff}text.back{fill:#ff948d}text.pause{fill:#f5c06a}text.proof{fill:#6fd6dd}
    }
    """
}
