internal import SlipwayModel

/// A PostgreSQL database and the files that belong to it.
enum PostgresGrammar {
  /// What is written, before one name or two are told apart.
  struct Draft: Sendable {
    /// All but names and files.
    var settled = PostgresDataSpec(server: SecretText(""), databases: .one(""))
    var database: String?
    var databases: SlotPair<String>?
    var files: FilesDraft?
  }

  struct FilesDraft: Sendable {
    var folder: String?
    var folders: SlotPair<String>?
    /// Nil: what the kind of database makes of it.
    var names: FilesSpec.ContentNames?
    var references: String?
  }

  static let postgres = Shape<Draft>.object(
    "postgres", Draft(),
    [
      .required(
        "server", \.settled.server, .secretText("postgresql://user@host:port/postgres"),
        "A role that may create, rename and drop databases, and the database in which such orders are given."),
      .optional(
        "databases", \.databases, EnvironmentGrammar.pair("databases", database),
        "The database of each slot; the cutover is a switch of traffic."),
      .optional(
        "database", \.database, database,
        "The one name that the application knows; the cutover renames, and the service stops for that moment."),
      .optional("files", \.files, files, "The files that belong to the database."),
      .optional(
        "migrate", \.settled.migrate, DeployGrammar.effective,
        "Brings $SLIPWAY_DATABASE and $SLIPWAY_FILES to what $SLIPWAY_RELEASE needs; must be harmless when repeated."),
      .optional("environment", \.settled.environment, .variables, DeployGrammar.variables),
      .optional(
        "directory", \.settled.directory, .text("a folder"),
        "Relative to the pipeline file; its own folder when left out."),
      .optional("jobs", \.settled.jobs, .integer(1...64, "a number of jobs"), "Parallel jobs of dump and restore."),
      .optional(
        "odoo", \.settled.odoo, odoo, "What is asked of an Odoo database beside what is asked of every database."),
      .optional("timeout", \.settled.timeout, .duration(), "How long one deed may take."),
    ]
  ).checked { draft, node, reading in
    if (node["database"] == nil) == (node["databases"] == nil) {
      reading.report(
        .structure, node.position, "one name for the database, or one for each slot, is needed, and not both",
        expected: "'database: shop', or 'databases: {a: shop_a, b: shop_b}'")
    }
    if let names = draft.databases, names.a == names.b, node["databases"]?["b"] != nil {
      reading.report(
        .meaning, node["databases"]?.place("b") ?? node.position, "both slots have the database '\(names.a)'",
        expected: "a name for each, or 'database: \(names.a)'")
    }
    if let files = node["files"], (node["database"] == nil) != (files["folder"] == nil),
      files["folder"] != nil || files["folders"] != nil
    {
      reading.report(
        .meaning, files.position, "files and database do not go together",
        expected: "'folder' with 'database', 'folders' with 'databases'")
    }
  }

  /// At most 40 characters, because dated names are made from it and PostgreSQL cuts names at 63.
  private static let database = Shape<String>.pattern(
    "[A-Za-z_][A-Za-z0-9_-]{0,39}", "a database name of at most 40 letters, digits, '_' and '-'",
    show: { .text($0) }, parse: { $0 })

  private static let files = Shape<FilesDraft>.object(
    "files", FilesDraft(),
    [
      .optional(
        "folders", \.folders, EnvironmentGrammar.pair("folders", .text("a folder")),
        "The folder of each slot, where 'databases' are given."),
      .optional("folder", \.folder, .text("a folder"), "The folder, where 'database' is given."),
      .optional(
        "names", \.names, .word("what names say about content"),
        "sha1 or sha256 where the last part of a path is the hash of the content; plain otherwise."),
      .optional(
        "references", \.references, .text("a query"),
        "SQL whose rows are a path and, if known, the hash of its content: what must be there."),
    ]
  ).checked { _, node, reading in
    guard (node["folder"] == nil) == (node["folders"] == nil) else { return }
    reading.report(
      .structure, node.position, "one folder, or one for each slot, is needed, and not both",
      expected: "'folder: …', or 'folders: {a: …, b: …}'")
  }

