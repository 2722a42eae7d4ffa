import Foundation
import SlipwayModel
import SlipwayPipelineFile
import Testing

/// Files that are no pipeline at all; each gets a place and words, and none costs time or memory.
@Suite("F7: unreadable pipeline files")
struct BadInputTests {
  struct Case: Sendable, CustomStringConvertible {
    var description: String
    var bytes: Data
    var line: Int
    var column: Int
    var says: String

    init(_ description: String, _ text: String, _ line: Int, _ column: Int, _ says: String) {
      self.init(description, Data(text.utf8), line, column, says)
    }

    init(_ description: String, _ bytes: Data, _ line: Int, _ column: Int, _ says: String) {
      (self.description, self.bytes, self.line, self.column, self.says) = (description, bytes, line, column, says)
    }
  }

  static let cases: [Case] = [
    Case("empty", "", 1, 1, "the file is empty"),
    Case("white space", "\n \n\t\n", 1, 1, "the file is empty"),
    Case("comments", "# nothing\n# at all\n", 1, 1, "nothing but comments"),
    Case("a word", "hello\n", 1, 1, "text stands here"),
    Case("a list", "- project\n", 1, 1, "a list stands here"),
    Case("nothing", "---\n...\n", 2, 1, "nothing stands here"),
    Case("UTF-8 mark", Data([0xEF, 0xBB, 0xBF]) + Data("project: x\n".utf8), 1, 1, "byte order mark"),
    Case("UTF-16", Data([0xFF, 0xFE, 0x61, 0]), 1, 1, "UTF-16"),
    Case("Latin-1", Data("project: shop\nreason: b".utf8) + Data([0xFC]) + Data("cher\n".utf8), 2, 10, "not UTF-8"),
    Case("random bytes", Data([0x61, 0x0A, 0x62, 0xC0, 0x80]), 2, 2, "not UTF-8"),
    Case("NUL", "project: a\u{0}b\n", 1, 11, "U+0 cannot stand in a text"),
    Case("bell", "project: shop\nroles: \u{7}\n", 2, 8, "U+7 cannot stand in a text"),
    Case("tab", "project: shop\nroles:\n\tsre: [ann]\n", 3, 1, "a tab indents this line"),
    Case("tab after spaces", "project: shop\nroles:\n  sre: [ann]\n  \tdev: [bob]\n", 4, 3, "a tab indents this line"),
    Case("half a list", "project: shop\nroles:\n  sre: [ann, bo", 3, 16, "the file ends too early"),
    Case("half a quote", "project: \"shop\nroles", 2, 6, "the file ends too early"),
    Case("colon in a value", "project: a: b\n", 1, 11, "quote a value that contains ': '"),
    Case("at sign", "project: @shop\n", 1, 10, "expected quotes"),
    Case("unbalanced", "project: shop}\nroles: ]\n", 2, 8, "expected"),
    Case("bad indentation", "roles:\n  a: [x]\n b: [y]\n", 3, 2, "indented like its neighbours"),
    Case("doubled key", "project: a\nproject: b\n", 2, 1, "key 'project' is written twice (first in line 1)"),
    Case("two documents", "project: a\n---\nproject: b\n", 2, 1, "a second document begins here"),
    Case("tag", "project: !!binary aGk=\n", 1, 10, "a value has a YAML tag"),
    Case("unknown alias", "project: *shop\n", 1, 10, "alias '*shop' has no anchor before it"),
    Case("near alias", "project: &shop a\nroles: *shpo\n", 2, 8, "did you mean '*shop'?"),
    Case("alias to itself", "project: &a [*a]\n", 1, 14, "has no anchor before it"),
    Case("list as key", "? [a]\n: b\n", 1, 3, "a key is a list or a mapping"),
    Case("alias as key", "project: &a [x]\n*a : b\n", 2, 1, "a key is a list or a mapping"),
    Case("merge key", "project: a\n<<: {roles: {}}\n", 2, 1, "no key '<<'"),
    Case("deep list", String(repeating: "[", count: 100_000), 1, 1_026, "nested more than 64 deep"),
    Case("deep mapping", String(repeating: "{a: ", count: 50_000), 1, 257, "nested more than 64 deep"),
    Case("deep dashes", String(repeating: "- ", count: 50_000), 1, 129, "nested more than 64 deep"),
    Case("many values", "a: [" + String(repeating: "1,", count: 30_000) + "1]", 1, 40_003, "more than 20000 values"),
    Case("large", Data(repeating: 0x23, count: 1_000_001), 1, 1, "larger than 1 MB"),
  ]

