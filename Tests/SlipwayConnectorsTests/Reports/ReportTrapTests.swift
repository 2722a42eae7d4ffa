internal import Foundation
internal import SlipwayConnectors
internal import SlipwayModel
internal import Testing

/// What looks like good news in a real tool's file and is none.
struct Trap: Sendable, CustomTestStringConvertible {
  let file: String
  let kind: String
  let gate: GateSpec
  /// nil: refused before any gate.
  let verdict: Verdict?
  let says: String

  init(_ file: String, _ kind: String, _ gate: GateSpec, _ verdict: Verdict?, _ says: String) {
    (self.file, self.kind, self.gate, self.verdict, self.says) = (file, kind, gate, verdict, says)
  }

  var testDescription: String { "\(file): \(says)" }

  private static let tests = GateSpec.tests(minimum: 1)
  private static let coverage = GateSpec.coverage(lines: 1)
  private static let clean = GateSpec.vulnerabilities(limits: [.low: 0])
  private static let noneHigh = GateSpec.vulnerabilities(limits: [.high: 0])

  static let all: [Trap] = [
    // pytest ends with code 5 and writes a file of no tests; one whose tests were all skipped ends with code 0.
    Trap("pytest-none.xml", "junit", tests, .undecided, "0 executed, 0 failed, 0 in error, 0 skipped; at least 1"),
    Trap("pytest-skipped.xml", "junit", tests, .undecided, "0 executed, 0 failed, 0 in error, 2 skipped; at least 1"),
    Trap("pytest-junit.xml", "junit", tests, .failed, "3 executed, 1 failed, 1 in error, 1 skipped"),
    Trap("pytest-load.xml", "junit", tests, .passed, "3 executed, 0 failed, 0 in error, 1 skipped"),
    // Schemathesis has one case for each operation, however many requests failed in it.
    Trap("schemathesis-junit.xml", "junit", tests, .failed, "2 executed, 2 failed"),
    // Semgrep ends with code 0 and has findings.
    Trap("semgrep-junit.xml", "junit", tests, .failed, "1 executed, 1 failed"),
    Trap("semgrep.sarif", "sarif", noneHigh, .failed, "1 HIGH, 0 allowed (no-shell-true in app.py:5)"),
    // Swift Testing leaves skipped cases out of its total; XCTest's file shows them as passed.
    Trap("swift-test-swift-testing.xml", "junit", tests, .failed, "3 executed, 1 failed, 0 in error, 1 skipped"),
    Trap("swift-test-xctest-parallel.xml", "junit", tests, .failed, "3 executed, 1 failed, 0 in error, 0 skipped"),
    // 100 % of no lines.
    Trap("coverage-nothing.xml", "cobertura", coverage, .undecided, "covers no line at all"),
    Trap("coverage-nothing.json", "coverage.py", coverage, .undecided, "covers no line at all"),
    Trap("coverage-nothing.lcov", "lcov", coverage, .undecided, "covers no line at all"),
    Trap(
      "coverage-cobertura.xml", "cobertura", .coverage(lines: 80), .failed, "77.7 % of 9 lines covered, 80 % needed"),
    Trap("swift-llvm-cov.json", "llvm-cov", .coverage(lines: 26), .passed, "26.2 % of 202 lines covered"),
    // pip-audit says "No known vulnerabilities found" and ends with code 0 when it could audit nothing.
    Trap("pip-audit-nothing.json", "pip-audit", clean, .undecided, "pip-audit: the scan examined nothing"),
    Trap("pip-audit-nothing.cdx.json", "cyclonedx", clean, nil, "nobody scanned them"),
    Trap("pip-audit-nothing.cdx.xml", "cyclonedx", clean, nil, "nobody scanned them"),
    // Trivy writes an empty list of vulnerabilities without its database.
    Trap("trivy-fs.cdx.json", "cyclonedx", clean, .undecided, "cyclonedx: the scan examined nothing"),
    Trap("cyclonedx-requirements.json", "cyclonedx", clean, nil, "nobody scanned them"),
    Trap("cyclonedx-requirements.xml", "cyclonedx", clean, nil, "nobody scanned them"),
    // Level "error" for what is critical by its score.
    Trap("trivy-secret.sarif", "sarif", .vulnerabilities(limits: [.critical: 0]), .failed, "2 CRITICAL, 0 allowed"),
    Trap("trivy-secret.json", "trivy", noneHigh, .failed, "2 CRITICAL, 0 allowed"),
    Trap("trivy-config.sarif", "sarif", noneHigh, .failed, "2 HIGH, 0 allowed"),
    // Bandit ran well by its own word, and could not read a file, or found none.
    Trap("bandit-unread.json", "bandit", clean, nil, "./broken.py could not be scanned: syntax error"),
    Trap("bandit-unread.sarif", "sarif", clean, nil, "broken.py: syntax error"),
    Trap("bandit-nothing.json", "bandit", clean, nil, "could not be scanned: No such file"),
    Trap("bandit-clean.json", "bandit", clean, .passed, "0 CRITICAL, 0 HIGH, 0 MEDIUM, 0 LOW, 1 examined"),
    Trap("bandit-clean.sarif", "sarif", clean, .passed, "what was examined is not said"),
    Trap("bandit.sarif", "sarif", noneHigh, .failed, "2 HIGH, 0 allowed (B"),
  ]
}

