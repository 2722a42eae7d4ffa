import Foundation
import SlipwayConnectors
import Testing

@Suite("The handoff document's file")
struct HandoffFileTests {
  @Test("C9: it comes into being whole, in a folder that is made, and a newer one replaces it")
  func whole() throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "handoff-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    for text in ["# First\n", "# Second\n"] {
      let path = try HandoffFile.write(text, to: "docs/handoff/1.1.md", root: root.path)
      #expect(path == root.path + "/docs/handoff/1.1.md")
      #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: root.path + "/docs/handoff") == ["1.1.md"])
  }

  @Test("C9: a disk that does not take it leaves nothing half-made")
  func refused() throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "handoff-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    try FileManager.default.createDirectory(at: root.appending(path: "here.md"), withIntermediateDirectories: true)
    let error = #expect(throws: ConnectorError.self) { try HandoffFile.write("x", to: "here.md", root: root.path) }
    #expect(error?.code == .unreachable)
    #expect(try FileManager.default.contentsOfDirectory(atPath: root.path) == ["here.md"])
  }
}
