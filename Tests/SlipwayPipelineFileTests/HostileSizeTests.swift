import Foundation
import SlipwayModel
import SlipwayPipelineFile
import Testing

/// Work that grows with the file and not with its square, whatever shape somebody gives it.
@Suite("Pipeline file: hostile sizes", .serialized)
struct HostileSizeTests {
  /// A text that grows with its number, made to hurt one part of the reader.
  struct Shape: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let text: @Sendable (Int) -> String

    init(_ description: String, _ text: @escaping @Sendable (Int) -> String) {
      (testDescription, self.text) = (description, text)
    }

    /// `unit`, written out to `size` bytes, as the command line of a deployment.
    static func command(_ unit: String) -> Shape {
      Shape("a command of '\(unit)'") { size in
        "environments:\n  a:\n    deploy:\n      commands: {run: \"\(repeated(unit, size))\"}\n"
      }
    }

    /// `unit`, written out to `size` bytes, as a variable that is named like a secret.
    static func secret(_ unit: String) -> Shape {
      Shape("a secret of '\(unit)'") { size in
        "environments:\n  a:\n    deploy:\n      processes: {environment: {DB_TOKEN: \"\(repeated(unit, size))\"}}\n"
      }
    }

    static func repeated(_ unit: String, _ size: Int) -> String {
      String(repeating: unit, count: size / unit.utf8.count)
    }
  }

  static let shapes: [Shape] = [
    .command("A"), .command("A_"), .command("-"), .command("-a"), .command("token"), .command("--token"),
    .command("TOKEN="), .command("${"), .command("${a}"), .command("://:"), .command("bearer"),
    .secret("A"), .secret("${"), .secret("${env:"), .secret("${env:A}"), .secret("}"), .secret("://a:"),
    Shape("one long key") { Shape.repeated("k", $0) + ": 1\n" },
    Shape("one long key of many words") { "\"" + Shape.repeated("aB_", $0) + "\": 1\n" },
    Shape("one long number") { "project: " + Shape.repeated("9", $0) + "\n" },
    Shape("one long duration") {
      "promotions:\n  - {to: a, rollout: {watch: \(Shape.repeated("1h", $0))}}\n"
    },
    Shape("one long list of days") {
      "windows: {w: {zone: UTC, open: [\"\(Shape.repeated("Mon-Sun,", $0)) 10:00-11:00\"]}}\n"
    },
    Shape("one long name of marks") { "project: \"a" + Shape.repeated("\u{301}", $0) + "\"\n" },
    Shape("many empty lines") { "project: a\n" + Shape.repeated("\n", $0) + "x\n" },
    Shape("a folded text") { "project: >\n" + Shape.repeated(" a\n", $0) },
    Shape("an endless comment") { "project: a #" + Shape.repeated(" #", $0) + "\n" },
    Shape("quotes in quotes") { "project: '" + Shape.repeated("''", $0) + "'\n" },
    Shape("escapes") { "project: \"" + Shape.repeated("\\u0041", $0) + "\"\n" },
    Shape("colons") { "project: " + Shape.repeated("a:", $0) + "\n" },
    Shape("questions") { Shape.repeated("? ", $0) + "\n" },
    Shape("anchors") { "a: [" + Shape.repeated("&a x, ", $0) + "]\n" },
    Shape("tags") { "a: [" + Shape.repeated("!!str x, ", $0) + "]\n" },
  ]

  @Test("four times the text costs no more than about four times the work", arguments: shapes)
  func growth(shape: Shape) {
    let (small, large) = (200_000, 800_000)
    let first = Self.cost(Data(shape.text(small).utf8))
    let second = Self.cost(Data(shape.text(large).utf8))
    // Its square would be 16 times; what takes less than a second in all is no matter however it grows.
    #expect(second < max(first * 9, .seconds(2)), "\(first) for \(small) bytes, \(second) for \(large)")
  }

  /// The time of this thread alone, which neighbours on a loaded machine do not lengthen.
  private static func cost(_ data: Data) -> Duration {
    let before = threadTime()
    _ = PipelineFile.read(data, path: "f")
    return threadTime() - before
  }

  private static func threadTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }

  @Test(
    "a secret in clear is still found in a command line",
    arguments: [
      "x --token abc", "x --api-key=abc", "x -my-long-secret=abc", "TOKEN=abc x", "MY_API_KEY='abc' x",
      "curl -H 'bearer abc'",
      "x --Password hunter2",
    ])
  func clearSecret(command: String) {
    let text = Samples.base.replacingOccurrences(of: "run: ./deploy.sh", with: "run: \"\(command)\"")
    #expect(Samples.problems(text).contains { $0.message.contains("a secret in clear") })
  }

  @Test(
    "a command line without one is not accused",
    arguments: ["x --token $TOKEN", "tokenize =x", "x my-token", "PASSWORD=$P x"])
  func noSecret(command: String) {
    let text = Samples.base.replacingOccurrences(of: "run: ./deploy.sh", with: "run: \"\(command)\"")
    #expect(Samples.problems(text) == [])
  }
}

