import Foundation
import NIOCore
import NIOHTTP1
import SlipwayModel
import SlipwayRouter
import Testing

@Suite("Router: TLS and HTTP/2")
struct EncryptedTests {
  @Test(
    "curl speaks HTTP/2 or HTTP/1.1, whichever it asks for; the application hears of https", arguments: ["2", "1.1"])
  func both(version: String) async throws {
    try await withEncrypted(a: { $0.method == .POST ? .echo : .text(200, "a") }) { encrypted, a in
      let format = "%{http_code} %{http_version}"
      let got = try await encrypted.curl("/p?q=1", "--http\(version)", "-w", format, "-H", "Cookie: a=1; b=2")
      #expect(got == "a200 \(version)")
      let head = try #require(a.snapshot.heads.first)
      #expect(head.uri == "/p?q=1" && head.headers["host"] == ["shop.example:\(encrypted.port)"])
      #expect(head.headers["x-forwarded-proto"] == ["https"] && head.headers["cookie"] == ["a=1; b=2"])
      let body = String(repeating: "0123456789", count: 300_000)
      try body.write(toFile: encrypted.folder + "/body", atomically: true, encoding: .utf8)
      let echo = try await encrypted.curl("/", "--http\(version)", "--data-binary", "@\(encrypted.folder)/body")
      #expect(echo == body)
      let none = try await encrypted.curl("/", "--http\(version)", "-I", "-w", "%{http_version}")
      #expect(none.hasPrefix("HTTP/\(version) 200") && none.hasSuffix(version), "\(none)")
      let counters = try await encrypted.rig.counters { $0.slot(.a).counters.requests == 3 }.slot(.a)
      #expect(counters.counters.requests == 3 && counters.counters.errors == 0 && counters.abandoned == 0)
    }
  }

  @Test("h2load: ten streams at a time on four connections, every request answered")
  func load() async throws {
    try await withEncrypted { encrypted, a in
      let output = try await run(
        "h2load", "-n", "2000", "-c", "4", "-m", "10", "https://127.0.0.1:\(encrypted.port)/",
        output: encrypted.folder + "/h2load"
      ).output
      #expect(output.contains("2000 succeeded, 0 failed, 0 errored, 0 timeout"), "\(output)")
      #expect(output.contains("status codes: 2000 2xx") && a.requests == 2000)
      let slot = try await encrypted.rig.counters { $0.slot(.a).inFlight == 0 }.slot(.a)
      #expect(slot.counters.requests == 2000 && slot.inFlight == 0 && slot.counters.latency?.total == 2000)
    }
  }

  @Test("trailers, interim answers and the router's own answers reach an HTTP/2 client")
  func trailers() async throws {
    let upstream = try await RawUpstream.start(
      "HTTP/1.1 103 Early Hints\r\nlink: </s.css>\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 9\r\n\r\n",
      closes: false)
    try await withEncrypted { encrypted, _ in
      let (rig, folder) = (encrypted.rig, encrypted.folder)
      try await rig.control.set(
        split: Split(green: .a, percent: 100, blue: nil), targets: [.a: upstream.address], generation: 2)
      let seen = try await run("nghttp", "-v", "--no-dep", "https://\(rig.address)/", output: folder + "/n").output
      #expect(seen.contains("x-sum: 9") && seen.contains(":status: 103") && seen.contains("link: </s.css>"), "\(seen)")
      try await rig.control.set(split: .none, generation: 3)
      let none = try await encrypted.curl("/", "--http2", "-w", "%{http_code}")
      #expect(none.contains("no_live_slot") && none.hasSuffix("503"))
    }
    try await upstream.channel.close().get()
  }

  @Test("the host that a client names chooses the certificate; no or another name gets the first")
  func names() async throws {
    try await withEncrypted { encrypted, _ in
      #expect(try await encrypted.curl("/") == "a")
      #expect(try await encrypted.curl("/", host: "x.other.example", trusting: "two") == "a")
      let wrong = try await encrypted.curl("/", host: "x.y.other.example", trusting: "two")
      #expect(wrong.contains("curl:"), "\(wrong)")
      let status = try await encrypted.rig.control.status().tls
      #expect(status?.certificates.map(\.names) == [["shop.example"], ["*.other.example"]])
      #expect(status?.problem == nil && status?.reloads == 0)
    }
  }

