internal import ArgumentParser
internal import Foundation
internal import SlipwayEngine
internal import SlipwayEvidence
internal import SlipwayJournal
internal import SlipwayModel

struct EvidenceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evidence", abstract: "Shows, exports and verifies the proof of a run.",
    subcommands: [Show.self, Export.self, Verify.self])

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Shows a run's summary and where its evidence lies.")

    @OptionGroup var options: CommonOptions
    @Argument(help: "The run; default: the newest.") var run = "latest"

    func run() async throws {
      let folder = try await EvidenceCommand.folder(of: run, options)
      if options.isJSON {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        return try Terminal.json(Listing(evidenceDir: folder.path, files: names))
      }
      print(try String(contentsOf: folder.appending(path: "promotion_summary.md"), encoding: .utf8))
      print("folder: \(folder.path)")
    }

    private struct Listing: Encodable {
      var evidenceDir: String
      var files: [String]
    }
  }

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Copies a run's evidence to a folder that must not exist yet.")

    @OptionGroup var options: CommonOptions
    @Argument(help: "The run.") var run: String
    @Argument(help: "Where to.") var directory: String

    func run() async throws {
      let folder = try await EvidenceCommand.folder(of: run, options)
      let target = URL(filePath: directory, directoryHint: .isDirectory)
      guard !FileManager.default.fileExists(atPath: target.path) else {
        throw CommandError(.usage, "\(directory) is there already; name a folder that does not exist")
      }
      try FileManager.default.createDirectory(at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
      try FileManager.default.copyItem(at: folder, to: target)
      if options.isJSON { return try Terminal.json(["exported_to": target.path]) }
      print(
        "evidence of \(folder.lastPathComponent) is in \(target.path); verify it with: slipway evidence verify \(directory)"
      )
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Verifies an evidence folder; needs no state and no network.")

    @OptionGroup var options: CommonOptions
    @Argument(help: "The evidence folder.") var directory: String
    @Option(name: .long, help: "The public key (PEM) to trust instead of the one in the folder.") var key: String?
    @Flag(name: .long, help: "Print only what does not hold, and the conclusion.") var quiet = false

    func run() async throws {
      try EvidenceChecking.verify(directory, trustedKey: key, quiet: quiet, options)
    }
  }

  /// The evidence folder of a run that is over.
  static func folder(of run: String, _ options: CommonOptions) async throws -> URL {
    let workshop = try Workshop(options)
    let archive = try workshop.archive()
    let promotion = try await archive.promotion(try await archive.find(run))
    guard let folder = promotion.evidenceFolder else {
      throw CommandError(.blocked, "run \(promotion.run) is \(promotion.status); its evidence is written when it ends")
    }
    return URL(filePath: folder, directoryHint: .isDirectory)
  }
}

struct AuditCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "The journal as an append-only log: shown, verified, sealed, projected anew.",
    subcommands: [Log.self, Verify.self, Checkpoint.self, Rebuild.self])

  struct Log: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Shows every entry of the journal.")

    @OptionGroup var options: CommonOptions
    @Option(name: .long, help: "Only entries after this sequence number.") var after: Int64 = 0

    private struct Line: Encodable {
      var seq: Int64
      var at: Timestamp
      var stream: String
      var kind: String
      var actor: String
      var hash: String
      /// Nil for what is no action of a run.
      var record: AuditRecord?

      enum CodingKeys: CodingKey {
        case seq, at, stream, kind, actor, hash
      }

      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(seq, forKey: .seq)
        try container.encode(at, forKey: .at)
        try container.encode(stream, forKey: .stream)
        try container.encode(kind, forKey: .kind)
        try container.encode(actor, forKey: .actor)
        try container.encode(hash, forKey: .hash)
        try record?.encode(to: encoder)
      }
    }

    func run() async throws {
      let reader = try Workshop(options).reader()
      // Who had agreed when something was done is known only from the beginning of its run.
      var last = options.isJSON ? 0 : after
      var trail = AuditTrail()
      while true {
        let piece = try await reader.entries(after: last, limit: 1_000)
        for stored in piece {
          let record = options.isJSON ? trail.record(stored) : nil
          guard stored.seq > after else { continue }
          let entry = stored.entry
          if options.isJSON {
            let hash = stored.hash.map { String(format: "%02x", $0) }.joined()
            try Terminal.json(
              Line(
                seq: stored.seq, at: entry.at, stream: entry.stream, kind: entry.kind, actor: entry.actor, hash: hash,
                record: record),
              readable: false)
          } else {
            print("#\(stored.seq) \(entry.at) \(entry.stream) \(entry.kind) by \(entry.actor)")
          }
        }
        guard let end = piece.last?.seq else { return }
        last = end
      }
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Finds any changed, removed, reordered or cut-off entry of the journal.")

    @OptionGroup var options: CommonOptions
    @Option(name: .long, help: "A checkpoint that was kept elsewhere; may be repeated.") var checkpoint: [String] = []

    private struct Result: Encodable {
      var intact: Bool
      var entries: Int64
      var checkpoints: Int
      var signaturesChecked: Bool
      var findings: [String]
    }

    func run() async throws {
      let workshop = try Workshop(options)
      let keys = (try? SigningKey.load(at: workshop.state.signingKey.path))?.noteKey.map { [$0] } ?? []
      let external = try checkpoint.map { try String(contentsOfFile: $0, encoding: .utf8) }
      let verifier = JournalVerifier(folder: workshop.state.url, keys: keys)
      var found = try verifier.verify(external: external)
      found.findings += try verifier.checkStructure()
      let result = Result(
        intact: found.isIntact, entries: found.entries, checkpoints: found.checkpoints,
        signaturesChecked: found.signaturesChecked, findings: found.findings.map(\.description))
      if options.isJSON {
        try Terminal.json(result)
      } else if found.isIntact {
        let signed =
          found.signaturesChecked
          ? "signed head and \(found.checkpoints) checkpoints agree" : "no key here to check the signed head with"
        print("journal intact: \(found.entries) entries, \(signed)")
      } else {
        for finding in result.findings { print(finding) }
        print("journal NOT intact: \(result.findings.count) findings in \(found.entries) entries")
      }
      if !found.isIntact { throw ExitCode(ExitStatus.failed.rawValue) }
    }
  }

  struct Checkpoint: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Seals the journal as it is now; keep the printed checkpoint somewhere else.")

    @OptionGroup var options: CommonOptions

    func run() async throws {
      let workshop = try Workshop(options)
      let (_, journal) = try await workshop.engine(observer: SilentObserver())
      let key = try SigningKey.load(at: workshop.state.signingKey.path)
      let note: String
      do {
        note = try journal.checkpoint(signedBy: key.noteSigner)
      } catch {
        await journal.close()
        throw error
      }
      await journal.close()
      if options.isJSON { return try Terminal.json(["checkpoint": note, "key": key.noteKey?.description ?? ""]) }
      Terminal.write(note)
    }
  }

  struct Rebuild: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Drops the SQL tables and folds them out of the journal again.")

    @OptionGroup var options: CommonOptions

    func run() async throws {
      let workshop = try Workshop(options)
      let (_, journal) = try await workshop.engine(observer: SilentObserver())
      do {
        try await ProjectionRebuild.run(journal, project: try workshop.pipeline().project)
      } catch {
        await journal.close()
        throw error
      }
      await journal.close()
      if options.isJSON { return try Terminal.json(["rebuilt": true]) }
      print("the SQL tables were folded out of the journal again")
    }
  }
}
