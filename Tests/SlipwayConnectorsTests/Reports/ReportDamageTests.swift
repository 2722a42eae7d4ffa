internal import Foundation
internal import SlipwayConnectors
internal import SlipwayModel
internal import Testing

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

@Suite("Damaged reports")
struct ReportDamageTests {
  /// The message with which `text` is refused as `kind`.
  private func refusal(_ text: String, as kind: String) async throws -> String {
    try await withFolder { folder in
      let path = try write(text, to: "report", in: folder)
      let error = #expect(throws: ConnectorError.self) { try ReportReader.read(path, kind: kind) }
      #expect(error?.code == .garbage)
      return error.map { $0.message.replacing(folder + "/", with: "") } ?? ""
    }
  }

  @Test("F7: a half-written sample is refused wherever it breaks off", arguments: Sample.all)
  func truncated(sample: Sample) async throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: sampleFile(sample.file)))
    let whole = data.lastIndex { ![10, 13, 32].contains($0) } ?? 0
    var generator = Seeded(state: 7)
    try await withFolder { folder in
      for _ in 0..<60 {
        let length = Int.random(in: 0...whole, using: &generator)
        let path = try write(data.prefix(length), to: "report", in: folder)
        // A tracefile is a list of records: cut between two of them it is whole.
        if sample.kind == "lcov", data.prefix(length).suffix(14) == Data("end_of_record\n".utf8) { continue }
        #expect(throws: ConnectorError.self, "cut to \(length) bytes") {
          try ReportReader.read(path, kind: sample.kind)
        }
      }
    }
  }

  @Test("F7: flipped bytes never crash a reader, nor take a finding away silently as garbage", arguments: Sample.all)
  func flipped(sample: Sample) async throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: sampleFile(sample.file)))
    var generator = Seeded(state: 42)
    var refused = 0
    try await withFolder { folder in
      for round in 0..<120 {
        var bytes = data
        for _ in 0...(round % 8) {
          let place = bytes.indices.randomElement(using: &generator) ?? 0
          bytes[place] = round % 2 == 0 ? UInt8.random(in: 0...255, using: &generator) : bytes[place] ^ 1
        }
        let path = try write(bytes, to: "report", in: folder)
        for kind in [sample.kind, "auto"] {
          do throws(ConnectorError) { _ = try ReportReader.read(path, kind: kind) } catch {
            refused += 1
            #expect(error.message.contains(path))
          }
        }
      }
    }
    #expect(refused > 0)
  }

  @Test("F7: bytes without sense are refused as every kind")
  func noise() async throws {
    var generator = Seeded(state: 3)
    try await withFolder { folder in
      for start in ["", "{", "[", "<", "<a>", "SF:", "{\"a\":", "<?xml version=\"1.0\"?><testsuites>"] {
        for _ in 0..<10 {
          let noise = (0..<300).map { _ in UInt8.random(in: 0...255, using: &generator) }
          let path = try write(Data(start.utf8) + noise, to: "report", in: folder)
          for kind in ReportReader.kinds {
            #expect(throws: ConnectorError.self) { try ReportReader.read(path, kind: kind) }
          }
        }
      }
    }
  }

  @Test("empty and blank files are refused as every kind", arguments: ["", " \n\t\n", "\u{FEFF}"])
  func empty(text: String) async throws {
    for kind in ReportReader.kinds { #expect(try await refusal(text, as: kind) == "report is empty") }
  }

  @Test("a file of 100 MB is refused by its size")
  func huge() async throws {
    try await withFolder { folder in
      let path = try write("{", to: "huge.json", in: folder)
      truncate(path, 100_000_000)
      let error = #expect(throws: ConnectorError.self) { try ReportReader.read(path, kind: "sarif") }
      #expect(error?.message == "\(path) is larger than 64 MiB, the most that is read")
    }
  }

  @Test("what is no file is refused at once", arguments: ["nowhere", ".", "pipe"])
  func noFile(name: String) async throws {
    try await withFolder { folder in
      mkfifo(folder + "/pipe", 0o600)
      let error = #expect(throws: ConnectorError.self) {
        try ReportReader.read(folder + "/" + name, kind: "junit")
      }
      #expect(error?.code == .misconfigured)
      #expect(error?.message.hasPrefix(folder) == true)
    }
  }

  @Test("text that is not UTF-8 is refused with the place")
  func encoding() async throws {
    try await withFolder { folder in
      let latin = try write(Data("{\n\"verdict\": \"".utf8) + [0xE4] + Data("\"}".utf8), to: "latin", in: folder)
      let first = #expect(throws: ConnectorError.self) { try ReportReader.read(latin, kind: "ba") }
      #expect(first?.message == "\(latin):2 is not UTF-8 text: byte 14 is 228")
      let wide = try #require("{\"verdict\": \"pass\"}".data(using: .utf16LittleEndian))
      let path = try write(wide, to: "wide", in: folder)
      let second = #expect(throws: ConnectorError.self) { try ReportReader.read(path, kind: "e2e") }
      #expect(second?.message == "\(path):1 is not UTF-8 text: byte 1 is 0")
    }
  }

  @Test("nesting without end is refused, in JSON and in XML")
  func nesting() async throws {
    let depth = 1_000_000
    let json = try await refusal(
      "{\"version\":\"2.1.0\",\"runs\":" + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        + "}", as: "sarif")
    #expect(json == "report:1:127 is nested deeper than 100 levels")
    let objects = try await refusal(String(repeating: "{\"a\":", count: depth), as: "auto")
    #expect(objects.contains("nested deeper than 100 levels"))
    let xml = try await refusal(String(repeating: "<testsuite>", count: depth), as: "junit")
    #expect(xml == "report:1 is nested deeper than 100 levels")
  }

  @Test("entities are not expanded and other files are not read")
  func entities() async throws {
    let bomb = """
      <?xml version="1.0"?>
      <!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>
      <testsuite name="&c;"><testcase name="x"/></testsuite>
      """
    #expect(try await refusal(bomb, as: "junit").contains("declares its own document type"))
    let file = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><testsuite><testcase>&x;</testcase></testsuite>"
    #expect(try await refusal(file, as: "auto").contains("declares its own document type"))
    #expect(try await refusal("<testsuite><testcase>&unknown;</testcase></testsuite>", as: "junit").contains("damaged"))
  }

  @Test(
    "damaged JSON is refused with line and column",
    arguments: [
      ("{\"verdict\": \"pass\",}", "report:1:20 has '}' where a key was expected"),
      ("{\n  \"verdict\": pass\n}", "report:2:14 has 'p' where a value was expected"),
      ("{\"verdict\": \"pass\"", "report:1:19 ends in the middle of an object"),
      ("{\"verdict\": \"pa", "report:1:16 ends in the middle of a string"),
      ("{\"verdict\": \"pass\"} x", "report:1:21 has 'x' after the end of the JSON value"),
      ("{\"verdict\": [1, 2}", "report:1:18 closes an array with }"),
      ("{\"verdict\": 01}", "report:1:13 has '0' where a value was expected"),
      ("{\"verdict\" \"pass\"}", "report:1:12 lacks ':' after a key"),
      ("{\"verdict\": \"a\u{7}\"}", "report:1:15 has a control character in a string"),
      ("{\"verdict\": \"fail\", \"verdict\": \"pass\"}", "report:1:21 has the key \"verdict\" twice in one object"),
      (
        "{\"verdict\": \"fail\", \"verd\\u0069ct\": \"pass\"}",
        "report:1:21 has the key \"verdict\" twice in one object"
      ),
      ("{\"verdict\": \"\\q\"}", "report is damaged"),
    ])
  func syntax(text: String, message: String) async throws {
    #expect(try await refusal(text, as: "e2e").hasPrefix(message))
  }
}
