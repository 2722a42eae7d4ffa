/// Something that must answer before anything is touched, and how it is asked (C1, C2).
package struct DependencySpec: Codable, Sendable, Equatable {
  package var name: String
  /// Whether a promotion is blocked without it; otherwise people are only told.
  package var critical: Bool
  /// How long asking may take; then it has failed.
  package var timeout: Span
  package var question: Question

  package init(name: String, critical: Bool = true, timeout: Span = .seconds(10), question: Question) {
    self.name = name
    self.critical = critical
    self.timeout = timeout
    self.question = question
  }

  /// How it is asked.
  package enum Question: Codable, Sendable, Equatable {
    case http(HTTPQuestion)
    case sql(SQLQuestion)
    case smtp(SMTPQuestion)
    /// A command that exits 0; it sees the variables of a deployment and these.
    case command(run: String, environment: [String: SecretText] = [:])
    /// Variables that the service must find set where it will run; values are never shown.
    case environment([String])
    /// A secret that must be there and not empty; the value is never shown.
    case secret(SecretText)
    /// `host:port` that must take a connection.
    case tcp(String)
  }

  /// A GET that must answer as said, such as a service's status page.
  package struct HTTPQuestion: Codable, Sendable, Equatable {
    package var url: SecretText
    package var status: Int
    package var contains: String?
    package var headers: [String: SecretText]

    package init(
      url: SecretText, status: Int = 200, contains: String? = nil, headers: [String: SecretText] = [:]
    ) {
      self.url = url
      self.status = status
      self.contains = contains
      self.headers = headers
    }
  }

  /// One statement in a transaction that is taken back, so that a test transaction leaves nothing behind.
  package struct SQLQuestion: Codable, Sendable, Equatable {
    /// `postgresql://user@host:port/database`
    package var url: SecretText
    package var query: String
    /// What the first value of the first row must be; nil: there must be a row.
    package var expect: String?

    package init(url: SecretText, query: String, expect: String? = nil) {
      self.url = url
      self.query = query
      self.expect = expect
    }
  }

  /// A test e-mail that the server must take.
  package struct SMTPQuestion: Codable, Sendable, Equatable {
    package enum TLS: String, Codable, Sendable, CaseIterable {
      case none
      case starttls
      /// From the first byte on.
      case tls
    }

    package var host: String
    package var port: Int
    package var tls: TLS
    package var user: SecretText?
    package var password: SecretText?
    package var from: String
    package var to: String
    /// A PEM file with the certificates that sign the server's own, relative to the pipeline file.
    package var ca: String?

    package init(
      host: String, port: Int = 25, tls: TLS = .none, user: SecretText? = nil, password: SecretText? = nil,
      from: String, to: String, ca: String? = nil
    ) {
      self.host = host
      self.port = port
      self.tls = tls
      self.user = user
      self.password = password
      self.from = from
      self.to = to
      self.ca = ca
    }
  }

  /// Text that may refer to secrets: what must never be printed once resolved.
  package var secrets: [SecretText] {
    switch question {
    case .http(let http): [http.url] + http.headers.values
    case .sql(let sql): [sql.url]
    case .smtp(let smtp): [smtp.user, smtp.password].compactMap(\.self)
    case .command(_, let environment): Array(environment.values)
    case .secret(let secret): [secret]
    case .environment, .tcp: []
    }
  }
}
