import Foundation
import SlipwayConnectors
import SlipwayModel
import Testing

@Suite("Calendar files")
struct CalendarFilesTests {
  private func text(_ day: String) -> String {
    "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:\(day)\nSUMMARY:Holiday\nEND:VEVENT\nEND:VCALENDAR\n"
  }

  @Test(
    "E6, F7: files are read anew, beside the pipeline file; what is missing, too large or a folder is a problem that names it"
  )
  func reading() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "slipway-calendar-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder.appending(path: "ops"), withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = CalendarFiles(root: URL(filePath: folder.path, directoryHint: .isDirectory))
    let spec = CalendarSpec(name: "h", file: "ops/h.ics", zone: "Europe/Berlin")
    let file = folder.appending(path: "ops/h.ics")
    let day = try #require(Timestamp(rfc3339: "2026-12-24T12:00:00Z"))

    func read() -> FreezeCalendar? { files.read([spec]).first }
    #expect(throws: CalendarProblem.self) { try read()?.covering(day) }
    try text("20261224").write(to: file, atomically: true, encoding: .utf8)
    let first = try #require(read())
    #expect(try first.covering(day).count == 1 && first.digest == Digest(of: Data(text("20261224").utf8)))
    #expect(read() == first)
    try text("20261225").write(to: file, atomically: true, encoding: .utf8)
    #expect(try read()?.covering(day).isEmpty == true, "a change counts from the moment it is made")
    try Data(count: (1 << 20) + 1).write(to: file)
    #expect(throws: CalendarProblem.self) { try read()?.covering(day) }
    try FileManager.default.removeItem(at: file)
    try FileManager.default.createDirectory(at: file, withIntermediateDirectories: false)
    let folderRead = try #require(read())
    guard case .failure(let problems) = folderRead.content else { throw CalendarProblem("a folder was read") }
    #expect(problems.description.contains("ops/h.ics"))
  }
}
