import Foundation
import SlipwayModel
import Testing

@testable import SlipwayEvidence

@Suite("Redactor: recognisable patterns")
struct RedactorPatternTests {
  static let cases: [(String, String)] = [
    ("https://deploy:hunter2@git.example.com/x", "https://deploy:[REDACTED]@git.example.com/x"),
    ("https://u:p@ss:w@h/x?y=1", "https://u:[REDACTED]@h/x?y=1"),
    ("postgres://app:s3cr/et@db:5432/prod?sslmode=require done", "postgres://[REDACTED] done"),
    ("url=\"postgresql+asyncpg://a:b@c/d\"", "url=\"postgresql+asyncpg://a:[REDACTED]@c/d\""),
    ("DSN='mysql://root@localhost/x';", "DSN='[REDACTED]';"),
    ("host=db user=app password=hunter2 dbname=x", "host=db user=app password=[REDACTED] dbname=x"),
    ("Authorization: Bearer abc.def-ghi==", "Authorization: Bearer [REDACTED]"),
    ("authorization: Basic dXNlcjpwYXNz\nnext: 1", "authorization: Basic [REDACTED]\nnext: 1"),
    ("-H 'Authorization: Token x y z' https://h", "-H 'Authorization: Token [REDACTED]' https://h"),
    ("got bearer eyabcdefgh.ij from x", "got bearer [REDACTED] from x"),
    ("Set-Cookie: session=abc; Path=/", "Set-Cookie: [REDACTED]"),
    ("token: abc123 next", "token: [REDACTED] next"),
    ("DB_PASSWORD=a\"b", "DB_PASSWORD=[REDACTED]\"b"),
    ("\"apiKey\": \"a\\\"b\", \"x\": 1", "\"apiKey\": \"[REDACTED]\", \"x\": 1"),
    ("{\\\"client_secret\\\":\\\"abc\\\",\\\"x\\\":1}", "{\\\"client_secret\\\":\\\"[REDACTED]\\\",\\\"x\\\":1}"),
    ("config['password'] = 'hunter2'", "config['password'] = '[REDACTED]'"),
    ("psql --password hunter2 -h db", "psql --password [REDACTED] -h db"),
    ("run --token=abc --dry", "run --token=[REDACTED] --dry"),
    ("key AKIAIOSFODNN7EXAMPLE used", "key [REDACTED] used"),
    ("ghp_0123456789abcdefghijABCDEFGHIJ012345.", "[REDACTED]."),
    ("slack xoxb-123456789-abcdef ok", "slack [REDACTED] ok"),
    ("https://hooks.slack.com/services/T00/B00/XXXXXXXX sent", "https://[REDACTED] sent"),
    ("https://0123456789abcdef0123@git.example.com", "https://[REDACTED]@git.example.com"),
    ("a -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- b", "a [REDACTED] b"),
    ("-----BEGIN PRIVATE KEY-----\nMIIE cut off", "[REDACTED]"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl x", "[REDACTED] x"),
  ]

  @Test("B11: a secret is recognised by what stands around it", arguments: cases)
  func recognised(text: String, expected: String) {
    let redactor = Redactor()
    #expect(redactor.redact(text) == expected)
    #expect(redactor.redact(expected) == expected)
    #expect(redactor.redact(text: Data(text.utf8)) == Data(expected.utf8))
  }

  @Test(
    "innocent text stays",
    arguments: [
      "ssh://git@github.com/x/y", "https://example.com/a@b:c", "password=${env:DB_PASSWORD}",
      "token: ${file:secrets/t}",
      "tokens=12 max_tokens: 5", "09:15:30.123 step shift-10: weight 10 % read back", "sha256:e3b0c44298fc1c149afbf4c8",
      "password:", "bearer of news", "-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----", "a = b == c", "://",
      "=", "",
      "2026-11-21T05:01:47.382Z run 20261121-050147382-ab2c promoted", "bypass: yes", "x --password", "--",
    ])
  func innocent(text: String) {
    #expect(Redactor().redact(text) == text)
  }

  @Test("JSON is read as JSON means it: telling keys, escapes, lists, numbers")
  func json() {
    let redactor = Redactor(secrets: [Secret("hunter/2\n"), Secret("8675309123"), Secret("5432")])
    let cases = [
      ("{\"password\":\"x\",\"port\":5432}", "{\"password\":\"[REDACTED]\",\"port\":5432}"),
      (
        "{\"tokens\":[\"a\"],\"api_key\":[\"a\",\"b\"]}",
        "{\"tokens\":[\"a\"],\"api_key\":[\"[REDACTED]\",\"[REDACTED]\"]}"
      ),
      ("{\"secret\":{\"name\":\"db\"},\"a\":\"b\"}", "{\"secret\":{\"name\":\"db\"},\"a\":\"b\"}"),
      ("{\"a\":\"x \\u0068unter\\/2\\n y\"}", "{\"a\":\"x [REDACTED] y\"}"),
      ("[8675309123, -18675309123.5e1]", "[\"[REDACTED]\", \"[REDACTED]\"]"),
      ("{\"token\":\"${env:TOKEN}\",\"fencing_token\":7}", "{\"token\":\"${env:TOKEN}\",\"fencing_token\":7}"),
      ("{\"message\":\"password=\\\"a b\\\" ok\"}", "{\"message\":\"password=\\\"[REDACTED]\\\" ok\"}"),
      ("{\"pass\\u0077ord\":\"x\"}", "{\"pass\\u0077ord\":\"[REDACTED]\"}"),
      ("not json password=x", "not json password=[REDACTED]"),
    ]
    for (text, expected) in cases {
      #expect(String(decoding: redactor.redact(json: Data(text.utf8)), as: UTF8.self) == expected)
    }
  }
}

@Suite("Redactor: known values")
struct RedactorKnownValueTests {
  @Test("a value shorter than four bytes is not searched for, but goes where a telling name stands before it")
  func short() {
    let redactor = Redactor(secrets: [Secret("abc"), Secret(""), Secret("1"), Secret("ab\n")])
    let text = "abc 1 abcabc alphabet"
    #expect(redactor.redact(text) == text)
    #expect(redactor.redact("password=abc 1") == "password=[REDACTED] 1")
  }