/// The verdict of `gate` on one report.
func verdict(_ gate: GateSpec, on read: ReadReport) throws -> GateReport {
  let release = Release(id: "1", artifact: "a", commit: "c0ffee1")
  let now = Timestamp(milliseconds: 1_900_000_000_000)
  var ledger = Ledger()
  ledger.apply(.releaseAdded(release), at: now)
  ledger.apply(
    .reportAdded(
      Report(
        release: "1", releaseDigest: nil, releaseCommit: "c0ffee1", kind: read.kind, file: "f", digest: read.digest,
        size: read.size, at: now, content: read.content, origin: read.origin)), at: now)
  let environment = EnvironmentSpec(
    name: "production",
    deploy: .commands(CommandsSpec(run: "deploy", addressA: "127.0.0.1:1", addressB: "127.0.0.1:2")),
    traffic: .router(RouterSpec(listen: "127.0.0.1:3")))
  let pipeline = Pipeline(
    project: "shop", environments: [environment],
    promotions: [PromotionSpec(from: nil, to: "production", gates: [gate])])
  let plan = try Planner(pipeline: pipeline, ledger: ledger).promotion(of: "1", to: "production")
  return try #require(GateJudge(plan: plan, ledger: ledger, surroundings: Surroundings()).judge(gate, at: now))
}

@Suite("Reports: traps")
struct ReportTrapTests {
  @Test("E4, D2: what only looks like good news is none, and what was counted is said", arguments: Trap.all)
  func trap(_ trap: Trap) throws {
    let path = sampleFile(trap.file)
    do throws(ConnectorError) {
      let read = try ReportReader.read(path, kind: trap.kind)
      let found = Result { try verdict(trap.gate, on: read) }
      let report = try? found.get()
      #expect(report?.verdict == trap.verdict)
      #expect(report?.reason.contains(trap.says) == true, "\(report?.reason ?? "\(found)")")
      #expect((report?.remedy == nil) == (report?.verdict == .passed))
      #expect(report?.proof.first?.digest == read.digest)
    } catch {
      #expect(trap.verdict == nil && error.message.contains(trap.says), "\(error.message)")
    }
  }

  @Test("swift test's XCTest file cannot say what was skipped, and a gate that passes on it says so")
  func skips() throws {
    let read = try ReportReader.read(sampleFile("swift-test-xctest-parallel.xml"), kind: "junit")
    #expect(read.origin.caveats.first?.contains("skipped XCTests as passed ones") == true)
    for other in ["swift-test-swift-testing.xml", "pytest-junit.xml", "schemathesis-junit.xml", "semgrep-junit.xml"] {
      #expect(try ReportReader.read(sampleFile(other), kind: "junit").origin.caveats.isEmpty, "\(other)")
    }
  }

