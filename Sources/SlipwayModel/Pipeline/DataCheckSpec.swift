/// What a smoke test asks of data.
package enum DataCheckSpec: Codable, Sendable, Equatable {
  /// A query that only reads; the first value of its first row must be `expect`.
  case sql(query: String, expect: String)
  /// So many of the files that the database refers to are read, and their hash compared.
  case files(sample: Int)
  case odoo([OdooAspect])
}

/// What can be asked of an Odoo database.
package enum OdooAspect: String, Codable, Sendable, CaseIterable {
  /// Every expected module is installed.
  case modules
  /// No module is half-way in or out, and the code of the installed ones is on disk.
  case registry
  /// No proprietary module is in use.
  case proprietary
  /// A copy that is no production can do no harm outside, and production is no such copy.
  case neutralized
  /// `web.base.url` is as the file says, and stays so.
  case baseURL = "base_url"
}
