internal import Foundation
internal import SlipwayConnectors
internal import SlipwayModel
internal import Synchronization
internal import Testing

/// What was waited for and said, in order.
private final class Notes: Sendable {
  private let state = Mutex<(waits: [Span], lines: [String])>(([], []))
  var waits: [Span] { state.withLock { $0.waits } }
  var lines: [String] { state.withLock { $0.lines } }
  func wait(_ span: Span) { state.withLock { $0.waits.append(span) } }
  func say(_ line: String) { state.withLock { $0.lines.append(line) } }
}

@Suite("Verifying a service")
struct ServiceVerifierTests {
  private func verify(
    _ health: HealthSpec, version: String? = nil, release: ReleaseID = "1.2", checks: [CheckSpec] = [],
    url: String? = nil
  ) async throws -> (outcomes: [CheckOutcome], waits: [Span], lines: [String]) {
    try await withFolder { folder in
      try await withService { service in
        try await withProbe { probe in
          let journal = Notes()
          let verifier = ServiceVerifier(probe: probe, runner: runner(in: folder), secrets: noSecrets) {
            journal.wait($0)
          }
          let outcomes = await verifier.verify(
            Verification(
              url: url ?? service, health: health, version: version.map(VersionSpec.init), checks: checks,
              deployment: deployment(release))
          ) { journal.say($0) }
          return (outcomes, journal.waits, journal.lines)
        }
      }
    }
  }

  @Test("A8: green that becomes healthy at the fifth try passes, each try visible, 10 s between")
  func later() async throws {
    let result = try await verify(HealthSpec(path: "/later?name=a&at=5", timeout: .seconds(60)))
    #expect(result.outcomes.map(\.passed) == [true])
    #expect(result.outcomes.first?.detail == "200 at try 5 of 36")
    #expect(result.waits == Array(repeating: .seconds(10), count: 4))
    #expect(result.lines.count == 5)
    #expect(result.lines.first == "health try 1 of 36: answered 503, 200 expected")
    #expect(result.lines.last == "health try 5 of 36: 200")
  }

  @Test(
    "A8: green that never becomes healthy is given up with a verdict after 36 tries",
    arguments: ["/broken", "/redirect"])
  func never(path: String) async throws {
    let result = try await verify(
      HealthSpec(path: path, timeout: .seconds(60)), version: "/ok",
      checks: [.http(name: "x", path: "/ok", status: 200, contains: nil, timeout: .seconds(60))])
    #expect(result.outcomes.map(\.name) == ["health"])
    #expect(result.outcomes.first?.passed == false)
    #expect(result.outcomes.first?.detail.contains(path == "/broken" ? "answered 500" : "answered 302") == true)
    #expect(result.lines.count == 36)
    #expect(result.waits.count == 35)
  }

  @Test("A8: green that hangs, or where nobody listens, is given up too")
  func hangs() async throws {
    let hung = try await verify(HealthSpec(path: "/hang", tries: 2, timeout: .milliseconds(500)))
    #expect(hung.outcomes.map(\.passed) == [false])
    #expect(hung.outcomes.first?.detail.contains("did not answer within 500ms") == true)
    let gone = try await verify(HealthSpec(path: "/", tries: 3, timeout: .seconds(60)), url: "http://127.0.0.1:1")
    #expect(gone.outcomes.map(\.passed) == [false])
    #expect(gone.outcomes.first?.detail.contains("connection refused") == true)
    #expect(gone.lines.count == 3)
  }

  @Test("A9, C6: every check runs and is reported, also after one has failed")
  func all() async throws {
    let patience = Span.seconds(60)
    let result = try await verify(
      HealthSpec(path: "/ok", timeout: patience), version: "/ok?body=app%201.2",
      checks: [
        .http(name: "wrong status", path: "/broken", status: 200, contains: nil, timeout: patience),
        .http(name: "right status", path: "/broken", status: 500, contains: "boom", timeout: patience),
        .http(name: "wrong words", path: "/ok", status: 200, contains: "${release}", timeout: patience),
        .http(name: "release", path: "/ok?body=v-${release}", status: 200, contains: "v-${release}", timeout: patience),
        .http(name: "hangs", path: "/hang", status: 200, contains: nil, timeout: .milliseconds(500)),
        .command(name: "passes", run: "test -n \"$SLIPWAY_URL\" && test $SLIPWAY_RELEASE = 1.2", timeout: patience),
        .command(name: "fails", run: "echo no tenant; exit 1", timeout: patience),
        .command(name: "not there", run: "no-such-program", timeout: patience),
        .command(name: "too slow", run: "sleep 600", timeout: .milliseconds(500)),
      ])
    #expect(
      result.outcomes.map { "\($0.name) \($0.passed)" } == [
        "health true", "version true", "wrong status false", "right status true", "wrong words false", "release true",
        "hangs false", "passes true", "fails false", "not there false", "too slow false",
      ])
    #expect(result.outcomes.first { $0.name == "fails" }?.detail == "code 1: no tenant")
    #expect(result.outcomes.allSatisfy { !$0.detail.isEmpty && $0.seconds >= 0 })
  }

  @Test("the wrong version fails, and what was said instead is shown")
  func version() async throws {
    let result = try await verify(HealthSpec(path: "/ok", timeout: .seconds(60)), version: "/ok?body=1.2.3")
    #expect(result.outcomes.map(\.passed) == [true, false])
    #expect(result.outcomes.last?.detail == "1.2 expected, it says '1.2.3' (200)")
    let missing = try await verify(HealthSpec(path: "/ok", timeout: .seconds(60)), version: "/nowhere")
    #expect(missing.outcomes.last?.passed == false)
  }

  @Test("a cancelled verification never looks as if its checks had passed")
  func cancelled() async throws {
    try await withFolder { folder in
      try await withService { url in
        try await withProbe { probe in
          let verifier = ServiceVerifier(probe: probe, runner: runner(in: folder), secrets: noSecrets) { _ in }
          let checks = [
            CheckSpec.command(name: "first", run: "touch up; sleep 600", timeout: .seconds(3_600)),
            .command(name: "second", run: "true", timeout: .seconds(60)),
          ]
          let task = Task {
            await verifier.verify(
              Verification(
                url: url, health: HealthSpec(path: "/ok", timeout: .seconds(60)), version: nil, checks: checks,
                deployment: deployment())
            ) { _ in }
          }
          try await eventually("the command runs") { FileManager.default.fileExists(atPath: folder + "/up") }
          task.cancel()
          let outcomes = await task.value
          #expect(outcomes.map(\.name) == ["health", "first", "second"])
          #expect(outcomes.map(\.passed) == [true, false, false])
        }
      }
    }
  }

  @Test(
    "D5: a version is met as a whole word only",
    arguments: [
      ("1.2", "1.2", true), ("1.2", "{\"version\":\"1.2\"}", true), ("1.2", "app 1.2.", true), ("1.2", "(1.2)", true),
      ("1.2", "app/1.2\n", true), ("1.2", "1.2.3 and 1.2", true), ("1.2", "1.2.3", false), ("1.2", "11.2", false),
      ("1.2", "0.1.2", false), ("1.2", "1.2-rc1", false), ("1.2", "1.2+build", false), ("1.2", "1.2.rc1", false),
      ("1.2", "v1.2", false), ("1.2", "", false), ("", "anything", false), ("aa", "aaa aa", true),
      ("1.2-rc.1", "1.2-rc.10", false), ("1.2-rc.1", "is 1.2-rc.1, fine", true),
    ])
  func names(version: String, text: String, isThere: Bool) {
    #expect(ServiceVerifier.names(version, in: text) == isThere)
  }
}
