import Foundation
import FoundationXML
import Testing

/// `slipway judge` on files, as a user calls it.
@Suite("Commands: judge and rehearse")
struct JudgeCommandTests {
  /// Ten minutes at 10 %, a row every ten seconds; errors on green from half time on.
  static func recording(failing: Int) -> String {
    var lines = ["# counts: per-interval", "time,slot,requests,errors,weight,le_0.1,le_0.5,le_inf"]
    for second in stride(from: 10, through: 600, by: 10) {
      let errors = second > 300 ? failing : 0
      lines.append("\(second),blue,900,\(second % 60 == 0 ? 1 : 0),10,880,899,900")
      lines.append("\(second),green,100,\(errors),10,98,100,100")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  @Test("recorded counts are judged: exit code 0 for healthy, 3 for what would go back, and the last line says so")
  func files() async throws {
    try await Shop.with({ _ in "project: shop\n" }) { shop in
      try shop.write(Self.recording(failing: 0), to: "good.csv")
      try shop.write(Self.recording(failing: 40), to: "bad.csv")
      let good = try await shop.slipway("judge", "good.csv")
      #expect(good.text.contains("healthy to the end"), "\(good)")
      let bad = try await shop.slipway("judge", "bad.csv", "--picture", "bad.svg", expecting: 3)
      let last = try #require(bad.text.split(separator: "\n").last)
      #expect(last.hasPrefix("rolled back after 5m"), "\(bad)")
      let json = try await shop.slipway("judge", "bad.csv", "--output", "json", expecting: 3)
      let documents = try json.objects()
      #expect(documents.last?["decision"] as? String == "roll_back")
      #expect(documents.dropLast().allSatisfy { $0["judgement"] != nil && $0["weight"] as? Int == 10 })
      let picture = try String(contentsOf: shop.folder.appending(path: "bad.svg"), encoding: .utf8)
      #expect(XMLParser(data: Data(picture.utf8)).parse(), "the picture is well-formed")
      #expect(picture.contains("prefers-color-scheme") && picture.contains("rolled back"))
    }
  }

  @Test("what is no recording is refused with its line and exit code 65; what is asked wrongly with 64")
  func refusals() async throws {
    try await Shop.with({ _ in "project: shop\n" }) { shop in
      try shop.write("time,slot,requests,errors\n1,green,1,2\n", to: "odd.csv")
      let odd = try await shop.slipway("judge", "odd.csv", "--counts", "cumulative", expecting: 65)
      #expect(odd.complaint.contains("odd.csv: line 2: 2 errors of 1 requests"), "\(odd)")
      try await shop.slipway("judge", "odd.csv", "--counts", "twice", expecting: 64)
      try await shop.slipway("judge", "none.csv", expecting: 65)
      try await shop.slipway("judge", expecting: 64)
      try await shop.slipway("judge", "odd.csv", "--run", "latest", expecting: 64)
      try await shop.slipway("rehearse", "--since", "soon", expecting: 64)
    }
  }

  @Test("real promotions are recorded, judged again and rehearsed by changed rules")
  func realRuns() async throws {
    // Limits as they stand: watches of seconds leave evidence so near to its bound that a test would hang on it.
    let pipeline = { (shop: Shop) in
      shop.shortPipeline.replacing("minimum_requests: 8", with: "minimum_requests: 8\n      judge: thresholds")
    }
    try await Shop.with(pipeline) { shop in
      try await shop.register("1.0.0")
      try await shop.register("1.1.0")
      try await shop.register("1.2.0", failsOneIn: 2)
      // The first customers find nobody, which is nobody's fault.
      let bad = try await Customers.order(at: shop.ports.front) { customers in
        try await shop.deploy("1.0.0")
        try await shop.deploy("1.1.0")
        let bad = try await shop.deploy("1.2.0", expecting: 3)
        try await customers.goHome()
        return bad
      }
      let again = try await shop.slipway("judge", "--run", bad.runId, "--record", "bad.jsonl", expecting: 3)
      #expect(again.text.contains("rolled back"), "\(again)")
      let pipeline = try String(contentsOf: shop.folder.appending(path: "slipway.yaml"), encoding: .utf8)
      let fromFile = try await shop.slipway("judge", "bad.jsonl", "--to", "production", expecting: 3)
      #expect(fromFile.text.contains("rolled back"), "\(fromFile)")
      let same = try await rehearsed(shop)
      #expect(same.map(\.finding) == ["same", "same", "same"], "\(same)")
      // A limit that half of all requests do not reach, so that the bad one would have passed.
      try shop.write(pipeline.replacing("roll_back_above: 5%", with: "roll_back_above: 99%"), to: "blind.yaml")
      let missed = try await rehearsed(shop, "--with", "blind.yaml")
      #expect(missed.last?.finding == "missed", "\(missed)")
      let table = try await shop.slipway("rehearse", "--with", "blind.yaml")
      #expect(table.text.contains("1 missed") && table.text.contains("could have been seen later"), "\(table)")
    }
  }

  @Test("B8: a real run judged again from the journal alone: the same verdict in the same words at every look")
  func wordForWord() async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.register("1.0.0")
      try await shop.register("1.1.0")
      let run = try await Customers.order(at: shop.ports.front) { customers in
        try await shop.deploy("1.0.0")
        let run = try await shop.deploy("1.1.0").runId
        try await customers.goHome()
        return run
      }
      let looks = try await shop.slipway("log", run, "--output", "json").objects().compactMap { entry in
        entry["kind"] as? String == "watch.measured"
          ? (entry["text"] as? String)?.split(separator: ": ", maxSplits: 1).last : nil
      }
      let again = try await shop.slipway("judge", "--run", run, "--output", "json").objects().compactMap { look in
        (look["judgement"] as? [String: Any]).flatMap { judgement in
          (judgement["verdict"] as? String).flatMap { verdict in
            (judgement["reason"] as? String).map { "\(verdict), \($0)" }
          }
        }
      }
      #expect(looks.count >= 4 && looks.map(String.init) == again)
    }
  }

  private struct Line: Decodable {
    var release: String
    var finding: String
    var reason: String
  }

  private struct Rehearsed: Decodable {
    var runs: [Line]
    var counts: [String: Int]
  }

  private func rehearsed(_ shop: Shop, _ words: String...) async throws -> [Line] {
    let output = try await Program.run(
      ["rehearse", "--since", "1d", "--output", "json"] + words, in: shop.folder, within: .seconds(60))
    #expect(output.code == 0, "\(output)")
    let found = try JSONDecoder().decode(Rehearsed.self, from: Data(output.text.utf8))
    #expect(found.counts.values.reduce(0, +) == found.runs.count)
    return found.runs
  }
}
