import Foundation
import NIOCore
import NIOHTTP1
import SlipwayModel
import SlipwayRouter
import Testing

@Suite("Router: HTTP")
struct ProxyTests {
  @Test("fields of one hop are taken out, forwarding fields replaced, the rest goes through as it came")
  func requestHeaders() async throws {
    try await withSlots { rig, a, _ in
      _ = try await rig.get(
        "/path?x=1&y=%20",
        headers: [
          "Connection": "keep-alive, X-Private", "X-Private": "1", "Keep-Alive": "timeout=5", "TE": "trailers",
          "Proxy-Connection": "keep-alive", "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https",
          "Cookie": "a=b", "Host": "shop.example",
        ])
      let head = try #require(a.snapshot.heads.first)
      #expect(head.uri == "/path?x=1&y=%20")
      for gone in ["connection", "x-private", "keep-alive", "te", "proxy-connection", "upgrade"] {
        #expect(!head.headers.contains(name: gone), "\(gone)")
      }
      #expect(head.headers["x-forwarded-for"] == ["127.0.0.1"])
      #expect(head.headers["x-forwarded-proto"] == ["http"])
      #expect(head.headers["x-forwarded-host"] == ["shop.example"] && head.headers["host"] == ["shop.example"])
      #expect(head.headers["cookie"] == ["a=b"])
    }
  }

  @Test("behind a trusted proxy forwarding fields are kept and added to")
  func trusted() async throws {
    try await withSlots(trusts: true) { rig, a, _ in
      _ = try await rig.get(
        headers: ["X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.example"])
      let head = try #require(a.snapshot.heads.first)
      #expect(head.headers["x-forwarded-for"] == ["6.6.6.6, 127.0.0.1"])
      #expect(head.headers["x-forwarded-proto"] == ["https"])
      #expect(head.headers["x-forwarded-host"] == ["shop.example"])
    }
  }

  @Test("an answer loses the fields of one hop and keeps the rest, repeated ones included")
  func responseHeaders() async throws {
    let fields = [
      ("set-cookie", "a=1"), ("set-cookie", "b=2"), ("connection", "X-Hop"), ("x-hop", "1"),
      ("keep-alive", "timeout=9"),
    ]
    try await withSlots(a: { _ in .text(200, "hello", fields) }) { rig, _, _ in
      let answer = try await rig.get()
      #expect(answer.head.headers["set-cookie"] == ["a=1", "b=2"])
      #expect(!answer.head.headers.contains(name: "x-hop") && !answer.head.headers.contains(name: "keep-alive"))
      #expect(answer.text == "hello")
    }
  }

  @Test("HEAD, 204 and 304 have no body and leave the connection in step")
  func bodiless() async throws {
    try await withSlots(a: { head in
      switch (head.uri, head.method) {
      case (_, .HEAD): .text(200, "", [("x-length", "12")])
      case ("/204", _): .text(204, "")
      case ("/304", _): .text(304, "", [("etag", "x")])
      default: .text(200, "body")
      }
    }) { rig, _, _ in
      try await withClient(rig.address) { client in
        for _ in 0..<3 {
          let head = try await client.get("/", method: .HEAD)
          let none = try await client.get("/204")
          let same = try await client.get("/304")
          let full = try await client.get("/")
          #expect(head.status == 200 && head.text.isEmpty && none.status == 204 && none.text.isEmpty)
          #expect(same.status == 304 && same.text.isEmpty && full.text == "body")
        }
      }
    }
  }

  @Test("HEAD keeps the length that the application names")
  func headLength() async throws {
    let upstream = try await RawUpstream.start("HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n", closes: false)
    try await withRig { rig in
      try await rig.control.set(
        split: Split(green: .a, percent: 100, blue: nil), targets: [.a: upstream.address], generation: 1)
      let answers = try await withClient(rig.address) { client in
        [try await client.get("/", method: .HEAD), try await client.get("/", method: .HEAD)]
      }
      #expect(answers.allSatisfy { $0.head.headers["content-length"] == ["1234"] })
    }
    try await upstream.channel.close().get()
  }

  @Test("chunks and trailers go through; an old client gets the same body to the connection's end")
  func chunks() async throws {
    let reply =
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\nx-sum: 9\r\n\r\n"
    let upstream = try await RawUpstream.start(reply, closes: false)
    try await withRig { rig in
      try await rig.control.set(
        split: Split(green: .a, percent: 100, blue: nil), targets: [.a: upstream.address], generation: 1)
      let answer = try await rig.get()
      #expect(answer.text == "hello world" && answer.trailers?["x-sum"] == ["9"])
      let old = try await withRaw(rig.address) { raw in
        try await raw.send("GET / HTTP/1.0\r\n\r\n")
        return await raw.readToEnd()
      }
      #expect(old.hasSuffix("\r\n\r\nhello world") && !old.lowercased().contains("chunked"))
    }
    try await upstream.channel.close().get()
  }

  @Test("an answer that ends with its connection reaches the client whole and delimited")
  func untilClose() async throws {
    let upstream = try await RawUpstream.start("HTTP/1.1 200 OK\r\n\r\nall of it", closes: true)
    try await withRig { rig in
      try await rig.control.set(
        split: Split(green: .a, percent: 100, blue: nil), targets: [.a: upstream.address], generation: 1)
      let answers = try await withClient(rig.address) { client in
        [try await client.get().text, try await client.get().text]
      }
      #expect(answers == ["all of it", "all of it"])
    }
    try await upstream.channel.close().get()
  }

