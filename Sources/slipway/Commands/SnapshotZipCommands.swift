internal import ArgumentParser
internal import Foundation
internal import SlipwayConnectors
internal import SlipwayData
internal import SlipwayEngine
internal import SlipwayModel

/// Odoo's own backups in and out.
extension SnapshotCommand {
  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes a snapshot of a backup in Odoo's own zip format, everything in it verified.",
      discussion:
        "The dump is SQL and is carried out, in a database that goes away again, with the rights of the environment's server address: import what you trust."
    )

    @OptionGroup var options: CommonOptions
    @Argument(help: "The archive.") var file: String
    @Option(name: .long, help: "The environment whose snapshot it becomes, on whose server the dump is loaded.")
    var env: String
    @Option(name: .long, help: "The snapshot's name; default: the date.") var id: String?

    func run() async throws {
      let desk = try SnapshotDesk(options)
      let name = EnvironmentName(env)
      let data = try desk.data(of: name)
      let now = SystemTime().now()
      let id = SnapshotID(id ?? RunID(at: now, randomness: .random(in: .min ... .max)).text)
      let path = URL(filePath: file).absoluteURL.path
      let read = try await data.transfer().readBackup(path, as: id, of: name, now: now, progress: desk.progress)
      try await desk.note(
        SnapshotNote(
          .taken, id, of: name, manifest: read.snapshot.digest, place: read.snapshot.folder,
          reason: "imported from \(path)"))
      let view = SnapshotView(read.snapshot)
      if options.isJSON { return try Terminal.json(view) }
      let left = read.backup.ignored
      print(
        """
        snapshot \(id) of \(name): Odoo \(read.backup.manifest.version), \(read.backup.manifest.modules.count) modules, \
        \(view.rows) rows, \(view.files) files with \(SnapshotView.size(view.fileBytes))
        folder   \(view.folder)
        """)
      if !left.isEmpty {
        print(
          "left out, because no backup has it: \(left.prefix(5).joined(separator: ", "))\(left.count > 5 ? " and \(left.count - 5) more" : "")"
        )
      }
    }
  }

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes a snapshot as a backup in Odoo's own zip format, which Odoo's database manager restores.")

    @OptionGroup var options: CommonOptions
    @Argument(help: "The snapshot.") var id: String
    @Argument(help: "The archive; must not exist.") var file: String
    @Option(name: .long, help: "With this environment's settings; default: the one it was taken of.") var env: String?

    private struct View: Encodable {
      var id: String
      var file: String
      var version: String
      var modules: Int
    }

    func run() async throws {
      let desk = try SnapshotDesk(options)
      let snapshot = try desk.find(id)
      let data = try desk.data(of: EnvironmentName(env ?? snapshot.manifest.environment.text))
      let path = URL(filePath: file).absoluteURL.path
      let manifest = try await data.transfer().writeBackup(of: snapshot.id, to: path, progress: desk.progress)
      let view = View(id: id, file: path, version: manifest.version, modules: manifest.modules.count)
      if options.isJSON { return try Terminal.json(view) }
      print(
        "snapshot \(id) is in \(path): Odoo \(view.version), \(view.modules) modules, \(snapshot.manifest.fileCount) files"
      )
    }
  }
}
