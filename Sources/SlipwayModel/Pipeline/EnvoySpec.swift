/// Envoy, switched by runtime keys that it reads from a file (RTDS).
package struct EnvoySpec: Codable, Sendable, Equatable {
  /// The admin interface, such as `http://127.0.0.1:9901`.
  package var admin: String
  /// The runtime file as Envoy's configuration names it; belongs to Slipway.
  package var file: String
  /// What the runtime keys begin with and the clusters are named after: `app` has `app_a`, `app_b`, `app_a_or_b` and `app_b_or_a`.
  package var name: String
  /// Where clients are served.
  package var url: String

  package init(admin: String, file: String, name: String = "app", url: String) {
    self.admin = admin
    self.file = file
    self.name = name
    self.url = url
  }
}
