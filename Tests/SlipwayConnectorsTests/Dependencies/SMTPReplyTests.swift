import Foundation
import SlipwayConnectors
import Testing

@Suite("Replies of mail servers")
struct SMTPReplyTests {
  private struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }

  private static let real = [
    "220 mail.example.com ESMTP Postfix\r\n",
    "250-mail.example.com\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-STARTTLS\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n",
    "334 VXNlcm5hbWU6\r\n", "354 End data with <CR><LF>.<CR><LF>\r\n", "250\r\n", "550 5.1.1 no such user\r\n",
    "451-4.3.0 later\r\n451 4.3.0 please\r\n", "221 2.0.0 Bye\n",
  ]

  /// All replies that come out when the bytes arrive in pieces of these sizes, and what was wrong at the end.
  private func replies(_ bytes: [UInt8], pieces: (Int) -> Int) -> ([SMTPReply], String?) {
    var reader = SMTPReplyReader()
    var found: [SMTPReply] = []
    var start = 0
    while start < bytes.count {
      let end = min(bytes.count, start + max(1, pieces(start)))
      reader.append(bytes[start..<end])
      start = end
      do throws(SMTPReplyReader.Garbage) {
        while let reply = try reader.next() { found.append(reply) }
      } catch {
        return (found, error.reason)
      }
    }
    return (found, nil)
  }

  @Test("C2: replies of one line and of several are read, however the bytes are cut")
  func pieces() {
    let bytes = Array(Self.real.joined().utf8)
    let whole = replies(bytes) { _ in bytes.count }
    #expect(whole.1 == nil)
    #expect(whole.0.map(\.code) == [220, 250, 334, 354, 250, 550, 451, 221])
    #expect(whole.0[1].lines.contains("STARTTLS") && whole.0[1].lines.count == 6)
    #expect(whole.0[4].lines == [""])
    for seed in 0..<200 as Range<UInt64> {
      var random = Seeded(state: seed)
      let cut = replies(bytes) { _ in Int.random(in: 1...20, using: &random) }
      #expect(cut.0 == whole.0 && cut.1 == nil)
    }
  }

  @Test(
    "F7: what is no reply is refused",
    arguments: [
      "HTTP/1.1 400 Bad Request\r\n", "\r\n", "25\r\n", "2500 x\r\n", "650 x\r\n", "250_x\r\n", "250-a\r\n251 b\r\n",
    ])
  func refused(text: String) {
    #expect(replies(Array(text.utf8)) { _ in 7 }.1 != nil, "\(text)")
  }

  @Test("F7: whatever comes, it ends in replies or a refusal, and what is kept is bounded")
  func fuzz() {
    for seed in 0..<3_000 as Range<UInt64> {
      var random = Seeded(state: seed)
      var bytes = Array(Self.real.shuffled(using: &random).joined().utf8)
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(contentsOf: Array("250-".utf8), at: place)
        default: bytes.insert(contentsOf: [UInt8](repeating: 65, count: 300), at: place)
        }
      }
      let (found, wrong) = replies(bytes) { _ in Int.random(in: 1...64, using: &random) }
      for reply in found {
        #expect((200...559).contains(reply.code) || (200...599).contains(reply.code))
        #expect(reply.text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
        #expect(reply.text.count <= 204 && !reply.lines.isEmpty)
      }
      // The same bytes in one piece say the same.
      let again = replies(bytes) { _ in bytes.count }
      #expect(again.0 == found && (again.1 == nil) == (wrong == nil))
    }
  }

  @Test("F7: a line without end and a reply without end are refused before memory is gone")
  func endless() {
    #expect(replies([UInt8](repeating: 65, count: 100_000)) { _ in 1_000 }.1 != nil)
    let lines = [UInt8](String(repeating: "250-more\r\n", count: 100_000).utf8)
    #expect(replies(lines) { _ in 1_000 }.1?.contains("200 lines") == true)
  }
}
