import Foundation
import SlipwayModel
import SlipwayPages
import Testing

@Suite("Request page: what a reader meets")
struct BrowserTests {
  private struct Said: Decodable {
    var page: String
    var violations: [String]
    var wide: [String]
    var outside: [String]
    var console: [String]
    var checks: Int
    var styled: String
    var unprinted: [String]
    var printed: Int
    var decisionFirst: Bool
  }

  @Test(
    "A4: the page passes axe in light and dark, wide and narrow, never scrolls sideways, prints whole, and asks for nothing outside"
  )
  func browser() async throws {
    let folder = URL(filePath: "/tmp/swp-\(UInt32.random(in: .min ... .max))", directoryHint: .isDirectory)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let kept = ProcessInfo.processInfo.environment["SLIPWAY_KEEP_PAGES"]
    defer {
      if let kept { try? FileManager.default.copyItem(at: folder, to: URL(filePath: kept)) }
      try? FileManager.default.removeItem(at: folder)
    }
    var pages: [URL] = []
    for (name, request) in [("small", try Samples.small()), ("full", try Samples.full())] {
      pages.append(folder.appending(path: "\(name).html"))
      try Data(RequestPage(request).html.utf8).write(to: pages[pages.count - 1])
      try Data(RequestText(request).lines.joined(separator: "\n").utf8).write(to: folder.appending(path: "\(name).txt"))
    }
    let said = try look(at: pages, in: folder)
    #expect(said.count == 2)
    for page in said {
      #expect(page.violations.isEmpty, "\(page.page): \(page.violations)")
      #expect(page.checks > 80, "axe looked at something: \(page.checks)")
      #expect(page.wide.isEmpty, "\(page.page): \(page.wide)")
      #expect(page.console.isEmpty, "\(page.page): \(page.console)")
      #expect(page.outside.allSatisfy { $0.hasPrefix("file://") }, "\(page.outside)")
      #expect(page.styled == "8px", "the policy lets the page's own style through, but \(page.styled)")
      #expect(page.decisionFirst, "\(page.page): the decision stands on the first sheet")
      #expect(page.unprinted.isEmpty && page.printed > 30, "\(page.page) on paper lacks \(page.unprinted)")
    }
  }

  private func look(at pages: [URL], in folder: URL) throws -> [Said] {
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "browser.py")
    let output = try Tools.run(
      [Tools.python, script.path, "/usr/bin/chromium", folder.path] + pages.map(\.path), in: folder)
    return try JSONDecoder().decode([Said].self, from: Data(output.utf8))
  }
}

/// The programs from PyPI that `scripts/test-tools` installs.
enum Tools {
  static let python: String = {
    let environment = ProcessInfo.processInfo.environment
    let cache = environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? "/root") + "/.cache"
    return (environment["SLIPWAY_TEST_TOOLS"] ?? cache + "/slipway-test-tools") + "/bin/python3"
  }()

  /// Runs a program to its end and gives its standard output.
  static func run(_ words: [String], in folder: URL, input: Data = Data()) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: words[0])
    process.arguments = Array(words.dropFirst())
    let names = ["in", "out", "errors"].map { folder.appending(path: "\(UUID().uuidString).\($0)") }
    try input.write(to: names[0])
    for name in names.dropFirst() { try Data().write(to: name) }
    process.standardInput = try FileHandle(forReadingFrom: names[0])
    process.standardOutput = try FileHandle(forWritingTo: names[1])
    process.standardError = try FileHandle(forWritingTo: names[2])
    try process.run()
    process.waitUntilExit()
    let said = String(decoding: try Data(contentsOf: names[1]), as: UTF8.self)
    guard process.terminationStatus == 0 else {
      throw Failed(text: said + String(decoding: try Data(contentsOf: names[2]), as: UTF8.self))
    }
    for name in names { try? FileManager.default.removeItem(at: name) }
    return said
  }

  struct Failed: Error, CustomStringConvertible {
    var text: String
    var description: String { "the program failed: \(text.suffix(4_000))" }
  }
}
