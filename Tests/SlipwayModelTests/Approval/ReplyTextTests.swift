import Foundation
import SlipwayModel
import Testing

@Suite("Replies in words")
struct ReplyTextTests {
  @Test(
    "A5: the three forms are read, whatever phones do to them",
    arguments: [
      ("approved promote shop", ReplyText.Word.approve), ("Approved  promote shop ", .approve),
      ("hold shop", .hold), ("Hold shop\n", .hold), ("rejected shop -- too slow", .reject(reason: "too slow")),
      ("Rejected shop — too -- slow", .reject(reason: "too -- slow")),
    ] as [(String, ReplyText.Word)])
  func forms(text: String, word: ReplyText.Word) throws {
    let reply = try ReplyText(text)
    #expect(reply.word == word)
    #expect(reply.name == "shop")
  }

  @Test(
    "A5, F7: anything else is no decision, and says which words would be one",
    arguments: [
      ("approved shop", "approved promote shop"), ("approve shop", "approved promote shop"),
      ("lgtm", "approved promote"),
      ("approved promote", "approved promote"), ("approved promote shop now", "approved promote"),
      ("approved promote shop -- but slowly", "takes no reason"), ("hold", "hold NAME"),
      ("hold shop -- why", "no reason"),
      ("rejected shop", "needs its reason"), ("rejected shop --", "needs its reason"),
      ("rejected shop--slow", "needs its reason"), ("reject shop -- slow", "rejected shop -- reason"), ("", "empty"),
      ("not approved promote shop", "no decision"), ("approved promote ../shop", "no name"),
      ("approved promote shöp", "no name"), ("I approved promote shop", "no decision"),
    ])
  func others(text: String, says: String) {
    let problem = #expect(throws: ReplyText.Problem.self) { try ReplyText(text) }
    #expect(problem?.message.contains(says) == true, "\(problem?.message ?? "")")
  }

  @Test("A5, F7: a text without end is refused unread, and no mixture of words approves by accident")
  func property() {
    #expect(throws: ReplyText.Problem.self) { try ReplyText("hold " + String(repeating: "x", count: 3_000)) }
    var random = SplitMix64(seed: 5)
    let words = [
      "approved", "promote", "hold", "rejected", "--", "—", "shop", "not", "\u{202E}", "\u{0}", "'", "please",
    ]
    for _ in 0..<5_000 {
      let text = (0..<Int.random(in: 0...5, using: &random)).map { _ in words.randomElement(using: &random) ?? "" }
      guard let reply = try? ReplyText(text.joined(separator: " ")), case .approve = reply.word else { continue }
      #expect(text.count == 3 && text[0] == "approved" && text[1] == "promote")
    }
  }
}
