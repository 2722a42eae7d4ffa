import Foundation
import SlipwayModel
import Testing

@testable import SlipwayConnectors

@Suite("JSON paths")
struct JSONPathTests {
  private static let document = #"""
    {"requests": 10, "big": "9007199254740992", "pools": [{"name": "main", "in_use": 3, "ok": true}, {"name": "bulk", "in_use": 4}],
     "slots": {"a": {"n": 1}, "b": {"n": 2}}, "a b": {"it's": 5}, "none": null, "${slot}": 6}
    """#

  private static func find(_ path: String) throws -> [JSONTree] {
    try JSONTree(Data(document.utf8)).values(at: JSONPath(path))
  }

  @Test(
    "lead where RFC 9535 says",
    arguments: [
      ("$.requests", [10.0]), ("$['requests']", [10]), ("$.big", [9_007_199_254_740_992]), ("$.pools[0].in_use", [3]),
      ("$.pools[-1].in_use", [4]), ("$.pools[9].in_use", []), ("$.pools[*].in_use", [3, 4]), ("$.slots.*.n", [1, 2]),
      ("$.pools[?(@.name=='bulk')].in_use", [4]), ("$.pools[?@.name != \"bulk\"].in_use", [3]),
      ("$.pools[?(@.ok==true)].in_use", [3]), ("$.pools[?(@.in_use==4)].in_use", [4]), ("$['a b'][\"it's\"]", [5]),
      ("$['a b']['it\\'s']", [5]), ("$.nothing.at.all", []), ("$.requests.deeper", []), ("$.none", []),
    ] as [(String, [Double])])
  func found(path: String, numbers: [Double]) throws {
    #expect(try Self.find(path).compactMap(\.number) == numbers)
  }

  @Test(
    "what is no path is refused in words",
    arguments: [
      "", "requests", "$.", "$..a", "$[", "$[a]", "$['a]", "$['a'", "$[?(@.a>1)]", "$[?(a=='b')]", "$[?(@=='b')]",
      "$[?(@.a=='b']", "$.a b", "$[-0]", "$[99999999999]", "$[1:2]", "$.${slot", "$x",
    ])
  func refused(path: String) { #expect(throws: SyntaxProblem.self) { try JSONPath(path) } }

  @Test("the slot and the release are filled in after reading, so they are never syntax")
  func places() throws {
    let path = try JSONPath("$.slots.${slot}.v['${release}'][?(@.n=='${release}')]")
    #expect(path.tellsSlotsApart)
    #expect(path.filled(slot: .a, release: nil) == nil)
    let filled = try #require(path.filled(slot: .b, release: ReleaseID("1'].x")))
    #expect(filled.steps[1] == .name("b"))
    #expect(filled.steps[3] == .name("1'].x"))
    #expect(filled.steps[4] == .filter(key: ["n"], isNegated: false, value: .text("1'].x")))
    #expect(try !JSONPath("$.a[0]").tellsSlotsApart)
  }

  @Test("changed at random, a path is read or refused, and never leads outside the document", arguments: 0..<8)
  func mutated(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let document = try JSONTree(Data(Self.document.utf8))
    for _ in 0..<400 {
      var text = Array("$.pools[?(@.name=='main')]['in_use'].x[*][-1]")
      for _ in 0..<Int.random(in: 1...5, using: &random) {
        let place = Int.random(in: 0..<text.count, using: &random)
        if Bool.random(using: &random) {
          text[place] = Array("$.[]?@()='\"*-\\ 09az{}é").randomElement(using: &random) ?? "x"
        } else if text.count > 1 {
          text.remove(at: place)
        }
      }
      guard let path = try? JSONPath(String(text)) else { continue }
      #expect(document.values(at: path).count <= 20)
      #expect(path.steps.count <= 20)
    }
  }

  @Test("counts that a command prints are read in both forms or refused")
  func printed() {
    #expect(PrintedFigures("requests=10 errors=1\n")?.counters == SlotCounters(requests: 10, serverErrors: 1))
    #expect(PrintedFigures(#"{"requests": 10, "errors": "1", "process": "p1"}"#)?.process == "p1")
    #expect(PrintedFigures("requests=10\nerrors=1\nprocess=77")?.process == "77")
    #expect(PrintedFigures(" \n")?.counters == nil)
    #expect(PrintedFigures(" \n") != nil)
    for text in [
      "10 1", "requests=10", "requests=1.5 errors=0", "requests=-1 errors=0", "requests=1 requests=2 errors=0", "{}",
      #"{"requests":1}"#, #"{"requests":1,"errors":0"#, "requests=NaN errors=0", "requests= errors=", "[1]",
    ] {
      #expect(PrintedFigures(text) == nil, "\(text)")
    }
  }
}
