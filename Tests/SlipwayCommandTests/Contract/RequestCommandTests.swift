import Foundation
import Testing

@Suite("Commands: the request for approval")
struct RequestCommandTests {
  private func pipeline(_ shop: Shop, _ port: Int) -> String {
    shop.shortPipeline + """

      notify:
        - {run: "cat >> '\(shop.folder.path)/told.jsonl'"}
      requests:
        folder: asked
        s3: {endpoint: "http://127.0.0.1:\(port)", bucket: requests, prefix: team, access_key: "${env:S3_KEY}", secret_key: "${env:S3_SECRET}"}

      """
  }

  @Test(
    "A4, E10: a run that waits leaves page and document in folder and bucket, tells people, and keeps them as evidence")
  func wholeWay() async throws {
    try await RealSeaweed.with { store in
      try await Shop.with({ pipeline($0, store.port) }) { shop in
        let keys = RealSeaweed.keys
        try await shop.register("1.0.0")
        let run = try await shop.promote("1.0.0")
        try await shop.slipway("run", environment: keys)
        #expect(try await shop.status(run).status == "awaiting_approval")

        let below = shop.folder.appending(path: "asked/shop/\(run)")
        let page = try String(contentsOf: below.appending(path: "request.html"), encoding: .utf8)
        let document = try String(contentsOf: below.appending(path: "request.json"), encoding: .utf8)
        #expect(try await store.object("team/shop/\(run)/request.html") == page)
        #expect(try await store.object("team/shop/\(run)/request.json") == document)
        #expect(try await shop.slipway("request", run, "--format", "html").text == page)
        #expect(try await shop.slipway("request", run, "--output", "json").text == document)
        let text = try await shop.slipway("request", run).text
        #expect(text.contains("PROMOTE SHOP 1.0.0 TO PRODUCTION") && text.contains("approved promote shop"), "\(text)")
        try await shop.slipway("request", "latest", "--format", "html", "--out", "copy.html")
        #expect(try String(contentsOf: shop.folder.appending(path: "copy.html"), encoding: .utf8) == page)

        let told = try String(contentsOf: shop.folder.appending(path: "told.jsonl"), encoding: .utf8)
        let lines = told.split(separator: "\n").filter { $0.contains("approval_requested") }
        #expect(lines.count == 1, "\(told)")
        #expect(
          told.contains("\"link\":\"http://127.0.0.1:\(store.port)/requests/team/shop/\(run)/request.html\""), "\(told)"
        )
        try await shop.slipway("run", environment: keys)
        #expect(try String(contentsOf: shop.folder.appending(path: "told.jsonl"), encoding: .utf8) == told, "once")

        try await shop.slipway("hold", run, "--as", "ann", "--reason", "lunch")
        let now = try await shop.slipway("request", run, "--now", "--format", "json").object()
        #expect(now["status"] as? String == "held")
        try await shop.slipway("reject", run, "--as", "ann", "--reason", "no notes")
        try await shop.slipway("run", environment: keys)
        let ended = try await shop.status(run)
        let evidence = URL(filePath: try #require(ended.evidenceDir))
        #expect(try String(contentsOf: evidence.appending(path: "approval_request.html"), encoding: .utf8) == page)
        #expect(try String(contentsOf: evidence.appending(path: "approval_request.json"), encoding: .utf8) == document)
        try await shop.expectEvidence(of: run, outcome: "rejected", saying: "no notes")
        #expect(try await shop.slipway("request", run, "--format", "html").text == page, "also long after")
      }
    }
  }

  @Test("A4: a store that is down or refuses stops nothing; it is said, and --publish makes up for it")
  func trouble() async throws {
    try await RealSeaweed.with { store in
      try await Shop.with({ pipeline($0, store.port) }) { shop in
        try await shop.register("1.0.0")
        let run = try await shop.promote("1.0.0")
        let wrong = ["S3_KEY": "key-of-tests", "S3_SECRET": "hunter2-not-the-key"]
        let said = try await shop.slipway("run", environment: wrong).text
        #expect(said.contains("SignatureDoesNotMatch") && !said.contains("hunter2"), "\(said)")
        #expect(try await shop.status(run).status == "awaiting_approval")
        let told = try String(contentsOf: shop.folder.appending(path: "told.jsonl"), encoding: .utf8)
        #expect(told.contains("could not be put into bucket requests") && !told.contains("hunter2"), "\(told)")
        let published = try await shop.slipway("request", run, "--publish", environment: RealSeaweed.keys)
        #expect(published.text.split(separator: "\n").count == 2, "\(published)")
        #expect(try await store.object("team/shop/\(run)/request.html").contains("request for approval"))

        try await store.process.crash()
        let down = try await shop.slipway("request", run, "--publish", expecting: 69, environment: RealSeaweed.keys)
        #expect(down.complaint.contains("is it running") || down.complaint.contains("did not answer within"), "\(down)")
        #expect(down.text.contains("published: "), "the folder took it all the same")
      }
    }
  }

  @Test("without a place, an approval or a run it is said what is missing")
  func mistakes() async throws {
    try await Shop.with(\.wholePipeline) { shop in
      try await shop.slipway("request", expecting: 64)
      try await shop.register("1.0.0")
      let run = try await shop.promote("1.0.0", to: "staging")
      let nobody = try await shop.slipway("request", run, expecting: 64)
      #expect(nobody.complaint.contains("asks nobody"), "\(nobody)")
      try await shop.slipway("request", run, "--format", "pdf", expecting: 64)
    }
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.register("1.0.0")
      let run = try await shop.promote("1.0.0")
      let early = try await shop.slipway("request", run, "--format", "json").object()
      #expect(early["status"] as? String == "requested", "before anybody was asked it is shown as it would be")
      let nowhere = try await shop.slipway("request", run, "--publish", expecting: 78)
      #expect(nowhere.complaint.contains("add 'requests: {folder: …}'"), "\(nowhere)")
    }
  }
}
