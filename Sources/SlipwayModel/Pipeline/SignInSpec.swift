/// How a test user signs in, and what proves it.
package struct SignInSpec: Codable, Sendable, Equatable {
  /// Where name and password are sent with POST.
  package var path: String
  package var fields: Fields
  /// A hidden field of the form that is fetched from the same path first.
  package var csrf: String?
  /// The status of the answer; nil is any below 400.
  package var status: Int?
  /// The cookie that the answer must set.
  package var session: String?
  /// What the answer's body must contain.
  package var contains: String?
  /// Where the token stands in the answer, a path of keys with dots; it goes as `Authorization: Bearer` from then on.
  package var bearer: String?
  /// A page that only somebody who has signed in gets; it is asked for before as well.
  package var then: Page?
  /// Pages of somebody else, which must be refused with 401, 403 or 404.
  package var denied: [String]

  package init(
    path: String, fields: Fields, csrf: String? = nil, status: Int? = nil, session: String? = nil,
    contains: String? = nil, bearer: String? = nil, then: Page? = nil, denied: [String] = []
  ) {
    self.path = path
    self.fields = fields
    self.csrf = csrf
    self.status = status
    self.session = session
    self.contains = contains
    self.bearer = bearer
    self.then = then
    self.denied = denied
  }

  /// Name, password and what else is sent, with secrets by reference.
  package enum Fields: Codable, Sendable, Equatable {
    case form([String: SecretText])
    /// A key such as `params.login` goes one object deeper.
    case json([String: SecretText])
  }

  /// A page and how it answers.
  package struct Page: Codable, Sendable, Equatable {
    package var path: String
    package var status: Int
    package var contains: String?

    package init(path: String, status: Int = 200, contains: String? = nil) {
      self.path = path
      self.status = status
      self.contains = contains
    }
  }
}