  @Test("E4: unknown keys, another order of keys and other white space change no verdict", arguments: Trap.all)
  func sameMeaning(_ trap: Trap) async throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: sampleFile(trap.file)))
    guard var text = String(data: data, encoding: .utf8), trap.verdict != nil else { return }
    if let object = try? JSONSerialization.jsonObject(with: data) {
      text = try Self.text(Self.withMore(object), .prettyPrinted)
    } else if text.contains("<") {
      text = text.replacing("<testcase", with: "<!-- <failure/> -->\n<testcase new=\"1\"").replacing(
        "<lines/>", with: "<lines></lines>")
    } else {
      text = "TN:x\n" + text.replacing("\n", with: "\r\n")
    }
    let before = try ReportReader.read(sampleFile(trap.file), kind: trap.kind)
    let after = try await withFolder { try ReportReader.read(write(text, to: "report", in: $0), kind: trap.kind) }
    #expect(after.content == before.content && after.origin.commits == before.origin.commits)
  }

  /// Good news beside the bad, put in front or behind, in reports that a gate refuses.
  @Test(
    "E4, D2: no amount of good news in the same file lets bad news pass",
    arguments: ["pytest-junit.xml", "semgrep.sarif", "trivy-secret.json", "trivy-secret.sarif", "bandit.json"], 0..<8)
  func diluted(file: String, round: Int) async throws {
    let trap = try #require(Trap.all.first { $0.file == file } ?? (file == "bandit.json" ? Self.bandit : nil))
    let data = try Data(contentsOf: URL(fileURLWithPath: sampleFile(file)))
    let isInFront = round % 2 == 0
    var text = String(decoding: data, as: UTF8.self)
    if file.hasSuffix(".xml") {
      let good = String(
        repeating: "<testsuite name=\"g\" tests=\"9\" failures=\"0\" errors=\"0\"><testcase name=\"a\"/></testsuite>",
        count: round + 1)
      let mark = isInFront ? "<testsuites name=\"pytest tests\">" : "</testsuites>"
      text = text.replacing(mark, with: isInFront ? mark + good : good + mark)
    } else {
      var object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      let good: [String: [Any]] = [
        "runs": [["tool": ["driver": ["name": "g"]], "results": [], "invocations": [["executionSuccessful": true]]]],
        "Results": [["Target": "g", "Class": "os-pkgs", "Packages": [["Name": "a"]]]],
      ]
      for (key, parts) in good {
        guard let list = object[key] as? [Any] else { continue }
        let more = (0...round).flatMap { _ in parts }
        object[key] = isInFront ? more + list : list + more
      }
      if var metrics = object["metrics"] as? [String: Any] {
        for number in 0...round { metrics["good\(number).py"] = ["loc": 9] }
        object["metrics"] = metrics
      }
      text = try Self.text(object, [])
    }
    let changed = text
    let read = try await withFolder { try ReportReader.read(write(changed, to: "report", in: $0), kind: trap.kind) }
    #expect(try verdict(trap.gate, on: read).verdict == .failed)
  }

  private static let bandit = Trap("bandit.json", "bandit", .vulnerabilities(limits: [.high: 0]), .failed, "2 HIGH")

  private static func text(_ value: Any, _ options: JSONSerialization.WritingOptions) throws -> String {
    String(decoding: try JSONSerialization.data(withJSONObject: value, options: [options, .sortedKeys]), as: UTF8.self)
  }

  /// Every object with a key that no format knows.
  private static func withMore(_ value: Any) -> Any {
    if let list = value as? [Any] { return list.map(withMore) }
    guard let object = value as? [String: Any] else { return value }
    // Bandit names files and coverage.py files and functions by keys.
    let isNamed = object.values.allSatisfy { $0 is [String: Any] }
    var more = object.mapValues(withMore)
    if !isNamed { more["x-unheard-of"] = ["level": "error", "failures": 3] as [String: Any] }
    return more
  }
}
