/// What a database holds, as its own catalogue and its tables say in one transaction; what a restored copy is compared with.
package struct DatabaseFacts: Codable, Sendable, Equatable {
  package var name: String
  /// As the server says, such as `15.18`.
  package var serverVersion: String
  package var encoding: String
  package var collation: String
  package var bytes: Int64
  /// Ordinary tables outside the system's schemas, by name.
  package var tables: [TableFacts]
  /// `schema.table.name` of every constraint that has been validated, sorted.
  package var constraints: [String]
  /// Sorted by name.
  package var extensions: [ExtensionFacts]
  /// Everybody who owns something in it or has a right to it, sorted; nil when it was not asked.
  package var roles: [String]?

  package init(
    name: String, serverVersion: String, encoding: String, collation: String, bytes: Int64, tables: [TableFacts],
    constraints: [String], extensions: [ExtensionFacts], roles: [String]? = nil
  ) {
    self.name = name
    self.serverVersion = serverVersion
    self.encoding = encoding
    self.collation = collation
    self.bytes = bytes
    self.tables = tables
    self.constraints = constraints
    self.extensions = extensions
    self.roles = roles
  }

  package var rows: Int64 { tables.reduce(0) { $0 + $1.rows } }
}

/// One table and how many rows it has.
package struct TableFacts: Codable, Sendable, Equatable {
  /// `schema.name`.
  package var name: String
  package var rows: Int64

  package init(name: String, rows: Int64) {
    self.name = name
    self.rows = rows
  }
}

/// One extension of PostgreSQL.
package struct ExtensionFacts: Codable, Sendable, Equatable {
  package var name: String
  package var version: String

  package init(name: String, version: String) {
    self.name = name
    self.version = version
  }
}

/// A file that the database says must be there.
package struct FileReference: Codable, Sendable, Hashable {
  /// From the folder of the files.
  package var path: String
  /// SHA-1 or SHA-256 of its content in hexadecimal digits, by their number; nil when the database does not know it.
  package var hash: String?

  package init(path: String, hash: String?) {
    self.path = path
    self.hash = hash
  }
}
