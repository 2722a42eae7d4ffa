internal import Foundation
internal import SlipwayModel

/// What `${…}` may stand in a text.
enum Placeholders: Sendable {
  /// Nothing is replaced here, so a `${` is a mistake.
  case none
  /// The shell's own; references to secrets are not resolved here.
  case shell
  /// `${env:NAME}` and `${file:PATH}`.
  case secrets
  /// `${slot}` and `${release}`, in a query.
  case query
  /// `${release}`.
  case release

  private var words: [String] {
    switch self {
    case .none, .shell, .secrets: []
    case .query: ["slot", "release"]
    case .release: ["release"]
    }
  }

  /// Reports the first `${…}` of `text` that is not replaced where it stands.
  func check(_ text: String, _ position: YAMLPosition, _ reading: Reading) {
    // By bytes, because Foundation's search copies what it looks through, once for each of 100,000 references.
    let bytes = Array(text.utf8)
    var index = 0
    while index + 1 < bytes.count {
      guard bytes[index] == UInt8(ascii: "$"), bytes[index + 1] == UInt8(ascii: "{") else {
        index += 1
        continue
      }
      let end = bytes[(index + 2)...].firstIndex(of: UInt8(ascii: "}"))
      let inside = end.map { String(decoding: bytes[index + 2..<$0], as: UTF8.self) }
      guard isFine(inside: inside, position, reading) else { return }
      index = end ?? bytes.count
    }
  }

  private func isFine(inside: String?, _ position: YAMLPosition, _ reading: Reading) -> Bool {
    let isReference = inside.map(Self.isReference) ?? false
    switch self {
    case .shell where !isReference, .secrets where isReference: return true
    case .none, .shell, .query, .release:
      if isReference {
        reading.report(
          .secret, position, "a secret reference is not resolved here",
          expected: "it in 'environment' of a deployment or 'notify', or in 'url' and 'headers' of a source of metrics")
        return false
      }
    case .secrets: break
    }
    guard let inside else {
      reading.report(.secret, position, "'${' has no '}' behind it", expected: expected)
      return false
    }
    guard !words.contains(inside) else { return true }
    // Among secrets only what is spelled like a variable's name is shown: somebody may have put the value there.
    let shown = if case .secrets = self { "[A-Z_][A-Z0-9_]{0,60}" } else { "[A-Za-z_]{1,40}" }
    let name = inside.isMatch(of: shown) ? "'${\(inside)}'" : "'${…}'"
    let near = NearMiss.of(inside, among: words).map { "${\($0)}" }
    reading.report(
      .secret, position, "\(name) is not replaced here", expected: expected, suggestion: near ?? miss(inside))
    return false
  }

  /// `env:NAME` or `file:PATH`; not the shell's `${env:-default}` and `${file:0:3}`. By hand, because a text may hold 100,000 of them.
  private static func isReference(_ inside: String) -> Bool {
    let bytes = inside.utf8
    if inside.hasPrefix("env:") {
      let name = bytes.dropFirst(4)
      let isWord = name.allSatisfy { $0 == 95 || (48...57).contains($0) || (97...122).contains($0 | 32) }
      return isWord && name.first.map { !(48...57).contains($0) } ?? false
    }
    guard inside.hasPrefix("file:"), let first = bytes.dropFirst(5).first else { return false }
    return !"-+=?:0123456789 \n".utf8.contains(first) && !bytes.contains(10)
  }

  private func miss(_ inside: String) -> String? {
    guard case .secrets = self else { return nil }
    if inside.isMatch(of: "[A-Z_][A-Z0-9_]{0,60}") { return "${env:\(inside)}" }
    guard let colon = inside.firstIndex(of: ":") else { return nil }
    return NearMiss.of(String(inside[..<colon]), among: ["env", "file"]).map { "${\($0):…}" }
  }

  private var expected: String {
    switch self {
    case .none: "text without '${'"
    case .shell: "the shell's own ${NAME}"
    case .secrets: "${env:NAME} or ${file:PATH}"
    case .query: "${slot} or ${release}"
    case .release: "${release}"
    }
  }
}

extension Shape where Value == String {
  /// Text of at least one character.
  static func text(_ what: String, _ placeholders: Placeholders = .none) -> Shape {
    let schema: Schema = ["type": .text("string"), "minLength": .integer(1)]
    return Shape(schema: schema, expectation: what, show: { .text($0) }) { node, reading in
      guard case .text(let text)? = node.scalar, !text.isEmpty else {
        let isNumber = [.text(node.text ?? ""), .null].contains(node.scalar) == false && node.scalar != nil
        reading.mismatch(
          node, expected: what + (isNumber ? ", in quotes" : ""), echo: isNumber,
          suggestion: isNumber ? node.text.map { "\"\($0)\"" } : nil)
        return nil
      }
      if text.allSatisfy(\.isWhitespace) {
        reading.report(.meaning, node.position, "nothing but white space stands here", expected: what)
      }
      placeholders.check(text, node.position, reading)
      return text
    }
  }

  /// A line for `sh -c`.
  static let command = text("a command line for sh", .shell).checked { text, node, reading in
    guard text.range(of: clearSecretInCommand, options: .regularExpression) != nil else { return }
    reading.report(
      .secret, node.position, "this command line has a secret in clear",
      expected: "a shell variable such as $TOKEN, set outside or by 'environment'")
  }

