import Foundation
import SlipwayPages
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite("Picture of a judged watch")
struct JudgePictureTests {
  /// Half an hour with a bad second half, as the sequential judge would show it.
  static func sample(title: String = "run shop-42") -> JudgePicture {
    var picture = JudgePicture(
      title: title, conclusion: "rolled back: error rate 6.2 % of 412 requests on green is proved to be above 5 %",
      seconds: 1_800, tone: .rollBack)
    picture.steps = [.init(from: 0, to: 600, percent: 10), .init(from: 600, to: 1_800, percent: 50)]
    let times = (1...60).map { Double($0) * 30 }
    let wave = { (second: Double) in 0.004 * (1 + Double(Int(second / 30) * 7 % 5) / 4) }
    picture.rates = [
      .init("green", .green, times.map { .init($0, wave($0) + ($0 > 1_300 ? 0.055 : 0)) }),
      .init("blue", .blue, times.map { .init($0, wave($0 + 60)) }),
    ]
    picture.bounds = [.init(0.05, "rolls back", .rollBack), .init(0.01, "pauses", .pause)]
    picture.increase = times.map { second in
      let width = 0.2 / (second / 30).squareRoot()
      let center = second > 1_300 ? 0.02 : 0.0005
      return .init(second, center - width / 2, center + width / 2)
    }
    picture.evidence = [
      .init("worse: roll back", .rollBack, times.map { .init($0, $0 > 1_300 ? min(1.2, ($0 - 1_300) / 300) : 0.02) }),
      .init("worse: ask", .pause, times.map { .init($0, $0 > 1_300 ? min(1.4, ($0 - 1_300) / 200) : 0.05) }),
      .init("not worse: pass", .proof, times.map { .init($0, $0 > 1_300 ? 0.2 : min(1.1, $0 / 900)) }),
    ]
    picture.evidenceTitle = "evidence, as part of what decides"
    picture.decisive = .init(1, "decides", .rollBack)
    picture.decidedAt = 1_600
    return picture
  }

  @Test("it is well-formed, shows every part, and follows light and dark")
  func whole() throws {
    let svg = Self.sample().svg
    // For whoever wants to look at it.
    if let folder = ProcessInfo.processInfo.environment["SLIPWAY_PICTURES"] {
      try Data(svg.utf8).write(to: URL(filePath: folder).appending(path: "judge.svg"))
    }
    #expect(XMLParser(data: Data(svg.utf8)).parse())
    for part in [
      "xmlns=\"http://www.w3.org/2000/svg\"", "prefers-color-scheme:dark", "green&#39;s share of traffic",
      "failed requests",
      "the interval that holds at every look", "evidence, as part of what decides", "decides", "10 %", "50 %", "30:00",
      "run shop-42", "rolled back: ",
    ] { #expect(svg.contains(part), "\(part) is missing") }
    #expect(!svg.contains("nan") && !svg.contains("inf\""))
  }

  @Test("texts are escaped, and no number is drawn that is none")
  func hostile() {
    var picture = Self.sample(title: "</text><script>alert(1)</script>")
    picture.rates = [.init("<b>", .green, [.init(0, .nan), .init(.infinity, 0.5), .init(10, -.infinity)])]
    picture.increase = [.init(.nan, -.infinity, .infinity)]
    picture.evidence = []
    let svg = picture.svg
    #expect(XMLParser(data: Data(svg.utf8)).parse())
    #expect(!svg.contains("<script") && !svg.contains("<b>"))
  }

  @Test("nothing recorded is an empty frame and no crash")
  func empty() {
    let svg = JudgePicture(title: "nothing", conclusion: "held without a verdict", seconds: 0, tone: .pause).svg
    #expect(XMLParser(data: Data(svg.utf8)).parse())
  }
}
