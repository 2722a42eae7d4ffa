import AsyncHTTPClient
import Foundation
import SlipwayConnectors
import SlipwayModel
import Testing

@Suite("Requests in a bucket")
struct S3ShelfTests {
  private func problem(_ shelf: S3Shelf, _ revision: Int64 = 1) async -> ConnectorError? {
    do throws(ConnectorError) {
      _ = try await shelf.put(.sample(revision: revision))
      return nil
    } catch {
      return error
    }
  }

  @Test(
    "A4: a real store takes page and document, another client reads them back, and what is wrong is said without a secret"
  )
  func seaweed() async throws {
    try await RealSeaweed.with { store in
      try await withHTTPClient { client in
        let shelf = store.shelf(client: client)
        let first = try await shelf.put(.sample(revision: 3))
        #expect(first == "\(store.url)/requests/team/a/shop/run-7/request.html")
        let read = """
          for name in ["html", "json"]:
              found = store.get_object(Bucket="requests", Key="team/a/shop/run-7/request." + name)
              print(found["ContentType"], found["Metadata"]["slipway-revision"], found["Body"].read().decode())
          """
        #expect(
          try await store.python(read)
            == "text/html; charset=utf-8 3 <p>3</p>\napplication/json 3 {\"revision\":3}\n")
        for (revision, left) in [(3, 3), (5, 5), (4, 5)] as [(Int64, Int64)] {
          _ = try await shelf.put(.sample(revision: revision))
          #expect(try await store.python(read)?.contains("<p>\(left)</p>") == true, "after \(revision)")
        }
        let strange = "aä b+c&d=e%2F"
        let link = try await shelf.put(.sample(revision: 1, run: strange))
        #expect(link.hasSuffix("/a%C3%A4%20b%2Bc%26d%3De%252F/request.html"), "\(link)")
        #expect(
          try await store.python(
            "print(store.get_object(Bucket='requests', Key='team/a/shop/\(strange)/request.html')['Body'].read().decode())"
          )
            == "<p>1</p>\n")

        let wrong = try #require(await problem(store.shelf(secret: "a-wrong-secret", client: client)))
        #expect(wrong.code == .refused && wrong.message.contains("SignatureDoesNotMatch"), "\(wrong)")
        #expect(wrong.message.contains("check 'access_key', 'secret_key' and 'region'"))
        #expect(!wrong.message.contains("a-wrong-secret") && !wrong.message.contains(RealSeaweed.access))
        let missing = try #require(await problem(store.shelf(bucket: "not-there", client: client)))
        // SeaweedFS would make the bucket for a key that may, so it says to this one that it may not; others say NoSuchBucket.
        #expect(missing.message.contains("bucket not-there at \(store.url) refused to take"), "\(missing)")
        #expect(missing.code == .refused && missing.message.contains("AccessDenied"), "\(missing)")

        try await store.process.crash()
        let down = try #require(await problem(shelf))
        #expect(down.code == .unreachable && down.message.contains("is it running"), "\(down)")
        #expect(!down.message.contains(RealSeaweed.secret))
      }
    }
  }

  /// Answers each request with the next of the given words: a status, `hang`, or `close`; the last one stays. Writes down what it was asked.
  private static let moody = """
    import sys, time, http.server
    words = sys.argv[1].split(",")
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def answer(self):
            self.rfile.read(int(self.headers.get("content-length", 0)))
            word = words.pop(0) if len(words) > 1 else words[0]
            print("asked", self.command, self.path, self.headers.get("if-none-match"), self.headers.get("if-match"), flush=True)
            if word == "hang": time.sleep(60)
            if word == "close": self.close_connection = True; return
            code = {"404": b"NoSuchBucket", "403": b"RequestTimeTooSkewed"}.get(word, b"SlowDown")
            body = b"<Error><Code>" + code + b"</Code></Error>" if int(word) >= 300 and self.command != "HEAD" else b""
            self.send_response(int(word))
            if word == "200": self.send_header("etag", '"abc"')
            if word == "429": self.send_header("retry-after", "2")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        do_HEAD = do_PUT = answer
        def log_message(self, *rest): pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print("ready", server.server_address[1])
    server.serve_forever()
    """

  private func withStore(
    _ words: String, _ body: (S3Shelf, RealProcess, Waits) async throws -> Void
  ) async throws {
    try await withScratchFolder { folder in
      try await PythonServers.with(Self.moody, [words], folder: folder) { process, port in
        try await withHTTPClient { client in
          let waits = Waits()
          let shelf = S3Shelf(
            BucketSpec(
              endpoint: "http://127.0.0.1:\(port)", bucket: "b-1", accessKey: SecretText("${env:K}"),
              secretKey: SecretText("${env:S}"), link: "https://docs.example.com/"),
            secrets: SecretSource(environment: ["K": "k", "S": "s3cr3t"], folder: "/"), client: client,
            now: { Timestamp(milliseconds: 1_800_000_000_000) }, pause: { await waits.add($0) })
          try await body(shelf, process, waits)
        }
      }
    }
  }

  actor Waits {
    private(set) var all: [Span] = []
    func add(_ span: Span) { all.append(span) }
  }

  @Test("a store that asks for patience is asked again, as it says, and the link is the one that people use")
  func patience() async throws {
    try await withStore("404,503,404,429,404,200") { shelf, process, waits in
      let link = try await shelf.put(.sample(revision: 1))
      #expect(link == "https://docs.example.com/shop/run-7/request.html")
      #expect(await waits.all == [.milliseconds(300), .seconds(2)])
      #expect(
        process.text.split(separator: "\n").count { $0.contains("asked PUT /b-1/shop/run-7/request.json * None") } == 3)
      #expect(process.text.contains("asked PUT /b-1/shop/run-7/request.html None \"abc\""))
    }
  }

  @Test(
    "patience has an end, and the end is told",
    arguments: [("503", ConnectorError.Code.unreachable), ("412", .refused)])
  func impatience(status: String, code: ConnectorError.Code) async throws {
    let words = Array(repeating: "404,\(status)", count: 9).joined(separator: ",")
    try await withStore(words) { shelf, process, waits in
      let error = try #require(await problem(shelf))
      #expect(error.code == code && error.message.contains("SlowDown"), "\(error)")
      #expect(await waits.all.count == 3)
      #expect(!error.message.contains("s3cr3t"))
    }
  }

  @Test("what cannot get better is not tried again", arguments: ["400", "403", "301"])
  func final(status: String) async throws {
    try await withStore("404,\(status)") { shelf, _, waits in
      #expect(await problem(shelf) != nil)
      #expect(await waits.all.isEmpty)
    }
  }

  @Test(
    "the store's own word leads to what is to be done",
    arguments: [
      ("404", ConnectorError.Code.misconfigured, "NoSuchBucket; make the bucket"),
      ("403", .refused, "RequestTimeTooSkewed; this machine's clock"),
      ("301", .misconfigured, "correct 'endpoint' and 'region'"),
    ])
  func words(status: String, code: ConnectorError.Code, says: String) async throws {
    try await withStore("404,\(status)") { shelf, _, _ in
      let error = try #require(await problem(shelf))
      #expect(error.code == code && error.message.contains(says), "\(error)")
    }
  }

  @Test("a key that may not look writes only what is not there")
  func blind() async throws {
    try await withStore("403,200") { shelf, process, _ in
      _ = try await shelf.put(.sample(revision: 1))
      #expect(process.text.contains("request.json * None"))
    }
  }

  @Test("a store that does not answer, or hangs up, is given up in time", arguments: ["hang", "close"])
  func silent(word: String) async throws {
    try await withStore(word) { shelf, _, _ in
      let error = try #require(await problem(shelf))
      #expect([.timedOut, .unreachable].contains(error.code), "\(error)")
    }
  }

  @Test("a secret that is not set is named, never guessed")
  func unset() async throws {
    try await withHTTPClient { client in
      let shelf = S3Shelf(
        BucketSpec(
          endpoint: "http://127.0.0.1:1", bucket: "b-1", accessKey: SecretText("${env:K}"),
          secretKey: SecretText("${env:S}")), secrets: SecretSource(environment: ["K": "k"], folder: "/"),
        client: client, now: { Timestamp(milliseconds: 0) }, pause: { _ in })
      let error = try #require(await problem(shelf))
      #expect(error.code == .misconfigured && error.message.contains("variable S is not set"))
    }
  }
}
