/// Traefik, switched through a file of its file provider.
package struct TraefikSpec: Codable, Sendable, Equatable {
  /// The API with `/metrics` beside it, such as `http://127.0.0.1:8081`.
  package var api: String
  /// A file in the folder of the file provider, ending in `.yml`; belongs to Slipway.
  package var file: String
  /// The service for clients; `app` comes with `app_candidate` for testers.
  package var name: String
  /// What Traefik asks each slot to know whether it is well.
  package var health: String
  /// Where clients are served.
  package var url: String

  package init(api: String, file: String, name: String = "app", health: String = "/healthz", url: String) {
    self.api = api
    self.file = file
    self.name = name
    self.health = health
    self.url = url
  }
}
