import Foundation
import Testing

@Suite("Bad input: clear messages, at once")
struct BadInputTests {
  /// Half a minute is what a loaded machine may take for what takes a second.
  private static let soon = Duration.seconds(60)

  enum Damage: String, CaseIterable, Sendable {
    case missing, empty, folder, binary, latin, half, huge, deep, endless, bomb

    func write(_ shop: Shop, to file: URL) throws {
      let good = shop.shortPipeline
      let files = FileManager.default
      switch self {
      case .missing: try files.removeItem(at: file)
      case .empty: try Data().write(to: file)
      case .folder:
        try files.removeItem(at: file)
        try files.createDirectory(at: file, withIntermediateDirectories: false)
      case .binary: try (try Data(contentsOf: URL(filePath: "/bin/sh")).prefix(60_000)).write(to: file)
      case .latin: try (Data("project: caf".utf8) + [0xE9] + Data("\n".utf8)).write(to: file)
      case .half: try Data(good.utf8.prefix(good.utf8.count / 2)).write(to: file)
      case .huge:
        try Data(repeating: UInt8(ascii: "#"), count: 1).write(to: file)
        guard truncate(file.path, 100 << 20) == 0 else { throw CocoaError(.fileWriteUnknown) }
      case .deep: try Data(String(repeating: "[", count: 100_000).utf8).write(to: file)
      case .endless:
        try files.removeItem(at: file)
        try files.createSymbolicLink(atPath: file.path, withDestinationPath: "/dev/zero")
      case .bomb:
        let levels = (1...12).map { level in
          "l\(level): &l\(level) [" + Array(repeating: "*l\(level - 1)", count: 10).joined(separator: ", ") + "]"
        }
        try Data((["l0: &l0 [x]"] + levels).joined(separator: "\n").utf8).write(to: file)
      }
    }
  }

  @Test("F7: a pipeline file that is none: 65, its name, quickly", arguments: Damage.allCases)
  func pipeline(damage: Damage) async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try damage.write(shop, to: shop.folder.appending(path: "slipway.yaml"))
      let output = try await shop.slipway("check", expecting: 65, within: Self.soon)
      #expect(output.complaint.contains("slipway.yaml"), "\(output)")
      #expect(output.complaint.utf8.count < 20_000, "a message, no flood: \(output.complaint.utf8.count) bytes")
      let plan = try await shop.slipway("plan", "1", "--to", "production", expecting: 65, within: Self.soon)
      #expect(plan.complaint.contains("slipway.yaml"), "\(plan)")
    }
  }

  private static let report = """
    <?xml version="1.0"?><testsuites><testsuite name="s" tests="1" failures="0" errors="0" skipped="0">
    <testcase classname="c" name="n" time="0.1"/></testsuite></testsuites>
    """

  @Test(
    "F7: a report that is none: 65, its name and kind, and nothing is kept of it",
    arguments: ["junit", "security", "lcov", "trivy"])
  func reports(kind: String) async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.register("1.0.0")
      let file = shop.folder.appending(path: "report")
      let contents: [Data] = [
        Data(), Data(Self.report.utf8.prefix(120)), Data(#"{"status": "pass", "verd"#.utf8),
        try Data(contentsOf: URL(filePath: "/bin/sh")).prefix(60_000),
        Data(String(repeating: "[", count: 100_000).utf8), Data(String(repeating: "<a>", count: 50_000).utf8),
      ]
      for content in contents {
        try content.write(to: file)
        let output = try await shop.slipway(
          "report", "add", "1.0.0", "--kind", kind, "report", expecting: 65, within: Self.soon)
        #expect(output.complaint.contains("report"), "\(output)")
      }
      guard truncate(file.path, 200 << 20) == 0 else { throw CocoaError(.fileWriteUnknown) }
      try await shop.slipway("report", "add", "1.0.0", "--kind", kind, "report", expecting: 65, within: Self.soon)
      try await shop.slipway("report", "add", "1.0.0", "--kind", kind, "nosuch", expecting: 65, within: Self.soon)
      let unknown = try await shop.slipway("report", "add", "1.0.0", "--kind", "juni", "report", expecting: 64)
      #expect(unknown.complaint.contains("junit"), "\(unknown)")
      let release = try await shop.slipway("release", "show", "1.0.0", "--output", "json").object()
      #expect((release["reports"] as? [Any])?.isEmpty == true)
    }
  }

  @Test("F7: garbage in the inbox is set aside, and what people say goes on being heard")
  func inbox() async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.register("1.0.0")
      let run = try await shop.promote("1.0.0")
      let inbox = shop.state.appending(path: "inbox")
      try FileManager.default.createDirectory(at: inbox.appending(path: "replies"), withIntermediateDirectories: true)
      try Data("{".utf8).write(to: inbox.appending(path: "a.json"))
      try (try Data(contentsOf: URL(filePath: "/bin/sh")).prefix(60_000)).write(to: inbox.appending(path: "b.json"))
      try Data().write(to: inbox.appending(path: "c.json"))
      try Data(repeating: UInt8(ascii: "["), count: 3 << 20).write(to: inbox.appending(path: "d.json"))
      try FileManager.default.createDirectory(at: inbox.appending(path: "e.json"), withIntermediateDirectories: false)
      try FileManager.default.createSymbolicLink(
        atPath: inbox.appending(path: "f.json").path, withDestinationPath: "/dev/zero")
      try await shop.withDriver { driver in
        try await shop.wait(for: run, until: "waits for approval") { $0.status == "awaiting_approval" }
        let said = try await shop.slipway("reject", run, "--reason", "heard", "--as", "ann", within: Self.soon)
        #expect(said.text.contains("rejected"), "\(said)")
        #expect(driver.isRunning, "the driver ended: \(driver.complaint)")
        let left = try FileManager.default.contentsOfDirectory(atPath: inbox.path)
        #expect(left.filter { $0.hasSuffix(".json") }.isEmpty, "\(left)")
        #expect(left.count { $0.hasSuffix(".unreadable") } == 6, "\(left)")
      }
    }
  }

  @Test("F7: a state folder that is none gets a message, and is left as it was")
  func foreignState() async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try shop.write(
        "not a database, but long enough to look like a file that somebody needs\n", to: ".slipway/journal.sqlite")
      let output = try await Program.run(["list"], in: shop.folder)
      #expect([1, 65, 78].contains(output.code) && output.complaint.contains("journal.sqlite"), "\(output)")
      let added = try await Program.run(["release", "add", "1", "--artifact", "slipway.yaml"], in: shop.folder)
      #expect(added.code != 0 && added.complaint.contains("journal.sqlite"), "\(added)")
      let text = try String(contentsOf: shop.folder.appending(path: ".slipway/journal.sqlite"), encoding: .utf8)
      #expect(text.hasPrefix("not a database"))
      let url = try await Program.run(["list", "--state", "postgresql://user:secret@h/db"], in: shop.folder)
      #expect(url.code == 78 && !url.complaint.contains("secret"), "\(url)")
    }
  }
}
