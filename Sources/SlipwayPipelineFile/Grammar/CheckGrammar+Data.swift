internal import SlipwayModel

/// Smoke tests that look at data, and one that signs in.
extension CheckGrammar {
  static var dataVariants: [Variant<CheckSpec>] {
    [
      .key("sql", sql, "A query on the service's database, in a transaction that only reads.") {
        .data(name: $0.name, .sql(query: $0.query, expect: $0.expect), timeout: $0.timeout)
      },
      .key("files", files, "A sample of the files that the database refers to is read and its hash compared.") {
        .data(name: $0.name, .files(sample: $0.sample), timeout: $0.timeout)
      },
      .key("odoo", odoo, "What is asked of an Odoo database.") {
        .data(name: $0.name, .odoo($0.aspects), timeout: $0.timeout)
      },
    ]
  }

  private struct Look: Sendable {
    var name = ""
    var query = "SELECT 1"
    var expect = "1"
    var sample = 20
    var aspects = OdooAspect.allCases
    var timeout = Span.minutes(1)
  }

  private static let name = Field<Look>.required(
    "name", \.name, .name("a name for the check"), "How status and evidence call it.")
  private static let timeout = Field<Look>.optional("timeout", \.timeout, .duration(), "How long it may take.")

  private static let sql = Shape<Look>.object(
    "an sql check", Look(),
    [
      name,
      .optional("query", \.query, .text("a query"), "One statement; it runs in a transaction that only reads."),
      .optional("expect", \.expect, expected, "What the first value of the first row must be, as text."),
      timeout,
    ])

  /// A number stands for its own digits here, because every value of a database comes as text.
  private static let expected = Shape<String>(
    schema: ["type": .list([.text("string"), .text("number"), .text("boolean")])],
    expectation: "a value such as 1", show: { .text($0) }
  ) { node, reading in
    guard let text = node.text, node.scalar != .null else {
      reading.mismatch(node, expected: "a value such as 1", echo: false)
      return nil
    }
    return text
  }

  private static let files = Shape<Look>.object(
    "a files check", Look(),
    [
      name,
      .optional("sample", \.sample, .integer(1...100_000, "a number of files"), "How many files are read."),
      timeout,
    ])

  private static let odoo = Shape<Look>.object(
    "an odoo check", Look(),
    [
      name,
      .optional(
        "aspects", \.aspects, .list(of: .word("aspect"), what: "aspects", minimum: 1, isUnique: true),
        "What is asked; everything that 'odoo' under the data says something about when left out."),
      timeout,
    ])
}

/// Signing in.
extension CheckGrammar {
  static var signInVariant: Variant<CheckSpec> {
    .key("sign-in", signIn, "A test user signs in and sees what only they may see.") { draft in
      let fields: SignInSpec.Fields = draft.form.map { .form($0) } ?? .json(draft.json ?? [:])
      var spec = draft.settled
      spec.fields = fields
      return .signIn(name: draft.name, spec, timeout: draft.timeout)
    }
  }

  private struct SignInDraft: Sendable {
    var name = ""
    var settled = SignInSpec(path: "", fields: .form([:]))
    var form: [String: SecretText]?
    var json: [String: SecretText]?
    var timeout = Span.seconds(10)
  }

  private static let fields = Shape<[String: SecretText]>.secrets(
    "fields of the request", key: "[A-Za-z0-9_.\\[\\]-]{1,100}")

  private static let signIn = Shape<SignInDraft>.object(
    "a sign-in check", SignInDraft(),
    [
      .required("name", \.name, .name("a name for the check"), "How status and evidence call it."),
      .required("path", \.settled.path, .path(), "Where name and password are sent with POST."),
      .optional("form", \.form, fields, "The fields of a form; secrets by reference."),
      .optional("json", \.json, fields, "The same as JSON; 'params.login' goes one object deeper."),
      .optional(
        "csrf", \.settled.csrf, .name("the name of a field"),
        "A hidden field of the form, fetched from the same path first."),
      .optional("status", \.settled.status, .integer(100...599, "an HTTP status"), "Any below 400 when left out."),
      .optional("session", \.settled.session, .name("the name of a cookie"), "The cookie that the answer must set."),
      .optional("contains", \.settled.contains, .text("text of the body"), "What the answer must contain."),
      .optional(
        "bearer", \.settled.bearer, .name("a key of the answer"),
        "Where the token stands in the answer's JSON, with dots for depth; it is sent from then on."),
      .optional("then", \.settled.then, page, "A page that only who has signed in gets; it is asked for before, too."),
      .optional(
        "denied", \.settled.denied, .list(of: .path(), what: "paths", isUnique: true),
        "Pages of another tenant: each must answer 401, 403 or 404."),
      .optional("timeout", \.timeout, .duration(), "How long each answer may take."),
    ]
  ).checked { draft, node, reading in
    if (node["form"] == nil) == (node["json"] == nil) {
      reading.report(
        .structure, node.position, "name and password are sent as a form or as JSON",
        expected: "'form: …' or 'json: …', and not both")
    }
    let spec = draft.settled
    if node["session"] == nil, node["contains"] == nil, node["bearer"] == nil, node["then"] == nil {
      reading.report(
        .meaning, node.position, "nothing would show that somebody has signed in",
        expected: "at least one of 'session', 'contains', 'bearer', 'then'")
    }
    if let place = node["denied"], spec.then == nil, !spec.denied.isEmpty {
      reading.report(
        .meaning, place.position, "a page that is denied proves nothing where nothing is shown to be allowed",
        expected: "'then: …' with a page of one's own")
    }
  }

  private static let page = Shape<SignInSpec.Page>.object(
    "a page", SignInSpec.Page(path: ""),
    [
      .required("path", \.path, .path(), "Asked with GET."),
      .optional("status", \.status, .integer(100...599, "an HTTP status"), "The status it must answer."),
      .optional("contains", \.contains, .text("text of the body"), "What the body must contain."),
    ])
}