  @Test("overlapping and adjoining secrets become one mark, and no end of either stays")
  func overlapping() {
    let redactor = Redactor(secrets: [Secret("abcdef"), Secret("defghi"), Secret("abcd")])
    #expect(redactor.redact("xabcdefghix") == "x[REDACTED]x")
    #expect(redactor.redact("abcdabcd") == "[REDACTED]")
  }

  @Test("base64 of a text with the secret anywhere in it is found", arguments: 0..<7)
  func insideBase64(before: Int) {
    let secret = "k\u{FF}ey?>~with~parts"
    let redactor = Redactor(secrets: [Secret(secret)])
    let plain = Data((String(repeating: "u", count: before) + secret + ":more").utf8)
    let coded = plain.base64EncodedString()
    let inner = Array(redactor.redact(coded).utf8)
    #expect(String(decoding: inner, as: UTF8.self).contains("[REDACTED]"))
    let urlSafe = coded.replacing("+", with: "-").replacing("/", with: "_")
    #expect(redactor.redact(urlSafe).contains("[REDACTED]"))
  }

  @Test("each line of a key that spans lines is found by itself")
  func lines() {
    let redactor = Redactor(secrets: [Secret("first-line-of-it\nsecond-line-of-it\n")])
    #expect(redactor.redact("1: first-line-of-it\n2: second-line-of-it") == "1: [REDACTED]\n2: [REDACTED]")
  }

  @Test("bytes that are no UTF-8 are searched all the same")
  func binary() {
    let redactor = Redactor(secrets: [Secret("hunter2hunter2")])
    let bytes = Data([0xFF, 0xFE]) + Data("hunter2hunter2".utf8) + Data([0x00, 0xC3])
    #expect(redactor.redact(text: bytes) == Data([0xFF, 0xFE]) + Data("[REDACTED]".utf8) + Data([0x00, 0xC3]))
    #expect(redactor.redact(bytes, named: "x.json") == redactor.redact(text: bytes))
  }
}

/// Random secrets and documents, from a seed.
private struct Fuzzer {
  var random: SeededGenerator

  init(_ seed: UInt64) { random = SeededGenerator(seed) }

  private mutating func pick(_ alphabet: [Character], _ count: ClosedRange<Int>) -> String {
    String((0..<Int.random(in: count, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "x" })
  }

  mutating func secret() -> String {
    let hexadecimal = Array("0123456789abcdef")
    let word = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    let wild = word + Array("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ \t\näöß€漢😀")
    switch Int.random(in: 0..<5, using: &random) {
    case 0: return pick(hexadecimal, 32...40)
    case 1: return pick(word, 12...40)
    case 2: return "s" + pick(wild, 12...30) + "e"
    case 3: return Data(pick(word, 24...30).utf8).base64EncodedString()
    default: return (0..<4).map { _ in pick(word, 20...30) }.joined(separator: "\n")
    }
  }

  /// The secret as programs write it.
  static func shapes(of secret: String) -> [String] {
    let base64 = Data(secret.utf8).base64EncodedString()
    let json = (try? JSONEncoder().encode([secret])).map {
      String(decoding: $0.dropFirst(2).dropLast(2), as: UTF8.self)
    }
    let plainJSON = String(JSONText.quoted(secret).dropFirst().dropLast())
    return [
      secret, base64, base64.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: ""),
      json ?? secret,
      plainJSON, secret.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? secret,
      secret.addingPercentEncoding(withAllowedCharacters: .urlQueryAllowed) ?? secret,
      secret.addingPercentEncoding(withAllowedCharacters: .urlUserAllowed) ?? secret,
      secret.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? secret,
    ]
  }

