import NIOHTTP1
import SlipwayModel
import SlipwayRouter
import Testing

@Suite("Router: sticky clients and testers")
struct StickyTests {
  private func cookies(_ answer: TestAnswer) -> [String] { answer.head.headers["set-cookie"] }

  @Test("a new client gets a cookie and stays; a larger share takes clients over, a rollback takes all of them back")
  func sticky() async throws {
    try await withSlots(percent: 50, change: { $0.sticky = .hours(1) }) { rig, _, _ in
      var clients: [(cookie: String, slot: String)] = []
      for _ in 0..<40 {
        let answer = try await rig.get()
        let field = try #require(cookies(answer).first)
        #expect(field.hasSuffix("; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax"), "\(field)")
        clients.append((String(field.prefix { $0 != ";" }), answer.text))
      }
      #expect(clients.count { $0.slot == "b" } == 20)
      for client in clients {
        let answer = try await rig.get(headers: ["cookie": "x=1; \(client.cookie); y=2"])
        #expect(answer.text == client.slot && cookies(answer).isEmpty)
      }
      // A larger share: nobody who is on green leaves it.
      try await rig.control.set(split: Split(green: .b, percent: 75, blue: .a), generation: 2)
      for client in clients where client.slot == "b" {
        #expect(try await rig.get(headers: ["cookie": client.cookie]).text == "b")
      }
      // A rollback is stronger than any cookie.
      try await rig.control.set(split: Split(green: .b, percent: 0, blue: .a), generation: 3)
      for client in clients { #expect(try await rig.get(headers: ["cookie": client.cookie]).text == "a") }
      try await rig.control.set(split: Split(green: .b, percent: 100, blue: .a), generation: 4)
      for client in clients { #expect(try await rig.get(headers: ["cookie": client.cookie]).text == "b") }
    }
  }

  @Test("a cookie that makes no sense is as none", arguments: ["", "-1", "100", "0x1", "b", "9999999999999999999"])
  func nonsense(value: String) async throws {
    try await withSlots(change: { $0.sticky = .hours(1) }) { rig, _, _ in
      let answer = try await rig.get(headers: ["cookie": "slipway-bucket=\(value)"])
      #expect(answer.text == "a" && !cookies(answer).isEmpty)
    }
  }

  @Test("without the setting no cookie is given or obeyed; a dead green's clients are answered by blue")
  func limits() async throws {
    try await withSlots(percent: 0) { rig, _, _ in
      let answer = try await rig.get(headers: ["cookie": "slipway-bucket=0"])
      #expect(answer.text == "a" && cookies(answer).isEmpty)
    }
    try await withSlots(percent: 50, change: { $0.sticky = .hours(1) }) { rig, _, b in
      await b.kill()
      for _ in 0..<4 {
        let answer = try await rig.get(headers: ["cookie": "slipway-bucket=0"])
        #expect(answer.text == "a")
      }
    }
  }

  @Test("over TLS the cookie is for TLS alone")
  func secure() async throws {
    try await withEncrypted(change: { $0.sticky = .hours(1) }) { encrypted, _ in
      for version in ["2", "1.1"] {
        let answer = try await encrypted.curl("/", "--http\(version)", "-i")
        #expect(answer.contains("Max-Age=3600; HttpOnly; SameSite=Lax; Secure"), "\(answer)")
      }
    }
  }

  @Test(
    "header or cookie lead a tester to green before the first percent",
    arguments: [
      ("x-canary", "green", "b"), ("x-canary", "blue", "a"), ("cookie", "a=1; slipway-canary=green", "b"),
      ("cookie", "slipway-canary=greenish", "a"), ("cookie", "slipway-canary=blue", "a"),
    ])
  func testers(name: String, value: String, slot: String) async throws {
    try await withSlots(percent: 0) { rig, _, _ in
      let answer = try await rig.get(headers: [name: value])
      #expect(answer.text == slot)
      #expect(try await rig.control.counters().slot(.b).testers == (slot == "b" ? 1 : 0))
    }
  }
}
