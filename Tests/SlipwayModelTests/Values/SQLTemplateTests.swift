import Foundation
import SlipwayModel
import Testing

@Suite("SQL with facts")
struct SQLTemplateTests {
  private static let facts: [String: String?] = [
    "project": "shop", "release": "1.1", "environment": "production", "from": nil, "run": "r", "commit": nil,
    "digest": nil, "previous": "1.0",
  ]

  @Test("C9: facts become parameters, each once, and never text")
  func parameters() throws {
    let template = SQLTemplate(
      "UPDATE services SET stage = 'released; done', version = ${release} WHERE name = ${project} AND version <> ${release};"
    )
    let statement = try #require(template.statement(with: Self.facts))
    #expect(
      statement.sql == "UPDATE services SET stage = 'released; done', version = $1 WHERE name = $2 AND version <> $1")
    #expect(statement.values == ["1.1", "shop"])
    #expect(template.verb == "UPDATE")
    #expect(SQLTemplate("SELECT ${from}").statement(with: Self.facts)?.values == [nil])
    #expect(SQLTemplate("SELECT ${run}1").statement(with: Self.facts)?.sql == "SELECT $1 1")
  }

  @Test(
    "C9: what is not one statement with parameters is refused",
    arguments: [
      ("UPDATE a SET b = 1; DROP TABLE a", "more than one"), ("UPDATE a SET b = 1; ${run}", "more than one"),
      ("UPDATE a SET b = '${release}'", "in quotes"), ("UPDATE a SET \"${release}\" = 1", "in quotes"),
      ("UPDATE a SET b = ${relase}", "no fact 'relase'"), ("UPDATE a SET b = ${release", "no '}'"),
      ("UPDATE a SET b = $1", "'$' stands for nothing"), ("UPDATE a SET b = $$x$$", "'$' stands for nothing"),
      ("UPDATE a SET b = 'x", "not closed"), ("UPDATE a SET b = 'x\\'", "backslash"),
      ("UPDATE a SET b = E'x'", "letter before"), ("UPDATE a -- ${run}\nSET b = 1", "comment"),
      ("UPDATE a /* x */ SET b = 1", "comment"), (" ", "says nothing"), (";", "says nothing"),
    ])
  func refused(text: String, why: String) {
    let problem = SQLTemplate(text).problem
    #expect(problem?.contains(why) == true, "\(problem ?? "it was taken")")
    #expect(SQLTemplate(text).statement(with: Self.facts) == nil)
  }

  @Test("C9: whatever is written, no value of a fact is ever part of the statement", arguments: 0..<40)
  func random(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    let pieces = [
      "UPDATE t SET a = ", "${release}", "'", "\"", ";", " ", "--", "/*", "${", "}", "$1", "\\", "E'", "x", "0",
      "${run}",
    ]
    let facts = Self.facts.mapValues { _ in Optional("hunter2") }
    for _ in 0..<200 {
      let text = (0..<Int.random(in: 0..<12, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
        .joined()
      let template = SQLTemplate(text)
      guard let statement = template.statement(with: facts) else {
        #expect(template.problem != nil)
        continue
      }
      #expect(!statement.sql.contains("hunter2") && !statement.sql.contains("${"))
      // In quotes it is text; outside of them it would begin another statement.
      let outside = statement.sql.replacing(/'[^']*'|"[^"]*"/, with: "")
      #expect(!outside.contains(";"))
      for number in statement.values.indices { #expect(statement.sql.contains("$\(number + 1)")) }
    }
  }

  @Test("F7: the path of a handoff leads nowhere else, whatever release and run are called")
  func path() {
    func path(_ release: String) -> String {
      HandoffPath.resolved("handoff/${release}/${environment}.md", ["release": release, "environment": "production"])
    }
    #expect(path("1.1") == "handoff/1.1/production.md")
    #expect(path("../../etc") == "handoff/..-..-etc/production.md")
    #expect(path("..") == "handoff/-/production.md")
    #expect(path("a/b\nc") == "handoff/a-b-c/production.md")
  }
}