  mutating func value(_ secrets: [String], depth: Int) -> Any {
    let noise =
      ["plain", "password=\"x y\"", "a\\b\"c\n", "https://u:p@h", "ünï", "", "[REDACTED]"].randomElement(using: &random)
      ?? ""
    let secret = Self.shapes(of: secrets.randomElement(using: &random) ?? "none").randomElement(using: &random) ?? ""
    switch Int.random(in: 0..<(depth > 3 ? 4 : 7), using: &random) {
    case 0: return noise + secret + noise
    case 1: return secret
    case 2: return noise
    case 3: return Int.random(in: -9...9_999_999, using: &random)
    case 4: return (0..<3).map { _ in value(secrets, depth: depth + 1) }
    default:
      var object: [String: Any] = ["at": noise, secret: 1]
      for key in ["password", "nested", "list", "x\"y"] { object[key] = value(secrets, depth: depth + 1) }
      return object
    }
  }
}

@Suite("Redactor: properties")
struct RedactorPropertyTests {
  @Test("B11: random JSON stays JSON of the same shape and loses every secret", arguments: 0..<20)
  func json(seed: UInt64) throws {
    var fuzzer = Fuzzer(seed)
    for _ in 0..<15 {
      let secrets = [fuzzer.secret(), fuzzer.secret()]
      let redactor = Redactor(secrets: secrets.map { Secret($0) })
      let document: [Any] = [fuzzer.value(secrets, depth: 0), fuzzer.value(secrets, depth: 0)]
      let written = try JSONSerialization.data(withJSONObject: document, options: [.sortedKeys])
      let redacted = redactor.redact(json: written)
      #expect((try JSONSerialization.jsonObject(with: redacted) as? [Any])?.count == 2)
      #expect(redactor.redact(json: redacted) == redacted)
      let text = String(decoding: redacted, as: UTF8.self)
      for secret in secrets {
        for shape in Fuzzer.shapes(of: secret) { #expect(!text.contains(shape), "\(shape.debugDescription)") }
      }
    }
  }

  @Test("B11: no byte of a published folder shows a secret in any shape", arguments: 0..<12)
  func published(seed: UInt64) throws {
    try withFolder { folder in
      var fuzzer = Fuzzer(1_000 + seed)
      let secrets = (0..<4).map { _ in fuzzer.secret() }
      let redactor = Redactor(secrets: secrets.map { Secret($0) })
      let shapes = secrets.flatMap { Fuzzer.shapes(of: $0) }
      var files: [String: Data] = [:]
      for name in Evidence.requiredFiles + ["journal.jsonl", "reports/junit.xml"] {
        let value = ["a": fuzzer.value(secrets, depth: 0), "b": fuzzer.value(secrets, depth: 1)]
        let json = try JSONSerialization.data(withJSONObject: value)
        files[name] = name.contains(".json") ? json : Data(shapes.map { "line \($0) end\n" }.joined().utf8)
      }
      let predicate = try JSONSerialization.data(withJSONObject: ["deep": [fuzzer.value(secrets, depth: 0)]])
      let evidence = Evidence(
        run: "r1", createdAt: Timestamp(milliseconds: 0), createdBy: "slipway", files: files, predicate: predicate)
      let path = folder + "/run"
      _ = try EvidenceFolder.publish(evidence, at: path, signer: SigningKey(), redactor: redactor)
      #expect(EvidenceVerifier.verify(path).passed)
      let envelope = try Envelope(json: Data(contentsOf: URL(filePath: path + "/promotion.dsse.json")))
      var texts = [String(decoding: envelope.payload, as: UTF8.self)]
      for name in SlipwayEvidenceTests.files(in: path) {
        texts.append(String(decoding: try Data(contentsOf: URL(filePath: "\(path)/\(name)")), as: UTF8.self))
      }
      for shape in shapes { #expect(!texts.contains { $0.contains(shape) }, "\(shape.debugDescription)") }
    }
  }

  @Test("any bytes are taken, and redacting twice is redacting once", arguments: 0..<10)
  func anything(seed: UInt64) {
    var random = SeededGenerator(seed)
    let redactor = Redactor(secrets: [Secret("hunter2hunter2")])
    let pieces = [
      "password", "=", ":", "\"", "\\", "://", "@", "token", " ", "\n", "Authorization: ", "Bearer ",
      "-----BEGIN PRIVATE KEY-----",
      "-----END", "ghp_0123456789abcdef0123", "hunter2hunter2", "[REDACTED]", "${env:X}", "--", "postgres", "{", "}",
      "'", "a", "eyJ",
    ]
    for _ in 0..<400 {
      var text = Data()
      for _ in 0..<Int.random(in: 0..<14, using: &random) {
        text += Data((pieces.randomElement(using: &random) ?? "").utf8)
        if UInt8.random(in: 0..<20, using: &random) == 0 { text.append(UInt8.random(in: 0...255, using: &random)) }
      }
      let once = redactor.redact(text: text)
      #expect(once.range(of: Data("hunter2hunter2".utf8)) == nil)
      let twice = redactor.redact(text: once)
      #expect(twice == once, "\(String(decoding: text, as: UTF8.self).debugDescription)")
    }
  }
}
