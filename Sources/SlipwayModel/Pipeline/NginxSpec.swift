/// nginx, switched through an included file and a reload.
package struct NginxSpec: Codable, Sendable, Equatable {
  /// The included file; belongs to Slipway.
  package var file: String
  /// The variable for `proxy_pass`, without `$`; `app` comes with `$app_candidate` and `$app_split`.
  package var name: String
  /// The pid file of the master process; with it the end of the old workers is seen.
  package var pid: String?
  /// Tests the configuration before a reload.
  package var test: String
  /// Reloads; nil sends SIGHUP to the process of `pid`.
  package var reload: String?
  /// A location that returns `$app_split`.
  package var status: String
  /// Where clients are served.
  package var url: String

  package init(
    file: String, name: String = "app", pid: String? = nil, test: String = "nginx -t", reload: String? = nil,
    status: String, url: String
  ) {
    self.file = file
    self.name = name
    self.pid = pid
    self.test = test
    self.reload = reload
    self.status = status
    self.url = url
  }
}
