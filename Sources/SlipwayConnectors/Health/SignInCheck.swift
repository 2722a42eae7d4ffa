internal import Foundation
internal import SlipwayModel

/// A test user signs in and sees what only they may see; another tenant's pages stay closed to them (A9).
///
/// Nothing that the service answers is repeated: it may hold a name, a token or a password.
struct SignInCheck: Sendable {
  let spec: SignInSpec
  let url: String
  let probe: HTTPProbe
  let secrets: SecretSource
  let timeout: Span

  /// What came out, and in which words.
  func carryOut() async throws(ConnectorError) -> (Bool, String) {
    if let refusal = try await openPage() { return (false, refusal) }
    var visitor = Visitor()
    var hidden: [String: Secret] = [:]
    if let field = spec.csrf {
      let form = try await probe.get(url + spec.path, timeout: timeout)
      guard let value = HiddenField.value(of: field, in: form.body) else {
        return (false, "\(spec.path) answered \(form.status) without a hidden field '\(field)'")
      }
      visitor.keep(form.cookies)
      hidden[field] = Secret(value)
    }
    let answer = try await send(hidden, as: visitor)
    if let refusal = visitor.enter(answer, spec) { return (false, refusal) }
    var told = ["signed in with status \(answer.status)"]
    if let page = spec.then {
      let shown = try await probe.get(url + page.path, headers: visitor.headers, timeout: timeout)
      guard page.isMet(by: shown) else {
        return (false, "signed in, but \(page.path) answered \(shown.status)\(page.lack(in: shown))")
      }
      told.append("\(page.path) is open to who has signed in alone")
    }
    for path in spec.denied {
      let shown = try await probe.get(url + path, headers: visitor.headers, timeout: timeout)
      guard [401, 403, 404].contains(shown.status) else {
        return (false, "\(path) is another's and answered \(shown.status); 401, 403 or 404 expected")
      }
      told.append("\(path) is closed (\(shown.status))")
    }
    return (true, told.joined(separator: "; "))
  }

  /// Why the page proves nothing: it answers a stranger as it is to answer the user.
  private func openPage() async throws(ConnectorError) -> String? {
    guard let page = spec.then else { return nil }
    let stranger = try await probe.get(url + page.path, timeout: timeout)
    return page.isMet(by: stranger)
      ? "\(page.path) answers somebody who has not signed in just the same; it proves nothing" : nil
  }

  private func send(_ hidden: [String: Secret], as visitor: Visitor) async throws(ConnectorError) -> HTTPAnswer {
    var plain: [String: String] = [:]
    let fields: [String: SecretText]
    switch spec.fields {
    case .form(let given), .json(let given): fields = given
    }
    for (name, text) in fields { try secrets.resolve(text).reveal { plain[name] = $0 } }
    for (name, secret) in hidden { secret.reveal { plain[name] = $0 } }
    switch spec.fields {
    case .form:
      let body = plain.sorted { $0.key < $1.key }.map { Self.escaped($0.key) + "=" + Self.escaped($0.value) }
      return try await probe.post(
        url + spec.path, form: Secret(body.joined(separator: "&")), headers: visitor.headers, timeout: timeout)
    case .json:
      let data = try? JSONSerialization.data(withJSONObject: Self.nested(plain), options: [.sortedKeys])
      guard let data else {
        throw ConnectorError(.misconfigured, "the fields of the sign-in cannot be written as JSON")
      }
      return try await probe.post(
        url + spec.path, body: Secret(String(decoding: data, as: UTF8.self)), type: "application/json",
        headers: visitor.headers, timeout: timeout)
    }
  }

  /// As a form is encoded: everything but letters and digits as bytes.
  static func escaped(_ text: String) -> String {
    text.utf8.reduce(into: "") { result, byte in
      let isPlain = (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
      result += isPlain ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
  }

  /// `params.login` becomes an object in an object; of two that want one place, the later name has it.
  static func nested(_ fields: [String: String]) -> [String: Any] {
    var tree: [String: Any] = [:]
    for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
      insert(value, at: name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)[...], in: &tree)
    }
    return tree
  }

