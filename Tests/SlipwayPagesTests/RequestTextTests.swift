import SlipwayModel
import SlipwayPages
import Testing

@Suite("Request text: for a terminal")
struct RequestTextTests {
  @Test("A4: everything that is to be decided on stands in it, with the very words to answer")
  func whole() throws {
    let request = try Samples.full()
    let text = RequestText(request, width: 400).lines.joined(separator: "\n")
    for expected in [
      "PROMOTE SHOP 1.1 TO PRODUCTION", "in chat:  approved promote shop", "in chat:  hold shop",
      "in chat:  rejected shop -- reason", "slipway approve \(request.run) --plan \(request.planDigest)",
      "everything written between the snapshot and going back is lost", "[passed] tests:",
      "warning: CVE-2026-1234 is accepted by dan until 2027-02-01", "CVE-2026-7777 [MEDIUM] OPEN",
      "environment.health.every: 10 -> 5", "1. 10 % to 1.1, watched for 5 min", "carol asked and may not agree",
      "the release notes are missing", "freeze     'audit'",
    ] {
      #expect(text.contains(expected), "'\(expected)' in:\n\(text)")
    }
  }

  @Test("no line is longer than the terminal, but for a word that is longer itself", arguments: [60, 80, 120])
  func width(columns: Int) throws {
    for request in [try Samples.small(), try Samples.full()] {
      for line in RequestText(request, width: columns).lines where line.count > columns {
        #expect(line.split(separator: " ").contains { $0.count > columns - 20 }, "\(line)")
      }
    }
  }

  @Test("what would steer a terminal is shown as replaced")
  func steering() throws {
    var request = try Samples.small()
    request.summary = "\u{1B}[2J\u{1B}[31mall is well\u{7}"
    request.options[0].slackReply = "a\u{1B}]0;title\u{7}"
    let text = RequestText(request).lines.joined(separator: "\n")
    #expect(!text.unicodeScalars.contains { $0.value < 32 && $0 != "\n" })
  }
}
