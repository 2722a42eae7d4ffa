internal import ArgumentParser
internal import Foundation
internal import SlipwayConnectors
internal import SlipwayData
internal import SlipwayEngine
internal import SlipwayModel

struct SnapshotCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "snapshot", abstract: "An environment's database and files: copied, verified, restored, deleted.",
    subcommands: [
      Create.self, List.self, Verify.self, Restore.self, Delete.self, Prune.self, Fetch.self, Import.self,
      Export.self,
    ])

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Copies the data that serve; the database first, the files second, nothing of it while anything is missing.")

    @OptionGroup var options: CommonOptions
    @Argument(help: "The environment.") var environment: String

    func run() async throws {
      let desk = try SnapshotDesk(options)
      let name = EnvironmentName(environment)
      let data = try desk.data(of: name)
      let now = SystemTime().now()
      let id = SnapshotID(RunID(at: now, randomness: .random(in: .min ... .max)).text)
      let blue = try await desk.workshop.ledgerOrNone().environments[name]?.live
      let snapshot = try await data.takeSnapshot(id, of: name, blue: blue, now: now, progress: desk.progress)
      try await desk.note(
        SnapshotNote(.taken, id, of: name, manifest: snapshot.digest, place: snapshot.folder))
      if let bucket = desk.bucket() {
        desk.progress("copying to \(bucket.place)")
        try await bucket.put(snapshot, progress: desk.progress)
      }
      if options.isJSON { return try Terminal.json(SnapshotView(snapshot)) }
      let view = SnapshotView(snapshot)
      print(
        """
        snapshot \(id) of \(name): database \(view.database) with \(view.rows) rows in \(view.tables) tables, \
        \(view.files) files with \(SnapshotView.size(view.fileBytes))
        folder   \(view.folder)
        manifest \(view.manifest)
        prove it with: slipway snapshot verify \(id) --restore
        """)
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists the snapshots that are there, oldest first.")

    @OptionGroup var options: CommonOptions
    @Option(name: .long, help: "Only those of this environment.") var env: String?

    private struct View: Encodable {
      var snapshots: [SnapshotView]
      /// Those whose manifest cannot be believed.
      var damaged: [SnapshotID]
    }

    func run() async throws {
      let all = try SnapshotDesk(options).store.list()
      let views = all.whole.map(SnapshotView.init).filter { env == nil || $0.environment.text == env }
      if options.isJSON { return try Terminal.json(View(snapshots: views, damaged: all.damaged)) }
      let paint = Terminal(options).paint
      var table = Table(["snapshot", "environment", "release", "taken", "rows", "dump", "files", ""])
      for view in views {
        table.add([
          view.id.text, view.environment.text, view.release?.text ?? "-", view.takenAt.description,
          String(view.rows), SnapshotView.size(view.dumpBytes),
          "\(view.files), \(SnapshotView.size(view.fileBytes))", "",
        ])
      }
      for id in all.damaged { table.add([id.text, "-", "-", "-", "-", "-", "-", paint.red("damaged")]) }
      table.lines().forEach { print($0) }
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Reads every byte back and compares it with what was written; exit code 1 when anything differs.")

    @OptionGroup var options: CommonOptions
    @Argument(help: "The snapshot.") var id: String
    @Flag(name: .long, help: "Restore it into a database that nobody uses, compare, and take that away.")
    var restore = false
    @Option(name: .long, help: "On this environment's server; default: the one it was taken of.") var env: String?

    private struct View: Encodable {
      var id: String
      var passed: Bool
      var checks: [DataCheck]
    }

    func run() async throws {
      let desk = try SnapshotDesk(options)
      var checks = await desk.store.verify(SnapshotID(id), progress: desk.progress)
      if restore, checks.allSatisfy(\.passed) { checks += await trial(desk) }
      let view = View(id: id, passed: checks.allSatisfy(\.passed), checks: checks)
      if options.isJSON {
        try Terminal.json(view)
      } else {
        let paint = Terminal(options).paint
        for check in checks {
          print("\(check.passed ? paint.green("ok    ") : paint.red("wrong ")) \(check.name): \(check.detail)")
        }
        print(
          view.passed
            ? "snapshot \(id) is whole\(restore ? " and can be restored" : "")"
            : "snapshot \(id) cannot be relied on; take another, and look at the disk")
      }
      if !view.passed { throw ExitCode(ExitStatus.failed.rawValue) }
    }

    private func trial(_ desk: SnapshotDesk) async -> [DataCheck] {
      do {
        let snapshot = try desk.find(id)
        let data = try desk.data(of: EnvironmentName(env ?? snapshot.manifest.environment.text))
        let report = try await data.tryOut(snapshot, progress: desk.progress)
        let took = report.took.map { " in \($0)" } ?? ""
        return report.checks + [
          DataCheck("restore", passed: true, detail: "restored as \(report.database ?? "?")\(took) and taken away")
        ]
      } catch {
        return [DataCheck("restore", passed: false, detail: "\(error)")]
      }
    }
  }

  struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Brings a snapshot back beside everything that is there, never over it.")

    @OptionGroup var options: CommonOptions
    @Argument(help: "The snapshot.") var id: String
    @Option(name: .long, help: "The new database; must not exist.") var to: String
    @Option(name: .long, help: "The new folder for its files; must not exist. Without it the files are left out.")
    var files: String?
    @Option(name: .long, help: "On this environment's server; default: the one it was taken of.") var env: String?

    func run() async throws {
      let desk = try SnapshotDesk(options)
      let snapshot = try desk.find(id)
      let name = EnvironmentName(env ?? snapshot.manifest.environment.text)
      let data = try desk.data(of: name)
      let folder = files.map { URL(filePath: $0).absoluteURL.standardizedFileURL.path }
      if folder != nil, snapshot.manifest.names == nil {
        throw CommandError(.usage, "snapshot \(id) holds no files; leave --files out")
      }
      let report = try await data.restoreAlone(
        snapshot, toDatabase: to, files: folder, progress: desk.progress)
      try await desk.note(
        SnapshotNote(
          .restored, snapshot.id, of: name, manifest: snapshot.digest,
          place: to + (folder.map { " and \($0)" } ?? "")))
      if options.isJSON { return try Terminal.json(report) }
      for check in report.checks { print("ok     \(check.name): \(check.detail)") }
      print("snapshot \(id) is in database \(to)\(folder.map { " and folder \($0)" } ?? "")")
      if folder == nil, snapshot.manifest.names != nil {
        print("its \(snapshot.manifest.fileCount) files were left out; add --files DIR to restore them too")
      }
    }
  }

  struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Deletes a snapshot, unless an open run or rollback window may go back to it.")

    @OptionGroup var options: CommonOptions
    @Argument(help: "The snapshot.") var id: String
    @Option(name: .long, help: "Why, for the journal.") var reason = "by hand"
    @Flag(name: .long, help: "Its copy in the bucket too.") var bucket = false

    func run() async throws {
      let desk = try SnapshotDesk(options)
      let all = try desk.store.list()
      let isDamaged = all.damaged.contains(SnapshotID(id))
      let found = isDamaged ? nil : try desk.find(id)
      try await desk.delete(
        SnapshotID(id), of: found?.manifest.environment ?? "unknown", found?.digest, reason: reason, copyToo: bucket)
      if options.isJSON { return try Terminal.json(["deleted": id]) }
      print("snapshot \(id) is deleted")
    }
  }

  struct Prune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Deletes what 'snapshots: keep' and 'keep_for' let go, and nothing that a way back needs.")

    @OptionGroup var options: CommonOptions
    @Flag(name: .long, help: "Say what would go and why, and delete nothing.") var dryRun = false
    @Flag(name: .long, help: "Their copies in the bucket too.") var bucket = false

    private struct View: Encodable {
      var dryRun: Bool
      var snapshots: [SnapshotRetention.Verdict]
    }

    func run() async throws {
      let desk = try SnapshotDesk(options)
      let spec = desk.pipeline.snapshots
      let snapshots = try desk.store.list().whole
      let needed = try await needed(desk)
      let verdicts = SnapshotRetention(keep: spec.keep, keepFor: spec.keepFor).judge(
        snapshots.map {
          SnapshotRetention.Candidate(
            id: $0.id, environment: $0.manifest.environment, takenAt: $0.manifest.takenAt)
        }, needed: Set(needed.keys), at: SystemTime().now())
      let digests = Dictionary(uniqueKeysWithValues: snapshots.map { ($0.id, $0.digest) })
      for verdict in verdicts where verdict.goes && !dryRun {
        try await desk.delete(
          verdict.id, of: verdict.environment, digests[verdict.id],
          reason: "older than \(spec.keepFor) and not among the last \(spec.keep)", copyToo: bucket)
      }
      if options.isJSON { return try Terminal.json(View(dryRun: dryRun, snapshots: verdicts)) }
      for verdict in verdicts {
        let word = verdict.goes ? (dryRun ? "would go" : "deleted ") : "stays   "
        print("\(word) \(verdict.id) of \(verdict.environment): \(why(verdict, needed, spec))")
      }
    }

    private func needed(_ desk: SnapshotDesk) async throws -> [SnapshotID: String] {
      // Without a journal there is no run that could need anything.
      guard FileManager.default.fileExists(atPath: desk.workshop.state.path) else { return [:] }
      return try await desk.workshop.archive().neededSnapshots()
    }

    private func why(
      _ verdict: SnapshotRetention.Verdict, _ needed: [SnapshotID: String], _ spec: SnapshotsSpec
    ) -> String {
      switch verdict.reason {
      case .needed: needed[verdict.id] ?? "needed"
      case .recent: "among the last \(spec.keep) of its environment"
      case .young: "younger than \(spec.keepFor)"
      case .old: "older than \(spec.keepFor) and not among the last \(spec.keep)"
      }
    }
  }

  struct Fetch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Brings a copy back from the bucket, every byte of it verified.")

    @OptionGroup var options: CommonOptions
    @Argument(help: "The snapshot.") var id: String
    @Option(name: .long, help: "The private key of age: a file, or ${env:NAME}.") var identity: String?

    func run() async throws {
      let desk = try SnapshotDesk(options)
      let bucket = try desk.bucketOrRefusal()
      let snapshot = try await withIdentity(desk) { file in
        try await bucket.fetch(SnapshotID(id), into: desk.store, identity: file, progress: desk.progress)
      }
      try await desk.note(
        SnapshotNote(
          .fetched, snapshot.id, of: snapshot.manifest.environment, manifest: snapshot.digest,
          place: snapshot.folder))
      if options.isJSON { return try Terminal.json(SnapshotView(snapshot)) }
      print("snapshot \(id) is in \(snapshot.folder), every byte as it was sent")
    }

    /// The key as a file: the one that was named, or a passing one that nobody else can read.
    private func withIdentity<Value>(_ desk: SnapshotDesk, _ body: (String?) async throws -> Value) async throws
      -> Value
    {
      guard let identity else { return try await body(nil) }
      let text = SecretText(identity)
      guard text.isSecret else { return try await body(URL(filePath: identity).absoluteURL.path) }
      let secret = try SecretSource(environment: ProcessInfo.processInfo.environment, folder: options.root.path)
        .resolve(text)
      let file = FileManager.default.temporaryDirectory.path + "/slipway-identity-" + UUID().uuidString
      let isWritten = secret.reveal { key in
        FileManager.default.createFile(
          atPath: file, contents: Data((key + "\n").utf8), attributes: [.posixPermissions: 0o600])
      }
      defer { try? FileManager.default.removeItem(atPath: file) }
      guard isWritten else { throw CommandError(.failed, "the key cannot be written to \(file)") }
      return try await body(file)
    }
  }
}