  @Test("Expect: the application's 100 reaches the client before the body is sent")
  func expectContinue() async throws {
    try await withSlots(a: { _ in .echo }) { rig, a, _ in
      try await withClient(rig.address) { client in
        for round in 1...2 {
          let head = HTTPRequestHead(
            version: .http1_1, method: .POST, uri: "/",
            headers: ["host": "x", "expect": "100-continue", "content-length": "5"])
          try await client.outbound.write(.head(head))
          let isInterim: Bool
          if case .head(let interim) = try await client.inbound.next() {
            isInterim = interim.status == .continue
          } else {
            isInterim = false
          }
          #expect(isInterim)
          #expect(a.snapshot.bytesIn == (round - 1) * 5)
          try await client.outbound.write(.body(.byteBuffer(ByteBuffer(string: "hello"))))
          try await client.outbound.write(.end(nil))
          let answer = try await client.receive()
          #expect(answer.text == "hello")
        }
      }
    }
  }

  @Test("a chunked request body reaches the application, and the connection serves on")
  func chunkedRequest() async throws {
    try await withSlots(a: { _ in .echo }) { rig, a, _ in
      try await withClient(rig.address) { client in
        for _ in 0..<3 {
          let headers: HTTPHeaders = ["transfer-encoding": "chunked"]
          try await client.send(.PUT, "/", headers: headers, body: ByteBuffer(string: "chunked body"))
          let answer = try await client.receive()
          #expect(answer.text == "chunked body")
        }
      }
      #expect(a.snapshot.heads.allSatisfy { $0.headers["transfer-encoding"] == ["chunked"] })
    }
  }

  @Test("requests sent ahead are answered in order", arguments: [1, 2, 50])
  func pipelining(count: Int) async throws {
    try await withSlots(a: { .text(200, $0.uri) }) { rig, _, _ in
      let text = try await withRaw(rig.address) { raw in
        let requests = (0..<count).map { "GET /\($0) HTTP/1.1\r\nhost: x\r\n\r\n" }.joined()
        try await raw.send(requests + "GET /last HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        return await raw.readToEnd()
      }
      let bodies = text.components(separatedBy: "HTTP/1.1 200 OK").dropFirst().map {
        $0.components(separatedBy: "\r\n\r\n").last ?? ""
      }
      #expect(Array(bodies) == (0..<count).map { "/\($0)" } + ["/last"])
    }
  }

  @Test("an old client that asks for it keeps its connection")
  func oldKeepAlive() async throws {
    try await withSlots { rig, _, _ in
      let text = try await withRaw(rig.address) { raw in
        try await raw.send("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
        let first = try await raw.read(until: "\r\n\r\na")
        try await raw.send("GET / HTTP/1.0\r\n\r\n")
        return (first, await raw.readToEnd())
      }
      #expect(text.0.contains("connection: keep-alive") && text.1.contains("connection: close"))
      #expect(text.1.hasSuffix("\r\n\r\na"))
    }
  }

  @Test("a server and a client of other makes: python3 http.server behind, curl in front")
  func otherMakes() async throws {
    try await withFolder { folder in
      let content = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ ($0 >> 9)) })
      try content.write(to: URL(fileURLWithPath: folder + "/file"))
      let server = try await ForeignServer(folder: folder, log: folder + "/log")
      defer { server.stop() }
      try await withRig { rig in
        try await rig.control.set(
          split: Split(green: .a, percent: 100, blue: nil), targets: [.a: server.address], generation: 1)
        let url = "http://\(rig.address)/file"
        let both = try await run(
          "curl", "-sS", "-w", "%{http_code} %{num_connects}\\n", "-o", folder + "/got", url, "-o", folder + "/again",
          url,
          output: folder + "/out")
        #expect(both.isSuccess && both.output == "200 1\n200 0\n", "\(both.output)")
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/got")) == content)
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/again")) == content)
        let missing = try await run("curl", "-sS", "-I", "http://\(rig.address)/none", output: folder + "/out")
        #expect(missing.isSuccess && missing.output.hasPrefix("HTTP/1.1 404"))
        let slot = try await rig.control.counters().slot(.a).counters
        #expect(slot.requests == 3 && slot.clientErrors == 1 && slot.errors == 0)
      }
    }
  }

  @Test("an early answer to an upload ends the connection, and the client reads it")
  func earlyAnswer() async throws {
    let upstream = try await RawUpstream.start(
      "HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\nconnection: close\r\n\r\nbig", closes: false)
    try await withRig { rig in
      try await rig.control.set(
        split: Split(green: .a, percent: 100, blue: nil), targets: [.a: upstream.address], generation: 1)
      let text = try await withRaw(rig.address) { raw in
        try await raw.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\nfirst bytes")
        return await raw.readToEnd()
      }
      #expect(text.hasPrefix("HTTP/1.1 413") && text.hasSuffix("big") && text.contains("connection: close"))
    }
    try await upstream.channel.close().get()
  }

  @Test("an offered upgrade is not passed on, and the request is answered")
  func upgrade() async throws {
    try await withSlots { rig, a, _ in
      let text = try await withRaw(rig.address) { raw in
        try await raw.send("GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\nupgrade: h2c\r\n\r\n")
        return await raw.readToEnd()
      }
      #expect(text.hasPrefix("HTTP/1.1 200") && text.hasSuffix("a"))
      #expect(a.snapshot.heads.first?.headers.contains(name: "upgrade") == false)
    }
  }
}
