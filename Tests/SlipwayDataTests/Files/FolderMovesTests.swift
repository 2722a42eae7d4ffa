import Foundation
import SlipwayConnectors
import Synchronization
import Testing

@testable import SlipwayData

@Suite("Names of folders")
struct FolderMovesTests {
  /// Three names on a disk: what serves, what is to serve, and where the former goes.
  struct Site {
    let root: URL
    var live: String { root.path + "/files" }
    var coming: String { root.path + "/files_green" }
    var aside: String { root.path + "/files_blue" }

    var moves: [DatabaseMark.Renaming] {
      [FolderMoves.renaming(live, to: aside), FolderMoves.renaming(coming, to: live)]
    }

    func write(_ text: String, to path: String) throws {
      let url = URL(filePath: path)
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: url)
    }

    func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

    func prepare() throws {
      try write("old", to: live + "/a/version")
      try write("new", to: coming + "/a/version")
    }

    func expectDone() throws {
      #expect(text(live + "/a/version") == "new")
      #expect(text(aside + "/a/version") == "old")
      #expect(try Set(FileManager.default.contentsOfDirectory(atPath: root.path)) == ["files", "files_blue"])
    }

    static func with(_ body: (Site) throws -> Void) throws {
      let site = Site(root: FileManager.default.temporaryDirectory.appending(path: "folders-\(UUID().uuidString)"))
      try FileManager.default.createDirectory(at: site.root, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: site.root) }
      try body(site)
    }
  }

  @Test("C7, F7: an application that makes its folder anew whenever it is gone never gets in between")
  func applicationThatWrites() throws {
    try Site.with { site in
      let isOver = Mutex(false)
      let begun = DispatchSemaphore(value: 0)
      let ended = DispatchSemaphore(value: 0)
      let folder = site.live
      Thread.detachNewThread {
        var number = 0
        while !isOver.withLock({ $0 }) {
          number += 1
          let place = "\(folder)/\(number % 7)"
          try? FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
          _ = FileManager.default.createFile(atPath: "\(place)/\(number % 100)", contents: Data("x".utf8))
          begun.signal()
        }
        ended.signal()
      }
      begun.wait()
      defer {
        isOver.withLock { $0 = true }
        ended.wait()
      }
      for _ in 0..<200 {
        try site.prepare()
        try FolderMoves.carryOut(site.moves)
        #expect(site.text(site.live + "/a/version") == "new")
        #expect(site.text(site.aside + "/a/version") == "old")
        #expect(!FolderMoves.exists(site.coming))
        try FolderMoves.remove(site.aside)
      }
    }
  }

  @Test("F1: cut off after any of its steps, a repeat ends the exchange", arguments: 0...3)
  func repeated(steps: Int) throws {
    try Site.with { site in
      try site.prepare()
      let moves = site.moves
      let between = site.root.path + "/between"
      let names = [(site.live, between), (site.coming, site.live), (between, site.coming), (site.coming, site.aside)]
      // The first two and the third are one step for the file system.
      for (from, to) in names.prefix(steps == 0 ? 0 : steps == 1 ? 3 : 4) {
        try FileManager.default.moveItem(atPath: from, toPath: to)
      }
      try FolderMoves.carryOut(moves)
      if steps == 3 { try FolderMoves.carryOut(moves) }
      try site.expectDone()
    }
  }

  @Test("F1: what was written to a folder that an application made in between is moved to where it belongs")
  func meanwhile() throws {
    try Site.with { site in
      try site.prepare()
      let moves = site.moves
      try FileManager.default.moveItem(atPath: site.live, toPath: site.aside)
      try site.write("late", to: site.live + "/b/upload")
      try site.write("other", to: site.live + "/a/version")
      try FolderMoves.carryOut(moves)
      #expect(site.text(site.live + "/b/upload") == "late")
      #expect(site.text(site.live + "/a/version") == "new")
      // What both have under one name is kept beside.
      #expect(site.text(site.coming + "_meanwhile1/a/version") == "other")
      try FileManager.default.removeItem(atPath: site.coming + "_meanwhile1")
      try site.expectDone()
    }
  }

  @Test("F1: cut off while such files were moved, a repeat moves the rest")
  func meanwhileRepeated() throws {
    try Site.with { site in
      try site.prepare()
      let moves = site.moves
      try FileManager.default.moveItem(atPath: site.live, toPath: site.aside)
      try FileManager.default.moveItem(atPath: site.coming, toPath: site.live)
      try site.write("late", to: site.coming + "_meanwhile1/b/upload")
      try FolderMoves.carryOut(moves)
      #expect(site.text(site.live + "/b/upload") == "late")
      try site.expectDone()
    }
  }

  @Test("F1: marks of before, which do not say which folder is which, are ended in two steps")
  func withoutInodes() throws {
    try Site.with { site in
      try site.prepare()
      let moves = site.moves.map { DatabaseMark.Renaming(from: $0.from, to: $0.to) }
      try FolderMoves.carryOut(moves)
      try site.expectDone()
      try FolderMoves.carryOut(moves)
      try site.expectDone()
    }
  }

  @Test("F7: a name that is in use is never taken, and the message says so")
  func inUse() throws {
    try Site.with { site in
      try site.prepare()
      try site.write("older", to: site.aside + "/a/version")
      let move = [FolderMoves.renaming(site.live, to: site.aside)]
      let moved = #expect(throws: ConnectorError.self) { try FolderMoves.carryOut(move) }
      #expect(moved?.message.contains("there already") == true)
      let expected = #expect(throws: ConnectorError.self) { try FolderMoves.expectRoom(for: move) }
      #expect(expected?.message.contains("there already") == true)
      #expect(site.text(site.live + "/a/version") == "old")
      #expect(site.text(site.aside + "/a/version") == "older")
      // A name that the same exchange gives up is free.
      let elsewhere = FolderMoves.renaming(site.live, to: site.root.path + "/elsewhere")
      try FolderMoves.expectRoom(for: [elsewhere, FolderMoves.renaming(site.coming, to: site.live)])
    }
  }
}