  private static func insert(_ value: String, at path: ArraySlice<String>, in tree: inout [String: Any]) {
    guard let first = path.first else { return }
    if path.count == 1 {
      tree[first] = value
      return
    }
    var inner = tree[first] as? [String: Any] ?? [:]
    insert(value, at: path.dropFirst(), in: &inner)
    tree[first] = inner
  }
}

/// What somebody carries from one request to the next.
private struct Visitor {
  private var cookies: [String: String] = [:]
  private var bearer: Secret?

  var headers: [String: Secret] {
    var headers: [String: Secret] = [:]
    if !cookies.isEmpty {
      headers["Cookie"] = Secret(cookies.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: "; "))
    }
    if let bearer { headers["Authorization"] = bearer }
    return headers
  }

  /// The names of the cookies that are set by `lines`; what is emptied or has run out is given up.
  @discardableResult
  mutating func keep(_ lines: [String]) -> Set<String> {
    var set: Set<String> = []
    for line in lines {
      let parts = line.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
      guard let pair = parts.first, let equals = pair.firstIndex(of: "=") else { continue }
      let name = String(pair[..<equals])
      let value = String(pair[pair.index(after: equals)...])
      let hasEnded = parts.dropFirst().contains { $0.lowercased() == "max-age=0" }
      cookies[name] = value.isEmpty || hasEnded ? nil : value
      if cookies[name] != nil { set.insert(name) } else { set.remove(name) }
    }
    return set
  }

  /// Takes what the answer gives; says why it is no success.
  mutating func enter(_ answer: HTTPAnswer, _ spec: SignInSpec) -> String? {
    let asked = "\(spec.path) answered \(answer.status)"
    if let status = spec.status, answer.status != status { return "\(asked), \(status) expected" }
    if spec.status == nil, answer.status >= 400 { return "\(asked) to name and password" }
    let set = keep(answer.cookies)
    if let name = spec.session, !set.contains(name) { return "\(asked) without the cookie '\(name)'" }
    if let text = spec.contains, !answer.body.contains(text) { return "\(asked), but without '\(text)'" }
    guard let path = spec.bearer else { return nil }
    var value: Any? = try? JSONSerialization.jsonObject(with: Data(answer.body.utf8))
    for key in path.split(separator: ".") { value = (value as? [String: Any])?[String(key)] }
    guard let token = value as? String, !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
      return "\(asked), but without a token at '\(path)'"
    }
    bearer = Secret("Bearer " + token)
    return nil
  }
}

extension SignInSpec.Page {
  fileprivate func isMet(by answer: HTTPAnswer) -> Bool {
    answer.status == status && (contains.map { answer.body.contains($0) } ?? true)
  }

  fileprivate func lack(in answer: HTTPAnswer) -> String {
    answer.status != status ? ", \(status) expected" : contains.map { ", but without '\($0)'" } ?? ""
  }
}

/// A hidden field of a form in HTML.
enum HiddenField {
  /// The value of the `input` called `name`; attributes may stand in any order and either kind of quotes.
  static func value(of name: String, in page: String) -> String? {
    var rest = page[...]
    while let start = rest.range(of: "<input", options: .caseInsensitive) {
      let tail = rest[start.upperBound...]
      guard let end = tail.firstIndex(of: ">") else { return nil }
      let tag = tail[..<end]
      if attribute("name", of: tag) == name { return attribute("value", of: tag) }
      rest = tail[end...]
    }
    return nil
  }

  private static func attribute(_ name: String, of tag: Substring) -> String? {
    var rest = tag
    while let found = rest.range(of: name + "=", options: .caseInsensitive) {
      let isWhole = found.lowerBound == tag.startIndex || tag[tag.index(before: found.lowerBound)].isWhitespace
      let tail = rest[found.upperBound...]
      guard let quote = tail.first else { return nil }
      rest = tail
      guard isWhole else { continue }
      guard quote == "\"" || quote == "'" else { return String(tail.prefix { !$0.isWhitespace && $0 != "/" }) }
      let value = tail.dropFirst()
      return value.firstIndex(of: quote).map { plain(String(value[..<$0])) }
    }
    return nil
  }

  private static func plain(_ text: String) -> String {
    text.replacing("&quot;", with: "\"").replacing("&#39;", with: "'").replacing("&lt;", with: "<")
      .replacing("&gt;", with: ">").replacing("&amp;", with: "&")
  }
}
