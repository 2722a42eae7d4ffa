/// A PostgreSQL database with the files that belong to it, copied, checked, migrated, swapped and restored by Slipway itself (B1, B5, C3, C7).
package struct PostgresDataSpec: Codable, Sendable, Equatable {
  /// `postgresql://user@host:port/postgres`: a role that may create, rename and drop databases, and the database in which such orders are given.
  package var server: SecretText
  package var databases: DatabaseNames
  /// Nil where the database is all there is.
  package var files: FilesSpec?
  /// Brings green's data to what the release needs; it sees `SLIPWAY_DATABASE`, `SLIPWAY_FILES` and the variables of a deployment.
  package var migrate: String?
  /// Variables of `migrate`, which may refer to secrets.
  package var environment: [String: SecretText]
  package var directory: String?
  /// Parallel jobs of dump and restore.
  package var jobs: Int
  /// What is asked of an Odoo database beside what is asked of every database; nil: it is none.
  package var odoo: OdooSpec?
  /// How long one deed may take.
  package var timeout: Span
  /// Where snapshots are kept, as `snapshots.folder` of the pipeline file says when it is read: a plan restores from where it copied to. Nil: below the state.
  package var snapshotFolder: String?

  package init(
    server: SecretText, databases: DatabaseNames, files: FilesSpec? = nil, migrate: String? = nil,
    environment: [String: SecretText] = [:], directory: String? = nil, jobs: Int = 2, odoo: OdooSpec? = nil,
    timeout: Span = .hours(1)
  ) {
    self.server = server
    self.databases = databases
    self.files = files
    self.migrate = migrate
    self.environment = environment
    self.directory = directory
    self.jobs = jobs
    self.odoo = odoo
    self.timeout = timeout
  }
}

/// How the databases of the two slots are called.
package enum DatabaseNames: Codable, Sendable, Equatable {
  /// Each slot has its own; the cutover is a switch of traffic.
  case slots(a: String, b: String)
  /// The application knows one name only; the cutover renames, with the service stopped for that moment.
  case one(String)
}

/// The files that belong to a database.
package struct FilesSpec: Codable, Sendable, Equatable {
  package var folders: FolderNames
  /// What the names of files say about their content.
  package var names: ContentNames
  /// A query whose rows are `path` and, optionally, a hash of the content in hexadecimal digits: what the database says must be there.
  package var references: String?

  package init(folders: FolderNames, names: ContentNames = .plain, references: String? = nil) {
    self.folders = folders
    self.names = names
    self.references = references
  }

  /// Odoo's filestore: each file is called by the SHA-1 of its content, and `ir_attachment` says which there must be.
  package static func odoo(_ folders: FolderNames) -> FilesSpec {
    FilesSpec(
      folders: folders, names: .sha1,
      references:
        "SELECT store_fname, min(checksum) FROM ir_attachment WHERE store_fname IS NOT NULL GROUP BY store_fname"
    )
  }

  /// Where the files lie; a path, from the pipeline file's folder.
  package enum FolderNames: Codable, Sendable, Equatable {
    case slots(a: String, b: String)
    case one(String)
  }

  package enum ContentNames: String, Codable, Sendable, CaseIterable {
    /// Names say nothing; contents may change in place.
    case plain
    /// The last part of a path is the hash of the content, so that a file once written never changes.
    case sha1, sha256
  }
}

/// What is expected of an Odoo database.
package struct OdooSpec: Codable, Sendable, Equatable {
  /// Modules that must be installed.
  package var modules: [String]
  /// Folders in which the code of installed modules is looked for; empty: not looked for.
  package var addons: [String]
  /// Whether proprietary modules may be installed (B12).
  package var allowsProprietary: Bool
  /// What `web.base.url` must be once the database is live; nil: left as it is.
  package var baseURL: String?
  /// Whether a copy that is no production is made harmless before anybody can reach it.
  package var neutralize: String?

  package init(
    modules: [String] = [], addons: [String] = [], allowsProprietary: Bool = false, baseURL: String? = nil,
    neutralize: String? = nil
  ) {
    self.modules = modules
    self.addons = addons
    self.allowsProprietary = allowsProprietary
    self.baseURL = baseURL
    self.neutralize = neutralize
  }
}

/// Where snapshots are kept, how many, and where else they are put.
package struct SnapshotsSpec: Codable, Sendable, Equatable {
  /// From the pipeline file's folder; nil is `snapshots` in the state's folder.
  package var folder: String?
  /// So many of each environment are always kept.
  package var keep: Int
  /// And all younger than this.
  package var keepFor: Span
  /// A copy goes here too.
  package var bucket: SnapshotBucketSpec?

  package init(folder: String? = nil, keep: Int = 7, keepFor: Span = .hours(24 * 14), bucket: SnapshotBucketSpec? = nil)
  {
    self.folder = folder
    self.keep = keep
    self.keepFor = keepFor
    self.bucket = bucket
  }
}

/// An S3-compatible bucket for copies of snapshots.
package struct SnapshotBucketSpec: Codable, Sendable, Equatable {
  package var endpoint: String
  package var region: String
  package var bucket: String
  /// Put before every key; may be empty.
  package var prefix: String
  package var accessKey: SecretText
  package var secretKey: SecretText
  /// `age1…` keys that may read the copy; empty: it is not encrypted.
  package var recipients: [String]

  package init(
    endpoint: String, region: String = "us-east-1", bucket: String, prefix: String = "", accessKey: SecretText,
    secretKey: SecretText, recipients: [String] = []
  ) {
    self.endpoint = endpoint
    self.region = region
    self.bucket = bucket
    self.prefix = prefix
    self.accessKey = accessKey
    self.secretKey = secretKey
    self.recipients = recipients
  }
}

/// Where a promotion's green takes its data from.
package enum GreenData: String, Codable, Sendable, CaseIterable {
  /// Green works on blue's data; migrations change them in place.
  case shared
  /// Green gets a copy of blue's data, which take no writes from the copy until the cutover.
  case copy
  /// Green gets the data of the environment that the release comes from (B4).
  case source
}
