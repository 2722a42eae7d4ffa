import Foundation
import SlipwayConnectors
import SlipwayModel
import Testing

@Suite("Registry: what is read")
struct RegistryParserTests {
  private static let digest = Digest(of: Data("x".utf8))

  @Test(
    "image references are read as Docker reads them",
    arguments: [
      ("app", "docker.io", "library/app", nil), ("team/app:1.0", "docker.io", "team/app", "1.0"),
      ("docker.io/app", "docker.io", "library/app", nil), ("index.docker.io/a/b", "docker.io", "a/b", nil),
      ("localhost/app", "localhost", "app", nil), ("host:5000/a/b-c__d.e:T_1", "host:5000", "a/b-c__d.e", "T_1"),
      ("[::1]:5000/app:x", "[::1]:5000", "app", "x"), ("r.example.com/a---b", "r.example.com", "a---b", nil),
    ] as [(String, String, String, String?)])
  func good(text: String, registry: String, repository: String, tag: String?) throws {
    for suffix in ["", "@\(Self.digest)"] {
      let image = try ImageReference(text + suffix)
      #expect(image.registry == registry)
      #expect(image.repository == repository)
      #expect(image.tag == tag)
      #expect(image.digest == (suffix.isEmpty ? nil : Self.digest))
    }
  }

  @Test(
    "F7: what is no image reference is refused with the part that is wrong",
    arguments: [
      "", ":", "@", "app:", "app@", "app@sha256:abc", "app@sha512:\(digest.hex)", "App", "a//b", "/app", "app/",
      "host:0/a",
      "host:99999/a", "https://host/a", "a b", "a:b:c", "app:.x", "app:-x", "a..b", "a___b", "-a", "a_", "é", "[::1/a",
      "host.:5/a", "app@sha256:\(digest.hex.uppercased())", "app\n", "a/\u{0}",
      "h.x/" + String(repeating: "a", count: 300),
      "app:" + String(repeating: "t", count: 129), String(repeating: "a/", count: 5_000),
    ])
  func bad(text: String) {
    let error = #expect(throws: ConnectorError.self) { try ImageReference(text) }
    #expect(error?.message.contains("no image reference") == true)
    #expect((error?.message.count ?? 0) < 500)
    #expect(error?.message.contains("\n") == false)
  }

  @Test("F7: a damaged image reference is refused, or means the same when it is written down and read again")
  func references() throws {
    var random = Mutations(seed: 1)
    var read = 0
    for sample in ["registry.example.com:5000/team/app:1.2.3@\(Self.digest)", "localhost/a-b/c__d:x", "[::1]:5000/app"]
    {
      for _ in 0..<1_500 {
        let text = String(decoding: random.mutated(Data(sample.utf8)), as: UTF8.self)
        guard let image = try? ImageReference(text) else { continue }
        read += 1
        let again = try ImageReference(image.description)
        #expect(again.repository == image.repository && again.tag == image.tag && again.digest == image.digest)
        #expect(again.registry == image.registry)
        #expect(
          image.repository.utf8.allSatisfy {
            (97...122).contains($0) || (48...57).contains($0) || "._-/".utf8.contains($0)
          })
      }
    }
    #expect(read > 100)
  }

  @Test("challenges are read with quotes, commas, escapes, and several at once")
  func challenges() {
    let header =
      #"Negotiate abc==, Bearer realm="https://a.example.com/t?x=1,2",service="a \"b\"" ,scope="repository:a/b:pull", Basic realm=x"#
    let found = Challenge.all(in: header)
    #expect(found.map(\.scheme) == ["negotiate", "bearer", "basic"])
    #expect(
      found[1].parameters == [
        "realm": "https://a.example.com/t?x=1,2", "service": "a \"b\"", "scope": "repository:a/b:pull",
      ])
    #expect(found[2].parameters == ["realm": "x"])
    #expect(Challenge.all(in: "Basic").map(\.scheme) == ["basic"])
    for bad in [
      "", "=", "Bearer realm=\"x", "Bearer realm=\"a\",realm=\"b\"", "Bearer realm=\"a\nb\"", "\"",
      String(repeating: "a", count: 9_000),
    ] { #expect(Challenge.all(in: bad).isEmpty, "\(bad.prefix(40))") }
  }

  @Test("F7: a challenge is read back as it was written, and a damaged one gives no line feed and ends")
  func challengeProperty() {
    var random = Mutations(seed: 2)
    for _ in 0..<1_000 {
      var parameters: [String: String] = [:]
      for name in ["realm", "service", "scope"].prefix(Int.random(in: 1...3, using: &random)) {
        let length = Int.random(in: 0...12, using: &random)
        parameters[name] = String(
          decoding: (0..<length).map { _ in UInt8.random(in: 32...126, using: &random) }, as: UTF8.self)
      }
      let written = parameters.map { name, value in
        let text = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\(name)=\"\(text)\""
      }.joined(separator: ", ")
      let header = "Bearer " + written
      #expect(Challenge.all(in: header).map(\.parameters) == [parameters])
      for challenge in Challenge.all(in: String(decoding: random.mutated(Data(header.utf8)), as: UTF8.self)) {
        #expect(challenge.parameters.values.allSatisfy { !$0.contains("\n") && !$0.contains("\r") })
      }
    }
  }

  private static let index = """
    {"schemaVersion":2,"mediaType":"\(ImageManifest.mediaTypes[0])","manifests":[
    {"mediaType":"\(ImageManifest.mediaTypes[1])","digest":"\(digest)","size":5,"platform":{"os":"linux","architecture":"arm","variant":"v7"}}]}
    """

  @Test("F7: a manifest that could be two things, or calls itself something else, is refused")
  func ambiguous() throws {
    let type = ImageManifest.mediaTypes
    #expect(try ImageManifest(Data(Self.index.utf8), contentType: type[0]).mediaType == type[0])
    let bad: [(String, String?)] = [
      (Self.index, type[1]), (Self.index.replacing(type[0], with: type[1]), nil),
      (Self.index.replacing("\"manifests\"", with: "\"layers\""), nil),
      (Self.index.replacing("\"manifests\":", with: "\"layers\":[],\"manifests\":"), nil),
      (#"{"schemaVersion":1,"layers":[]}"#, nil), (#"{"schemaVersion":2}"#, nil), ("[]", nil), ("", nil),
      (Self.index.replacing("\"size\":5", with: "\"size\":-5"), nil),
      (Self.index.replacing("sha256:", with: "sha512:"), nil),
      (Self.index.replacing("\"size\":5", with: "\"size\":5,\"size\":6"), nil),
    ]
    for (text, contentType) in bad {
      #expect(throws: ConnectorError.self, "\(text)") { try ImageManifest(Data(text.utf8), contentType: contentType) }
    }
  }

  @Test("F7: a damaged manifest is refused, or names nothing but digests")
  func manifests() {
    var random = Mutations(seed: 3)
    var read = 0
    for _ in 0..<3_000 {
      guard let manifest = try? ImageManifest(random.mutated(Data(Self.index.utf8)), contentType: nil) else { continue }
      read += 1
      if case .index(let entries) = manifest.content {
        #expect(entries.allSatisfy { $0.size >= 0 && $0.digest.hex.utf8.count == 64 })
      }
    }
    #expect(read > 10)
  }
}
