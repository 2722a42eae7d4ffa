import Foundation
import SlipwayModel
import SlipwayPipelineFile
import Testing

@Suite("Pipeline file: mistakes")
struct MistakeTests {
  @Test("the sample that every table breaks is valid")
  func sample() { #expect(Samples.problems(Samples.base) == []) }

  @Test("a wrong form is reported at its place, and nothing else is", arguments: Breakage.structural)
  func structure(_ breakage: Breakage) throws { try check(breakage) }

  @Test("an unknown name is reported with the near one", arguments: Breakage.names)
  func names(_ breakage: Breakage) throws { try check(breakage) }

  @Test("what cannot mean what it says is reported at its place", arguments: Breakage.meaning)
  func meaning(_ breakage: Breakage) throws { try check(breakage) }

  @Test("E17: what protects production cannot be left out", arguments: Breakage.protection)
  func protection(_ breakage: Breakage) throws { try check(breakage) }

  @Test(
    "B11: a secret in clear or a reference out of place is refused, the value never shown", arguments: Breakage.secrets)
  func secrets(_ breakage: Breakage) throws {
    try check(breakage)
    let text = try #require(Samples.broken(breakage.find, breakage.replacement)).text
    guard case .failure(let problems) = Samples.read(text) else { return }
    #expect(!problems.description.contains("hunter2"))
  }

  private func check(_ breakage: Breakage) throws {
    let broken = try #require(Samples.broken(breakage.find, breakage.replacement))
    let problems = Samples.problems(broken.text)
    let all = problems.map { "\($0.line):\($0.column): \($0.sentence)" }.joined(separator: "\n")
    #expect(
      problems.contains { $0.line == broken.line && $0.column == broken.column && $0.sentence.contains(breakage.says) },
      "expected \(broken.line):\(broken.column) \(breakage.says)\n\(all)")
    #expect(problems.count == breakage.count, "\(all)")
  }

  @Test("E9: a protected environment needs an approval")
  func approval() throws { try expect(removing: "    approval: {by: {release-manager: 1, sre: 1}}\n", "no approval") }

  @Test("E12: a protected environment needs a rule that can roll back")
  func rollBackRule() throws {
    let text = Samples.base.replacingOccurrences(of: "roll_back_above: 5%, ", with: "")
    #expect(Samples.problems(text).map(\.message) == ["'production' is protected and no watch rule can roll back"])
  }

  @Test("C7: a migration needs somebody who carries it out, and one who takes it back where it says so")
  func migration() throws {
    func problems(_ migration: String, _ data: String) -> [String] {
      let text = CompleteExample.text
        .replacingOccurrences(of: "migration: restorable", with: "migration: \(migration)")
        .replacingOccurrences(of: "migrate: ./migrate.sh, restore: ./restore.sh, ", with: data)
      return Samples.problems(text).map(\.message)
    }
    #expect(problems("restorable", "migrate: ./m, restore: ./r, ") == [])
    #expect(problems("compatible", "migrate: ./m, ") == [])
    #expect(problems("restorable", "migrate: ./m, ") == ["the data of 'production' have no 'restore' command"])
    #expect(problems("irreversible", "restore: ./r, ") == ["the data of 'production' have no 'migrate' command"])
    #expect(problems("maybe", "migrate: ./m, ").count == 1)
    let without = Samples.base.replacingOccurrences(
      of: "  - from: staging\n", with: "  - from: staging\n    migration: compatible\n")
    #expect(Samples.problems(without).map(\.message) == ["nobody keeps the data of 'production'"])
  }

  @Test("a protected environment must be able to say which release runs")
  func readBack() throws { try expect(removing: "read_back: ./current.sh, ", "nothing tells which release runs") }

  @Test("a gate on where the release comes from needs a 'from'")
  func origin() throws {
    let problems = Samples.problems(Samples.base.replacingOccurrences(of: "- from: staging\n    to", with: "- to"))
    #expect(problems.map(\.line) == [24, 25])
    #expect(problems.allSatisfy { $0.message.contains("has no 'from'") })
  }

  @Test("an approval that needs one person twice can never be given")
  func distinctPeople() {
    let text = Samples.base.replacingOccurrences(of: "[ann, bob]", with: "[ann]")
      .replacingOccurrences(of: "[carol]", with: "[ann]")
    #expect(Samples.problems(text).map(\.line) == [29])
    #expect(Samples.problems(text).first?.message.contains("of 2 only 1 can agree") == true)
  }