  static let odoo = Shape<OdooSpec>.object(
    "odoo", OdooSpec(),
    [
      .optional(
        "modules", \.modules, .list(of: .name("a module"), what: "modules", isUnique: true),
        "Modules that must be installed."),
      .optional(
        "addons", \.addons, .list(of: .text("a folder", .release), what: "folders"),
        "Where the code of installed modules is looked for; ${release} is replaced."),
      .optional(
        "allow_proprietary", \.allowsProprietary, .boolean, "Whether proprietary modules may be installed."),
      .optional("base_url", \.baseURL, .url, "What web.base.url must be once the database is live."),
      .optional(
        "neutralize", \.neutralize, DeployGrammar.effective,
        "Prints the SQL that makes a copy harmless, such as 'odoo-bin neutralize --stdout'."),
    ]
  ).checked { _, node, reading in
    guard node["neutralize"] != nil else { return }
    if node["addons"] == nil {
      reading.report(
        .meaning, node.keyPlace("neutralize"), "a module whose code is not found is left out without a word",
        expected: "'addons: […]', so that every module's code is looked for first")
    }
    if node["base_url"] == nil {
      reading.report(
        .meaning, node.keyPlace("neutralize"), "links in the copy's mails would go on leading to production",
        expected: "'base_url: …', the copy's own address")
    }
  }
}

extension PostgresGrammar.Draft {
  var spec: PostgresDataSpec {
    var spec = settled
    spec.databases = databases.map { .slots(a: $0.a, b: $0.b) } ?? .one(database ?? "")
    spec.files = files.map { draft in
      let folders = draft.folders.map { FilesSpec.FolderNames.slots(a: $0.a, b: $0.b) } ?? .one(draft.folder ?? "")
      let usual = settled.odoo == nil ? FilesSpec(folders: folders) : .odoo(folders)
      return FilesSpec(
        folders: folders, names: draft.names ?? usual.names, references: draft.references ?? usual.references)
    }
    return spec
  }
}

/// Where snapshots are kept.
enum SnapshotGrammar {
  static let snapshots = Shape<SnapshotsSpec>.object(
    "snapshots", SnapshotsSpec(),
    [
      .optional(
        "folder", \.folder, .text("a folder"), "Relative to this file; 'snapshots' in the state's folder when left out."
      ),
      .optional("keep", \.keep, .integer(1...10_000, "a number"), "So many of each environment are always kept."),
      .optional("keep_for", \.keepFor, .duration(), "And all that are younger; 'snapshot prune' removes the others."),
      .optional("s3", \.bucket, bucket, "What 'snapshot create' takes is copied here too."),
    ])

  private static let bucket = Shape<SnapshotBucketSpec>.object(
    "s3",
    SnapshotBucketSpec(endpoint: "", bucket: "", accessKey: SecretText(""), secretKey: SecretText("")),
    [
      .required("endpoint", \.endpoint, RequestGrammar.endpoint, "The store, without the bucket."),
      .optional("region", \.region, RequestGrammar.region, "The region that requests are signed for."),
      .required("bucket", \.bucket, RequestGrammar.bucketName, "The bucket; it must be there."),
      .optional("prefix", \.prefix, RequestGrammar.prefix, "Stands before every key."),
      .required("access_key", \.accessKey, .secretText("an access key"), "By reference: ${env:NAME} or ${file:PATH}."),
      .required("secret_key", \.secretKey, .secretText("a secret key"), "By reference: ${env:NAME} or ${file:PATH}."),
      .optional(
        "recipients", \.recipients, .list(of: recipient, what: "age keys"),
        "Public keys of age (age1…) that may read the copy; not encrypted when left out."),
    ])

  private static let recipient = Shape<String>.pattern(
    "age1[a-z0-9]{58}", "a public key of age, age1… with 62 characters", show: { .text($0) }, parse: { $0 })
}