/// Values at and beyond the edge of what a field can hold; each is read or refused with its place, and reading again gives the same.
@Suite("Pipeline file: hostile values")
struct HostileValueTests {
  static let values = [
    "NaN", ".nan", ".inf", "-.inf", "1e999", "-1e999", "1e-999", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "18446744073709551616", "0x10", "0o7", "1_000", "1.5", "-0", "99999999999999999999999999%",
    "999999d", "999999999999d", "999999999999d999999999999d", "106751991167d", "1e3s", "-1s", "0s", "100.000001%",
    "\"\\ud800\"", "\"\\udfff\\ud800\"", "\"\\0\"", "\"\\u0000\"", "\"\\x7f\"", "\"\\U0010FFFF\"", "\"\\U00110000\"",
    "2026-02-30T00:00:00Z", "9999-12-31T23:59:59+23:59", "0000-01-01T00:00:00-23:59", "2026-12-31T23:59:60Z",
    "Mon 24:00-24:00", "Mon 99:99-00:00", "Sun-Mon 00:00-24:00", "&a *a", "*a", "!!int 1", "<<", "~", "[]", "{}", "|",
    ">-",
    "\u{FEFF}", "\u{2028}", "\u{202E}", "\r", "a\r\nb", "e\u{301}", "\u{1F468}\u{200D}\u{1F469}",
  ]

  @Test("each value in each place of a whole file")
  func everywhere() {
    let lines = Samples.base.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    var accepted = 0
    for (index, line) in lines.enumerated() {
      guard let colon = line.range(of: ": ", options: .backwards) else { continue }
      for value in Self.values {
        var changed = lines
        changed[index] = line[..<colon.upperBound] + value
        if let pipeline = Self.judged(changed.joined(separator: "\n")) {
          accepted += 1
          let copy = try? CanonicalJSON.decode(Pipeline.self, from: CanonicalJSON.encode(pipeline))
          #expect(copy == pipeline, "\(changed[index])")
        }
      }
    }
    #expect(accepted > 0)
  }

  @Test("what was read, and its JSON, are the same value", arguments: [Samples.base, CompleteExample.text])
  func roundTrip(text: String) throws {
    let pipeline = try Samples.read(text).get().pipeline
    #expect(try CanonicalJSON.decode(Pipeline.self, from: CanonicalJSON.encode(pipeline)) == pipeline)
  }

  @Test("lines may end as Windows ends them, and the meaning stays")
  func carriageReturns() throws {
    let windows = Samples.base.replacingOccurrences(of: "\n", with: "\r\n")
    #expect(try Samples.read(windows).get().pipeline == Samples.read(Samples.base).get().pipeline)
  }

  private static func judged(_ text: String) -> Pipeline? {
    switch Samples.read(text) {
    case .success(let document):
      #expect((try? Samples.read(text).get()) == document)
      return document.pipeline
    case .failure(let problems):
      let lines = text.utf8.count { $0 == 10 || $0 == 13 } + text.unicodeScalars.count { $0 == "\u{2028}" } + 1
      #expect(problems.problems.allSatisfy { (1...lines).contains($0.line) && $0.column > 0 }, "\(problems)")
      #expect(!problems.problems.isEmpty)
      return nil
    }
  }
}
