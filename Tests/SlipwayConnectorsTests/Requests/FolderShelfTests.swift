import Foundation
import SlipwayConnectors
import SlipwayModel
import Testing

@Suite("Requests in a folder")
struct FolderShelfTests {
  @Test("A4: page and document lie under project and run, whole and under their names alone")
  func put() async throws {
    try await withFolder { folder in
      let shelf = FolderShelf("shared", root: folder)
      let link = try await shelf.put(.sample(revision: 3))
      #expect(link == "\(folder)/shared/shop/run-7/request.html")
      #expect(try String(contentsOfFile: link, encoding: .utf8) == "<p>3</p>")
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder + "/shared/shop/run-7").sorted() == [
          "request.html", "request.json",
        ])
    }
  }

  @Test("a newer document replaces, an older one does not, the same one changes nothing")
  func revisions() async throws {
    try await withFolder { folder in
      let shelf = FolderShelf(folder + "/shared", root: "/nowhere")
      for (revision, left) in [(3, 3), (5, 5), (4, 5), (5, 5)] as [(Int64, Int64)] {
        let link = try await shelf.put(.sample(revision: revision))
        #expect(try String(contentsOfFile: link, encoding: .utf8) == "<p>\(left)</p>", "after \(revision)")
      }
    }
  }

  @Test("what is missing above the folder, or is no folder, is said")
  func misplaced() async throws {
    try await withFolder { folder in
      _ = try write("x", to: "file", in: folder)
      for (place, word) in [("not/there", "No such file"), ("file", "is no folder"), ("file/below", "Not a directory")]
      {
        do throws(ConnectorError) {
          _ = try await FolderShelf(place, root: folder).put(.sample(revision: 1))
          Issue.record("\(place) took it")
        } catch {
          #expect(
            error.message.contains(word) && error.message.contains("'folder' under 'requests'"), "\(error.message)")
        }
      }
    }
  }

  @Test("a damaged document that lies there is replaced")
  func damaged() async throws {
    try await withFolder { folder in
      let shelf = FolderShelf(".", root: folder)
      _ = try await shelf.put(.sample(revision: 9))
      _ = try write("{\"revision\":", to: "shop/run-7/request.json", in: folder)
      let link = try await shelf.put(.sample(revision: 1))
      #expect(try String(contentsOfFile: link, encoding: .utf8) == "<p>1</p>")
    }
  }
}

extension RequestDocument {
  static func sample(revision: Int64, run: String = "run-7") -> RequestDocument {
    RequestDocument(
      project: "shop", run: .init(run), revision: revision, html: Data("<p>\(revision)</p>".utf8),
      json: Data("{\"revision\":\(revision)}".utf8))
  }
}
