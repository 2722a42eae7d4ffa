internal import Foundation
internal import SlipwayConnectors
internal import SlipwayModel
internal import Testing

/// Whatever a report holds: figures that can be true, or a refusal in one plain line; the same each time; work that grows with the file.
@Suite("Reports under fire")
struct ReportFuzzTests {
  /// SplitMix64: the same bytes on every run.
  private struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }

  /// What a value can be replaced by, as JSON and as an attribute of XML.
  private static let values = [
    "null", "true", "-1", "0", "1e999", "1e-999", "1.5", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "1000000000000", "1000000000001", "NaN", "Infinity", "\"NaN\"", "\"\"", "[]", "{}", "[[]]",
    "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\u0000\"", "\"\\u001b[2J\"", "\"\\u2028\"", "\"critical\"", "\"10.0\"",
    "\"1e400\"", "\"-0\"", "\"\u{7F}\"", "\"e\u{301}\"",
  ]

  private func judge(_ data: Data, as kind: String, at path: String) -> ReadReport? {
    do throws(ConnectorError) {
      let report = try ReportReader.read(path, kind: kind)
      #expect(Self.isPossible(report.content), "\(report.content)")
      #expect(report.digest == Digest(of: data))
      let copy = try? CanonicalJSON.decode(ReportContent.self, from: CanonicalJSON.encode(report.content))
      #expect(copy == report.content)
      return report
    } catch {
      #expect(error.message.hasPrefix(path))
      let reason = error.message.dropFirst(path.count)
      #expect(reason.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }, "\(reason)")
      #expect(reason.unicodeScalars.count < 560, "\(reason)")
      return nil
    }
  }

  private static func isPossible(_ content: ReportContent) -> Bool {
    switch content {
    case .review: true
    case .tests(let figures):
      [figures.executed, figures.failed, figures.errored, figures.skipped].allSatisfy { $0 >= 0 }
    case .coverage(let figures): figures.covered >= 0 && figures.covered <= figures.lines
    case .findings(let figures):
      (figures.examined ?? 0) >= 0 && figures.unknownSeverity >= 0 && figures.bySeverity.values.allSatisfy { $0 > 0 }
        && figures.ids.count <= 1_000 && figures.ids == figures.ids.sorted()
        && figures.findings.count <= figures.unknownSeverity + figures.bySeverity.values.reduce(0, +)
    }
  }

  /// The text cut before and behind everything that marks structure.
  private static func pieces(of text: String) -> [String] {
    var pieces = [""]
    for character in text {
      if "\",:{}[]<> \n=".contains(character) {
        pieces += [String(character), ""]
      } else {
        pieces[pieces.count - 1].append(character)
      }
    }
    return pieces.filter { !$0.isEmpty }
  }

  @Test("F7: values replaced, doubled and moved in a real tool's report", arguments: Sample.all)
  func values(sample: Sample) async throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: sampleFile(sample.file)))
    let text = String(decoding: data, as: UTF8.self)
    let pieces = Self.pieces(of: text)
    var random = Seeded(state: 11)
    try await withFolder { folder in
      for round in 0..<40 {
        var parts = pieces
        for _ in 0...(round % 4) {
          let (first, second) = (
            Int.random(in: 0..<parts.count, using: &random), Int.random(in: 0..<parts.count, using: &random)
          )
          switch Int.random(in: 0..<4, using: &random) {
          case 0: parts[first] = Self.values.randomElement(using: &random) ?? ""
          case 1: parts.insert(parts[first], at: second)
          case 2: parts.swapAt(first, second)
          default: parts.replaceSubrange(first..<min(first + 5, parts.count), with: [parts[second]])
          }
        }
        let changed = Data(parts.joined().utf8)
        let path = try write(changed, to: "report", in: folder)
        let named = judge(changed, as: sample.kind, at: path)
        let found = judge(changed, as: "auto", at: path)
        // Recognised as this kind, it says the same.
        if let found, found.kind == sample.kind { #expect(found == named) }
      }
    }
  }

  /// A report that grows with its number, made to hurt one part of a reader.
  struct Growth: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let kind: String
    let text: @Sendable (Int) -> String

    init(_ description: String, _ kind: String, _ text: @escaping @Sendable (Int) -> String) {
      (testDescription, self.kind, self.text) = (description, kind, text)
    }

    static func repeated(_ unit: String, _ size: Int) -> String {
      String(repeating: unit, count: size / unit.utf8.count)
    }
  }

  static let growths: [Growth] = [
    Growth("attributes", "junit") { size in
      "<testsuite " + (0..<size / 9).map { "a\($0)=\"\" " }.joined() + "/>"
    },
    Growth("the same attribute", "junit") { "<testsuite " + Growth.repeated("a=\"\" ", $0) + "/>" },
    Growth("cases", "junit") { "<testsuite>" + Growth.repeated("<testcase/>", $0) + "</testsuite>" },
    Growth("one long attribute", "junit") { "<testsuite a=\"\(Growth.repeated("&amp;", $0))\"/>" },
    Growth("one long text", "junit") { "<testsuite>" + Growth.repeated("x", $0) + "</testsuite>" },
    Growth("comments", "junit") { Growth.repeated("<!-- -->", $0) + "<testsuite/>" },
    Growth("half a comment", "junit") { Growth.repeated("<!--", $0) },
    Growth("instructions", "junit") { Growth.repeated("<?a?>", $0) + "<testsuite/>" },
    Growth("namespaces", "junit") { "<testsuite>" + Growth.repeated("<a:b xmlns:a=\"c\"/>", $0) + "</testsuite>" },
    Growth("classes", "cobertura") { size in
      "<coverage>"
        + (0..<size / 70).map { "<class filename=\"\($0)\"><lines><line number=\"1\" hits=\"1\"/></lines></class>" }
        .joined() + "</coverage>"
    },
    Growth("lines", "cobertura") { size in
      "<coverage><class filename=\"a\"><lines>"
        + (0..<size / 35).map { "<line number=\"\($0)\" hits=\"1\"/>" }.joined() + "</lines></class></coverage>"
    },
    Growth("hits", "lcov") { size in "SF:a\n" + (0..<size / 10).map { "DA:\($0),1\n" }.joined() + "end_of_record\n" },
    Growth("records", "lcov") { Growth.repeated("SF:a\nDA:1,1\nend_of_record\n", $0) },
    Growth("one long line", "lcov") { "SF:" + Growth.repeated("e\u{301}", $0) + "\nend_of_record\n" },
    Growth("one long count", "lcov") { "SF:a\nDA:1," + Growth.repeated("9", $0) + "\nend_of_record\n" },
    Growth("commas", "lcov") { "SF:a\nDA:" + Growth.repeated(",", $0) + "\nend_of_record\n" },
    Growth("keys", "sarif") { size in
      "{\"version\":\"2.1.0\",\"runs\":[],\"x\":{" + (0..<size / 9).map { "\"\($0)\":1" }.joined(separator: ",") + "}}"
    },
    Growth("escaped keys", "sarif") { size in
      "{\"version\":\"2.1.0\",\"runs\":[],\"x\":{" + (0..<size / 14).map { "\"\\u0041\($0)\":1" }.joined(separator: ",")
        + "}}"
    },
    Growth("one long number", "sarif") { "{\"version\":\"2.1.0\",\"runs\":[" + Growth.repeated("9", $0) + "]}" },
    Growth("one long string", "sarif") {
      "{\"version\":\"" + Growth.repeated("\\ud83d\\ude00", $0) + "\",\"runs\":[]}"
    },
    Growth("white space", "sarif") { "{\"version\":\"2.1.0\"," + Growth.repeated(" \n", $0) + "\"runs\":[]}" },
    Growth("findings", "sarif") { size in
      "{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{}},\"results\":["
        + (0..<size / 20).map { "{\"ruleId\":\"\($0)\"}" }.joined(separator: ",") + "]}]}"
    },
    Growth("packages", "pip-audit") {
      "{\"fixes\":[],\"dependencies\":[" + Growth.repeated("{\"name\":\"a\",\"vulns\":[]},", $0)
        + "{\"name\":\"a\"}]}"
    },
    Growth("vulnerabilities", "cyclonedx") { size in
      "<bom xmlns=\"http://cyclonedx.org/schema/bom/1.5\"><vulnerabilities>"
        + (0..<size / 90).map {
          "<vulnerability><id>\($0)</id><affects><target><ref>a</ref></target></affects></vulnerability>"
        }
        .joined() + "</vulnerabilities></bom>"
    },
    Growth("one long description", "cyclonedx") {
      "<bom xmlns=\"http://cyclonedx.org/schema/bom/1.5\"><vulnerabilities><vulnerability><description>"
        + Growth.repeated("x&amp;", $0) + "</description></vulnerability></vulnerabilities></bom>"
    },
    Growth("places", "cyclonedx") { size in
      "{\"bomFormat\":\"CycloneDX\",\"vulnerabilities\":[{\"affects\":["
        + (0..<size / 20).map { "{\"ref\":\"\($0)\"}" }.joined(separator: ",") + "]}]}"
    },
    Growth("one long title", "sarif") {
      "{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{}},\"results\":[{\"message\":{\"text\":\""
        + Growth.repeated("e\u{301}", $0) + "\"}}]}]}"
    },
    Growth("digests", "trivy") { size in
      "{\"SchemaVersion\":2,\"ArtifactName\":\"a\",\"Metadata\":{\"RepoDigests\":["
        + (0..<size / 90).map { "\"a@sha256:\(String(format: "%064x", $0))\"" }.joined(separator: ",") + "]}}"
    },
    Growth("metrics", "bandit") { size in
      "{\"errors\":[],\"results\":[],\"metrics\":{" + (0..<size / 10).map { "\"\($0)\":{}" }.joined(separator: ",")
        + "}}"
    },
  ]

  @Test("F7: four times the report costs no more than about four times the work", arguments: growths)
  func growth(_ growth: Growth) async throws {
    try await withFolder { folder in
      var costs: [Duration] = []
      for size in [40_000, 160_000] {
        let data = Data(growth.text(size).utf8)
        let path = try write(data, to: "report", in: folder)
        let before = Self.threadTime()
        _ = judge(data, as: growth.kind, at: path)
        costs.append(Self.threadTime() - before)
      }
      // Its square would be 16 times; what takes less than 0.4 s in all is no matter however it grows.
      #expect(costs[1] < max(costs[0] * 9, .milliseconds(400)), "\(costs)")
    }
  }

  /// The time of this thread alone, which neighbours on a loaded machine do not lengthen.
  private static func threadTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }

  @Test(
    "F7: an instruction without content, which ends Foundation's parser, is refused", arguments: ["<?a?>", "<?a ?>"])
  func emptyInstruction(text: String) async throws {
    try await withFolder { folder in
      for whole in [text + "<testsuite/>", "<testsuite>\(text)</testsuite>", "<testsuite/>" + text] {
        let data = Data(whole.utf8)
        let path = try write(data, to: "report", in: folder)
        #expect(judge(data, as: "junit", at: path) == nil)
      }
    }
  }

  @Test("F7: what a file calls its keys and elements reaches no terminal as it stands, and no message without end")
  func plainMessages() async throws {
    let long = String(repeating: "k", count: 100_000)
    let cases = [
      ("sarif", "{\"\\u001b[2J\\n\":1,\"\\u001b[2J\\n\":1}"),
      ("bandit", "{\"errors\":[{\"filename\":\"\\u001b]0;x\\u0007\(long)\"}],\"results\":[],\"metrics\":{}}"),
      ("lcov", "SF:a\nDA:\u{1B}[2J\nend_of_record\n"),
      ("junit", "<testsuite><" + long + ">"),
      ("sarif", "{\"version\":\"\\u001b[2J\",\"runs\":[]}"),
    ]
    try await withFolder { folder in
      for (kind, text) in cases {
        let data = Data(text.utf8)
        let path = try write(data, to: "report", in: folder)
        #expect(judge(data, as: kind, at: path) == nil, "\(text.prefix(80))")
      }
    }
  }
}