  @Test("new files are taken without a dropped connection; bad ones leave the former in place and say so")
  func reload() async throws {
    let gate = Gate()
    try await withEncrypted(a: { $0.uri == "/wait" ? .wait(gate) : .text(200, "a") }) { encrypted, _ in
      let (rig, folder) = (encrypted.rig, encrypted.folder)
      async let slow = encrypted.curl("/wait", "-w", "%{http_code}")
      let busy = try await rig.counters { $0.slot(.a).inFlight == 1 }
      #expect(busy.slot(.a).inFlight == 1)
      try FileManager.default.copyItem(atPath: folder + "/one.pem", toPath: folder + "/old.pem")
      let before = try #require(try await rig.control.status().tls)
      try "no certificate".write(toFile: folder + "/one.pem", atomically: true, encoding: .utf8)
      let isSaid = try await eventually { try await rig.control.status().tls?.problem != nil }
      #expect(isSaid)
      let failed = await failure { () async throws(RouterError) in try await rig.control.reload() }
      #expect(failed?.code == .misconfigured && failed?.message.contains("one.pem") == true)
      #expect(try await encrypted.curl("/", trusting: "old") == "a")
      _ = try await makeCertificate(folder, "one", for: "shop.example")
      let isTaken = try await eventually {
        let now = try await rig.control.status().tls
        return now?.problem == nil && now?.reloads ?? 0 > before.reloads
      }
      #expect(isTaken)
      #expect(try await encrypted.curl("/", trusting: "one") == "a")
      let refused = try await encrypted.curl("/", trusting: "old")
      #expect(refused.contains("curl:"))
      gate.open()
      #expect(try await slow.hasSuffix("200"))
    }
  }

  @Test("who resets stream after stream is thrown out; others are served")
  func rapidReset() async throws {
    try await withEncrypted(a: { _ in .hang }) { encrypted, _ in
      #expect(try await resetStreams(encrypted.rig.address, count: 1_000))
      let slot = try await encrypted.rig.counters { $0.slot(.a).inFlight == 0 }.slot(.a)
      #expect(slot.inFlight == 0 && slot.counters.errors == 0)
    }
  }

  @Test("a silent client, and one that speaks no TLS, are closed in time")
  func silent() async throws {
    var limits = RouterLimits()
    limits.headerTimeout = .seconds(1)
    try await withEncrypted(limits: limits) { encrypted, _ in
      let silent = try await withRaw(encrypted.rig.address) { await $0.readToEnd() }
      #expect(silent.isEmpty)
      let plain = try await withRaw(encrypted.rig.address) { raw in
        try await raw.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        return await raw.readToEnd()
      }
      #expect(!plain.contains("200"))
      #expect(try await encrypted.curl("/") == "a")
      #expect(await eventually { (try? await encrypted.rig.control.status().connections) == 0 })
    }
  }

  @Test("files that cannot serve keep a router from starting, with the reason")
  func refused() async throws {
    try await withFolder { folder in
      let one = try await makeCertificate(folder, "one", for: "a.example")
      let two = try await makeCertificate(folder, "two", for: "b.example")
      for files in [
        CertificateFiles(certificate: one.certificate, key: two.key),
        CertificateFiles(certificate: folder + "/none", key: one.key),
      ] {
        let failed = await failure { () async throws(RouterError) in
          var configuration = RouterConfiguration(
            listen: "127.0.0.1:0", controlPath: folder + "/control", identity: "x", wallClock: wallClock)
          configuration.tls = RouterTLS(certificates: [files])
          let server = try await RouterServer.start(configuration)
          await server.stop()
        }
        #expect(failed?.code == .misconfigured && failed?.message.contains(files.certificate) == true)
      }
    }
  }
}
