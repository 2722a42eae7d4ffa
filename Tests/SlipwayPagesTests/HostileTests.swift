import Foundation
import SlipwayModel
import SlipwayPages
import Testing

@Suite("Request page: hostile text in every field")
struct HostileTests {
  private static let pieces = [
    "<script>alert(1)</script>", "\"onmouseover=\"x", "' onload='x", "</title><h1>", "</style>", "<!--", "-->", "]]>",
    "&#60;b&#62;", "<img src=x onerror=y>",
    "javascript:alert(1)", "\u{0}", "\u{1B}[31m", "\u{202E}gnp.exe", "\u{2028}", "`", "&", "<", ">", "=", "\n", "é漢字🚀",
    "<svg/onload=z>", "data:text/html,x",
  ]

  private static func hostile(_ random: inout SplitMix64) -> String {
    (0..<Int.random(in: 1...5, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "<" }.joined()
  }

  /// The request with each free text replaced.
  private static func filled(_ request: ApprovalRequest, _ text: () -> String) throws -> ApprovalRequest {
    let tree = try JSONSerialization.jsonObject(with: CanonicalJSON.encode(request))
    func change(_ value: Any) -> Any {
      switch value {
      case let object as [String: Any]: return object.mapValues(change)
      case let list as [Any]: return list.map(change)
      case let string as String:
        let isFixed =
          string.isEmpty || string == "a" || string == "b" || Timestamp(rfc3339: string) != nil || Digest(string) != nil
          || Severity(rawValue: string) != nil
        return isFixed ? string : text()
      default: return value
      }
    }
    return try CanonicalJSON.decode(ApprovalRequest.self, from: JSONSerialization.data(withJSONObject: change(tree)))
  }

  /// Tags with the names of their attributes, in order.
  private static func skeleton(_ html: String) -> [String] {
    html.matches(of: /<[^>]*>/).map { String($0.output).replacing(/="[^"]*"/, with: "") }
  }

  @Test("no text ever becomes a tag or an attribute: the page has the same elements, whatever stands in its fields")
  func sameElements() throws {
    let request = try Samples.full()
    let plain = Self.skeleton(RequestPage(try Self.filled(request) { "x" }).html)
    #expect(plain.count > 300)
    for seed in 0..<60 as Range<UInt64> {
      var random = SplitMix64(seed: seed)
      let html = RequestPage(try Self.filled(request) { Self.hostile(&random) }).html
      #expect(Self.skeleton(html) == plain, "seed \(seed)")
      #expect(!html.unicodeScalars.contains { $0.value < 9 || $0.value == 0x1B || $0.value == 0x202E }, "seed \(seed)")
    }
  }

  @Test(
    "another parser of HTML finds the same: no element or attribute of a stranger, and every text as it was written")
  func otherParser() throws {
    let folder = URL(filePath: "/tmp/swp-\(UInt32.random(in: .min ... .max))", directoryHint: .isDirectory)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let request = try Samples.full()
    var cases: [[String: Any]] = []
    for seed in 100..<120 as Range<UInt64> {
      var random = SplitMix64(seed: seed)
      var texts: [String] = []
      let html = RequestPage(
        try Self.filled(request) {
          let text = Self.hostile(&random)
          texts.append(text)
          return text
        }
      ).html
      cases.append(["html": html, "title": texts.isEmpty ? "" : "x"])
    }
    let said = try Tools.run(
      ["/usr/bin/env", "python3", "-c", Self.parser], in: folder, input: JSONSerialization.data(withJSONObject: cases))
    #expect(said == "20 pages, 0 strangers\n", "\(said)")
  }

  private static let parser = """
    import json, sys, html.parser
    known = set("html head meta title style body header main footer section h1 h2 h3 p dl dt dd ul ol li code span time table caption thead tbody tr th td strong del ins".split())
    names = set("lang charset http-equiv content name class id aria-labelledby datetime role scope data-label".split())
    class Reader(html.parser.HTMLParser):
        strangers, depth = 0, 0
        def handle_starttag(self, tag, attributes):
            if tag not in known or any(name not in names for name, _ in attributes):
                self.strangers += 1
                print(tag, attributes)
            if tag != "meta": self.depth += 1
        def handle_endtag(self, tag): self.depth -= 1
        def handle_comment(self, text): self.strangers += 1
        def unknown_decl(self, text): self.strangers += 1
    pages = json.load(sys.stdin)
    strangers = 0
    for page in pages:
        reader = Reader()
        reader.feed(page["html"])
        reader.close()
        strangers += reader.strangers + abs(reader.depth)
    print(f"{len(pages)} pages, {strangers} strangers")
    """
}

/// SplitMix64: the same numbers from the same seed on every machine.
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
