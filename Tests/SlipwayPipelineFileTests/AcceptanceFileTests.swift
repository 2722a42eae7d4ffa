import Foundation
import SlipwayModel
import SlipwayPipelineFile
import Testing

@Suite("Acceptance files")
struct AcceptanceFileTests {
  /// The book of `text`, named by a pipeline file with the sample's roles and environments.
  private func book(_ text: String?, key: String = "accepted.yaml") throws -> AcceptanceBook {
    let folder = FileManager.default.temporaryDirectory.appending(path: "slipway-accept-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    if let text { try Data(text.utf8).write(to: folder.appending(path: "accepted.yaml")) }
    let pipeline = try Samples.read(Samples.base + "acceptances: \(key)\n").get().pipeline
    return AcceptanceFile.book(of: pipeline, folder: folder.path)
  }

  private static let whole = """
    # Looked at every Monday.
    - id: CVE-2026-1
      reason: not reachable from outside
      by: ann
      until: 2026-12-31
    - id: GHSA-x
      reason: the fix comes with 2.0
      by: carol
      until: 2026-12-31T12:00:00+01:00
      scope: {environments: [production], releases: ["1.4.2"], packages: [openssl, zlib@1.2]}
    """

  @Test("A3: id, reason, who, until and scope are read; a day ends with its last second in UTC")
  func whole() throws {
    let found = try book(Self.whole)
    #expect(found.problems.isEmpty && found.file == "accepted.yaml")
    #expect(found.digest == Digest(of: Data(Self.whole.utf8)))
    #expect(
      found.entries == [
        RiskAcceptance(
          id: "CVE-2026-1", reason: "not reachable from outside", by: "ann",
          until: try #require(Timestamp(rfc3339: "2027-01-01T00:00:00Z"))),
        RiskAcceptance(
          id: "GHSA-x", reason: "the fix comes with 2.0", by: "carol",
          until: try #require(Timestamp(rfc3339: "2026-12-31T11:00:00Z")), environments: ["production"],
          releases: ["1.4.2"], packages: ["openssl", "zlib@1.2"]),
      ])
  }

  @Test("A3: no file named, or one that holds none, accepts nothing", arguments: ["", "[]\n", "# none\n", "\n\n"])
  func none(text: String) throws {
    let found = try book(text)
    #expect(found.entries.isEmpty && found.problems.isEmpty && found.digest != nil)
    let bare = try Samples.read(Samples.base).get().pipeline
    #expect(AcceptanceFile.book(of: bare, folder: "/nowhere") == AcceptanceBook())
  }

  @Test(
    "A3, F7: what is no acceptance empties the book and says where and why",
    arguments: [
      ("  until: 2026-12-31\n", "", "accepted.yaml:2:3: an acceptance lacks 'until'"),
      (
        "until: 2026-12-31\n", "until: never\n",
        "accepted.yaml:5:10: 'never' stands here; expected the day on which it ends"
      ),
      ("until: 2026-12-31\n", "until:\n", "an acceptance without end is none"),
      ("until: 2026-12-31\n", "until: 2026-02-30\n", "'2026-02-30' stands here"),
      ("until: 2026-12-31\n", "until: 2026-12-31T12:00:00\n", "expected the day on which it ends"),
      ("  by: ann\n", "", "an acceptance lacks 'by'"), ("  reason: not reachable from outside\n", "", "lacks 'reason'"),
      ("id: CVE-2026-1", "id: ''", "the finding's id"), ("id: CVE-2026-1", "cve: CVE-2026-1", "no key 'cve'"),
      ("production", "produktion", "environment 'produktion' is not in this file"),
      ("- id: CVE-2026-1", "id: CVE", "accepted.yaml:"),
      ("[openssl, zlib@1.2]", "[]", "this list is empty"), ("by: ann", "by: ann smith", "a person's name"),
    ])
  func broken(find: String, replacement: String, says: String) throws {
    #expect(Self.whole.contains(find))
    let found = try book(Self.whole.replacingOccurrences(of: find, with: replacement))
    #expect(found.entries.isEmpty)
    #expect(found.problems.contains { $0.contains(says) && $0.hasPrefix("accepted.yaml:") }, "\(found.problems)")
  }

  @Test(
    "A3: a file that is not there, or is no file, is a problem and never an empty book", arguments: ["none.yaml", "."])
  func missing(name: String) throws {
    let found = try book(nil, key: name)
    #expect(found.problems.count == 1 && found.entries.isEmpty, "\(found.problems)")
  }

  @Test("A3: who accepts must hold one of the roles that the pipeline file names")
  func roles() throws {
    let key = "{file: accepted.yaml, roles: [release-manager]}"
    #expect(try book(Self.whole.replacingOccurrences(of: "by: carol", with: "by: bob"), key: key).problems.isEmpty)
    let found = try book(Self.whole, key: key)
    #expect(found.entries.isEmpty)
    #expect(
      found.problems == [
        "accepted.yaml:8:7: 'carol' may not take the risk of GHSA-x; expected somebody with one of the roles release-manager"
      ])
    let unknown = Samples.problems(Samples.base + "acceptances: {file: a.yaml, roles: [nobody]}\n")
    #expect(unknown.first?.message == "role 'nobody' is not in this file")
  }

  @Test("gates on reports are read in their short and their long form")
  func gates() throws {
    func gate(_ text: String) throws -> GateSpec? {
      let file = Samples.base.replacingOccurrences(of: "- soak: 1h", with: "- \(text)")
      return try Samples.read(file).get().pipeline.promotion(to: "production")?.gates[1]
    }
    #expect(try gate("reviews: [code, ci]") == .reviews([.code, .ci]))
    #expect(try gate("reviews: {kinds: [ba], max_age: 1d}") == .reviews([.ba], maxAge: .hours(24)))
    #expect(try gate("tests: {name: load, max_age: 2h}") == .tests(minimum: 1, name: "load", maxAge: .hours(2)))
    #expect(try gate("coverage: {lines: 80%}") == .coverage(lines: 80))
    #expect(try gate("coverage: {lines: 80%, max_age: 1h}") == .coverage(lines: 80, maxAge: .hours(1)))
    #expect(
      try gate("vulnerabilities: {high: 0, max_age: 24h}")
        == .vulnerabilities(limits: [.high: 0], maxAge: .hours(24)))
    let twice = Samples.base.replacingOccurrences(of: "- soak: 1h", with: "- tests: {name: load}\n      - tests")
    #expect(Samples.problems(twice).isEmpty)
  }

  @Test("F7: a damaged acceptance file never traps and never accepts what the whole one did not", arguments: 0..<300)
  func damage(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    var bytes = Array(Self.whole.utf8)
    for _ in 0...Int.random(in: 0..<4, using: &random) {
      let place = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<3, using: &random) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes.remove(at: place)
      default:
        bytes.insert(
          contentsOf: ["\n", "  ", ": ", "- ", "{", "[", "&a ", "*a", "#"].randomElement(using: &random)?.utf8
            ?? "".utf8, at: place)
      }
    }
    let found = try book(String(decoding: bytes, as: UTF8.self))
    #expect(found.problems.isEmpty || found.entries.isEmpty)
    #expect(found.entries.allSatisfy { !$0.id.isEmpty && !$0.by.text.isEmpty && !$0.reason.isEmpty })
  }
}
