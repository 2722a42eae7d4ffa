import SlipwayPages
import Testing

@Suite("Markup: text is escaped by construction")
struct MarkupTests {
  @Test("text between tags and in attributes cannot become markup", arguments: ["<b>", "a\"b", "a'b", "`", "&amp;"])
  func escaped(text: String) {
    let markup = Markup.element("p", [.init("title", text)]) { text }.description
    #expect(markup.filter { $0 == "<" }.count == 2)
    #expect(markup.filter { $0 == "\"" }.count == 2)
    #expect(!markup.contains("'") && !markup.contains("`"))
  }

  @Test("an ampersand that is there already is escaped again, so that what is read is what was written")
  func ampersand() {
    #expect(Markup.text("&lt;").description == "&amp;lt;")
  }

  @Test(
    "characters that hide or turn what follows are shown as replaced",
    arguments: [0x202E, 0, 0x1B, 0x200B, 0x2066] as [UInt32])
  func hidden(value: UInt32) throws {
    let scalar = try #require(Unicode.Scalar(value))
    #expect(Markup.text("a\(scalar)b").description == "a\u{FFFD}b")
  }

  @Test("pieces, texts, choices and loops come out in the order they stand in")
  func builder() {
    let items = ["1", "<2>"]
    let markup = Markup.element("ul") {
      "first"
      for item in items { Markup.element("li") { item } }
      if items.isEmpty { "none" } else { Markup.void("hr", []) }
    }
    #expect(markup.description == "<ul>first<li>1</li><li>&lt;2&gt;</li><hr></ul>")
  }

  @Test("a table has a caption and scopes, and each cell names its column")
  func table() {
    var table = Table("What is it?", columns: ["", "Now"])
    #expect(table.isEmpty)
    table.add([.text("a"), .text("b")])
    let html = table.markup.description
    #expect(html.contains("<caption>What is it?</caption>"))
    #expect(html.contains(#"<th scope="col" role="columnheader">Now</th>"#))
    #expect(html.contains(#"<th scope="row" role="rowheader">a</th><td role="cell" data-label="Now">b</td>"#))
  }
}