  // Looks back a bounded way from the telling word: a search that starts at every letter of a long word takes its square.
  private static let clearSecretInCommand =
    "(?i:(?<=-[a-z-]{0,60})(?:password|passwd|token|secret|api-?key)[= ]|(?:PASSWORD|TOKEN|SECRET|API_KEY)=|bearer )"
    + "['\"]?[^\\s'\"$`\\-|&;<>]"

  /// A name that other places refer to.
  static func name(_ what: String) -> Shape {
    pattern(
      namePattern, "\(what): letters, digits and '-', '_', '.', at most 63", show: { .text($0) },
      suggest: { Self.nameLike($0) }, parse: { $0 })
  }

  private static let namePattern = "[A-Za-z0-9][A-Za-z0-9._-]{0,62}"

  private static func nameLike(_ text: String) -> String? {
    if text.isMatch(of: "[0-9.]+") { return "\"\(text)\"" }
    let name = text.split { !($0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0))) }.joined(separator: "-")
    return name.isMatch(of: namePattern) && name != text ? name : nil
  }

  /// A name that is defined where it stands.
  static func definition(of kind: Reading.Kind) -> Shape {
    name("a name for the \(kind.rawValue)").checked { name, node, reading in
      reading.define(kind, name, node.position)
    }
  }

  /// A name that must be defined elsewhere.
  static func reference(to kind: Reading.Kind) -> Shape {
    name("the name of one of the \(kind.rawValue)s").checked { name, node, reading in
      reading.refer(kind, name, node.position)
    }
  }

  /// Where a server is asked, without user and password.
  static let url = pattern(
    urlPattern, "a URL such as http://127.0.0.1:8080, without user and password", echo: false, show: { .text($0) },
    parse: { $0 })

  static let urlPattern = "https?://[A-Za-z0-9.:\\[\\]_-]+(?:/[^\\s@$]*)?"

  /// The path of a request.
  static func path(_ placeholders: Placeholders = .none) -> Shape {
    pattern(
      "/[^\\s]{0,900}", "a path that begins with '/'", show: { .text($0) },
      suggest: { $0.isMatch(of: "[A-Za-z][A-Za-z0-9/_-]*") ? "/" + $0 : nil }, parse: { $0 }
    ).checked { text, node, reading in placeholders.check(text, node.position, reading) }
  }

  /// A host and a port.
  static let address = pattern(
    "(?:\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+|\\*):[0-9]{1,5}", "host:port such as 127.0.0.1:8080", echo: false,
    show: { .text($0) },
    parse: { text in
      guard let port = text.split(separator: ":").last.flatMap({ Int($0) }), (1...65_535).contains(port) else {
        return nil
      }
      return text
    })
}

extension Shape where Value == SecretText {
  /// Text in which secrets stand by reference; never echoed.
  static func secretText(_ what: String) -> Shape {
    let schema: Schema = ["type": .list([.text("string"), .text("number"), .text("boolean")])]
    return Shape(schema: schema, expectation: what) { node, reading in
      guard let text = node.text, node.scalar != .null else {
        reading.mismatch(node, expected: what, echo: false)
        return nil
      }
      Placeholders.secrets.check(text, node.position, reading)
      refuseClearPassword(text, node, reading)
      return SecretText(text)
    }
  }

  /// A URL that may take parts from secrets.
  static let secretURL = Shape(
    schema: ["type": .text("string"), "pattern": .text("^(?:https?://\\S+|\\$\\{\\S+)$")],
    expectation: "a URL such as http://127.0.0.1:9090"
  ) { node, reading in
    guard case .text(let text)? = node.scalar, text.isMatch(of: "https?://\\S+|\\$\\{\\S+") else {
      reading.mismatch(node, expected: "a URL such as http://127.0.0.1:9090", echo: false)
      return nil
    }
    Placeholders.secrets.check(text, node.position, reading)
    refuseClearPassword(text, node, reading)
    return SecretText(text)
  }

  private static func refuseClearPassword(_ text: String, _ node: YAMLNode, _ reading: Reading) {
    guard text.contains("://") else { return }
    // A reference has a colon of its own.
    let shown = SecretText(text).parts.map { if case .literal(let literal) = $0 { literal } else { "$" } }.joined()
    guard
      shown.range(of: "://[^/\\s]{0,200}:[^@/$\\s]{1,200}@", options: .regularExpression) != nil
    else { return }
    reading.report(.secret, node.position, "this URL has a password in clear", expected: "${env:NAME} or ${file:PATH}")
  }
}

extension Shape where Value == [String: SecretText] {
  /// Variables or headers whose values may refer to secrets.
  static func secrets(_ what: String, key: String) -> Shape {
    let name = Shape<String>.pattern(key, "a name", show: { _ in nil }, parse: { $0 })
    let names = Shape<[Named<SecretText>]>.names(name, to: .secretText("text, a number or a boolean"), what: what)
    return names.map(show: { $0.isEmpty ? .object([:]) : nil }) { list in
      Dictionary(list.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }
  }

  static let variables = secrets("variables of the process", key: "[A-Za-z_][A-Za-z0-9_]{0,99}")
  static let headers = secrets("headers of the request", key: "[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
}