  @Test("promotions that lead in a circle are refused, with the circle")
  func circle() {
    let problems = Samples.problems(
      Samples.base.replacingOccurrences(of: "  - to: staging\n", with: "  - {from: production, to: staging}\n"))
    #expect(problems.count == 1)
    #expect(problems.first?.message.contains("production → staging → production") == true)
  }

  @Test("two environments cannot share a map of HAProxy")
  func map() {
    let haproxy = "{haproxy: {socket: /s, map: /m, servers: {a: a/NAME, b: b/NAME}, url: 'http://h:80'}}"
    let text = Samples.base.replacingOccurrences(
      of: "{router: {listen: 127.0.0.1:7000}}", with: haproxy.replacingOccurrences(of: "NAME", with: "x")
    ).replacingOccurrences(
      of: "    protected: true\n",
      with: "    protected: true\n    traffic: \(haproxy.replacingOccurrences(of: "NAME", with: "y"))\n")
    #expect(Samples.problems(text).map(\.message) == ["HAProxy map /m is taken already in line 13"])
  }

  @Test("all mistakes come at once, sorted by place, none twice")
  func together() {
    let text = Samples.base.replacingOccurrences(of: "project: shop", with: "projekt: shop")
      .replacingOccurrences(of: "a: 7001", with: "a: x").replacingOccurrences(of: "to: staging", with: "to: stagin")
      .replacingOccurrences(of: "soak: 1h", with: "soak: 1 h").replacingOccurrences(of: "10%, 50%", with: "50%, 10%")
      .replacingOccurrences(of: "automatic: true", with: "automatic: false")
    let problems = Samples.problems(text)
    #expect(problems.map(\.line) == [1, 1, 12, 21, 26, 30, 38])
    #expect(Set(problems).count == problems.count)
  }

  @Test("a mistake behind an alias is reported once")
  func aliased() {
    let text = Samples.base.replacingOccurrences(
      of: "  - run: ./tell.sh", with: "  - &one {run: ./tell.sh, rum: 1}\n  - *one\n  - *one")
    #expect(Samples.problems(text).count == 1)
  }

  @Test("a message is one line that begins with file, line and column")
  func form() throws {
    guard case .failure(let problems) = Samples.read(Samples.base + "\"a\\nb\": 1\n") else {
      Issue.record("the file was accepted")
      return
    }
    #expect(
      problems.description
        == "slipway.yaml:42:1: the pipeline has no key 'a?b'; expected one of project, roles, windows, freezes, environments, promotions, notify, follow_up, identity, acceptances, requests, registries, snapshots, guardrails"
    )
  }

  private func expect(removing part: String, _ words: String) throws {
    #expect(Samples.base.contains(part))
    let problems = Samples.problems(Samples.base.replacingOccurrences(of: part, with: ""))
    #expect(problems.count == 1)
    #expect(problems.first?.message.contains(words) == true)
  }
}

@Suite("Pipeline file: places for requests")
struct RequestGrammarTests {
  private func problems(_ requests: String) -> [String] {
    Samples.problems(Samples.base + "requests: \(requests)\n").map(\.message)
  }

  private let whole = #"endpoint: "http://127.0.0.1:8333", bucket: b-1, access_key: "${env:A}", secret_key: "${env:B}""#

  @Test("A4: a folder, a bucket, or both")
  func valid() {
    #expect(problems("{folder: asked}") == [])
    #expect(problems("{s3: {\(whole)}}") == [])
    #expect(problems("{folder: asked, s3: {\(whole), prefix: a/b, region: eu-1}}") == [])
  }

  @Test("B11, F7: no place, a key in clear, a bucket or endpoint that cannot be are named")
  func invalid() {
    #expect(problems("{}") == ["requests names no place"])
    let clear = whole.replacingOccurrences(of: "${env:B}", with: "hunter2")
    #expect(problems("{s3: {\(clear)}}").contains { $0.contains("secret written in clear") && !$0.contains("hunter2") })
    for (old, new) in [
      ("b-1", "B_1"), ("http://127.0.0.1:8333", "127.0.0.1"), ("http://127.0.0.1:8333", "http://h/path"),
    ] {
      #expect(problems("{s3: {\(whole.replacingOccurrences(of: old, with: new))}}").count == 1, "\(new)")
    }
    #expect(problems("{s3: {\(whole), prefix: /a}}").count == 1)
    #expect(problems("{s3: {bucket: b-1}}").count == 3)
  }
}