  @Test("each gets its place and its words", arguments: cases)
  func refused(_ item: Case) {
    guard case .failure(let problems) = PipelineFile.read(item.bytes, path: "p.yaml") else {
      Issue.record("accepted")
      return
    }
    #expect(
      problems.problems.contains {
        $0.line == item.line && $0.column == item.column && $0.sentence.contains(item.says)
      },
      "\(problems.description.prefix(600))")
  }

  @Test("aliases that multiply are refused before they are written out")
  func bomb() {
    var text = "l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...20 {
      text += "l\(level): &l\(level) [" + Array(repeating: "*l\(level - 1)", count: 10).joined(separator: ", ") + "]\n"
    }
    let problems = Samples.problems(text)
    #expect(problems.contains { $0.message.contains("more than 20000 values") })
  }

  @Test("thousands of mistakes cost no more than a moment each", .timeLimit(.minutes(2)))
  func many() {
    let roles = (0..<3_000).map { "  role-\($0): [p]\n" }.joined()
    let by = (0..<3_000).map { "rule-\($0): 1" }.joined(separator: ", ")
    let chain = (1..<400).map { "  - {from: e\($0 - 1), to: e\($0)}\n" }.joined()
    let text =
      "project: x\nroles:\n\(roles)environments: {}\npromotions:\n\(chain)  - {to: x, approval: {by: {\(by)}}}\n"
    let problems = Samples.problems(text)
    #expect(problems.count == 1_000)
    #expect(problems.allSatisfy { $0.sentence.utf8.count < 1_000 })
  }

  @Test("a megabyte of references is read in a moment", .timeLimit(.minutes(2)), arguments: ["${env:A}", "${a}", "${"])
  func references(_ reference: String) {
    let value = String(repeating: reference, count: 900_000 / reference.utf8.count)
    let text = Samples.base.replacingOccurrences(of: "${env:STAGING_DB}", with: value)
    #expect(Samples.problems(text).count == (reference == "${env:A}" ? 0 : 1))
  }

  @Test("doubled keys are reported together with other mistakes")
  func doubled() {
    let text = Samples.base + "project: again\n"
    #expect(Samples.problems(text).map(\.message) == ["key 'project' is written twice (first in line 1)"])
    #expect(Samples.problems(text.replacingOccurrences(of: "soak: 1h", with: "soak: 1")).map(\.line) == [26, 42])
  }

  @Test("100 MB are refused without being read")
  func huge() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "huge-\(UUID().uuidString).yaml").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(FileManager.default.createFile(atPath: path, contents: nil))
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.truncate(atOffset: 100_000_000)
    try handle.close()
    let before = Self.readBytes()
    #expect(Self.message(path) == "the file is larger than 1 MB and was not read")
    // Other tests read in this process too, none of them 50 MB.
    #expect(Self.readBytes() - before < 50_000_000)
  }

  @Test("a folder, a pipe and a missing file are refused at once")
  func noFile() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "pipeline-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let pipe = folder.appending(path: "pipe").path
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(Self.message(folder.path) == "this is no regular file")
    #expect(Self.message(pipe) == "this is no regular file")
    #expect(Self.message("/dev/zero") == "this is no regular file")
    #expect(Self.message(folder.path + "/none.yaml")?.hasPrefix("there is no such file") == true)
  }

  @Test("a file is read through a link, and its digest is of its bytes")
  func link() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "pipeline-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "real.yaml")
    try Data(Samples.base.utf8).write(to: file)
    let link = folder.appending(path: "slipway.yaml")
    try FileManager.default.createSymbolicLink(at: link, withDestinationURL: file)
    let document = try PipelineFile.read(contentsOf: link.path, shownAs: "slipway.yaml").get()
    #expect(document.digest == Digest(of: Data(Samples.base.utf8)))
  }

  private static func message(_ path: String) -> String? {
    if case .failure(let problems) = PipelineFile.read(contentsOf: path) {
      problems.problems.first?.message
    } else {
      nil
    }
  }

  /// How many bytes this process has read so far, by the kernel's count.
  private static func readBytes() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/io", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("rchar") }
    return line?.split(separator: " ").last.flatMap { Int($0) } ?? 0
  }
}
