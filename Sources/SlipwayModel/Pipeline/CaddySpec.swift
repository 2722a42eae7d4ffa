/// Caddy, switched over its admin API.
package struct CaddySpec: Codable, Sendable, Equatable {
  /// The admin API, such as `http://127.0.0.1:2019`.
  package var admin: String
  /// The `@id` of the `subroute` handler that belongs to Slipway.
  package var id: String
  /// Where clients are served.
  package var url: String

  package init(admin: String = "http://127.0.0.1:2019", id: String = "app", url: String) {
    self.admin = admin
    self.id = id
    self.url = url
  }
}
