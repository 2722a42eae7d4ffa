internal import ArgumentParser
internal import Foundation
internal import SlipwayConnectors
internal import SlipwayEngine
internal import SlipwayJournal
internal import SlipwayModel

struct ReleaseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "release", abstract: "Registers and shows what can be promoted.",
    subcommands: [Add.self, List.self, Show.self, Quarantine.self])

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Registers a release; its contents never change afterwards.")

    @OptionGroup var options: CommonOptions
    @Argument(help: "The release's name, such as 1.4.2.") var release: String
    @Option(name: .long, help: "A file, an image reference, or whatever the deploy tool understands.") var artifact:
      String
    @Option(name: .long, help: "sha256:… at build time; for a file it is computed when left out.") var digest: String?
    @Option(name: .long, help: "The commit that was built.") var commit: String?
    @Option(name: .customLong("ci-run"), help: "The CI run that built it.") var ciRun: String?

    func run() async throws {
      let allowed = release.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-+".contains($0)) }
      guard !release.isEmpty, release.count <= 100, allowed else {
        throw CommandError(.usage, "a release name has 1 to 100 of the characters A-Z a-z 0-9 . _ - +")
      }
      let workshop = try Workshop(options)
      let added = Release(
        id: ReleaseID(release), artifact: artifact, digest: try stated(workshop), commit: commit, ciRun: ciRun)
      let reply = try await workshop.hand(.ledger(.releaseAdded(added))).orRefusal()
      if options.isJSON { return try Terminal.json(added) }
      print("\(reply.message)\(added.digest.map { ", \($0)" } ?? "")")
    }

    private func stated(_ workshop: Workshop) throws -> Digest? {
      if let digest {
        guard let read = Digest(digest) else {
          throw CommandError(.usage, "'\(digest)' is no digest; expected sha256: and 64 hexadecimal digits")
        }
        return read
      }
      switch ArtifactReference(artifact, folder: options.root.path) {
      case .file(let path): return try FileDigest.of(path)
      case .byDigest(let digest): return digest
      case .tag: return nil
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists the registered releases.")

    @OptionGroup var options: CommonOptions

    func run() async throws {
      let ledger = try await Workshop(options).archive().ledger()
      let releases = ledger.releases.values.sorted { $0.id < $1.id }
      if options.isJSON { return try Terminal.json(releases) }
      let paint = Terminal(options).paint
      var table = Table(["release", "artifact", "digest", "commit", "reports", ""])
      for release in releases {
        table.add([
          release.id.text, release.artifact, release.digest.map { String($0.description.prefix(19)) } ?? "-",
          release.commit ?? "-", String(ledger.reports[release.id]?.count ?? 0),
          ledger.quarantine[release.id].map { paint.red("quarantined: \($0)") } ?? "",
        ])
      }
      table.lines().forEach { print($0) }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Shows a release, its proofs and where it has been.")

    @OptionGroup var options: CommonOptions
    @Argument(help: "The release.") var release: String

    private struct View: Encodable {
      var release: Release
      var quarantined: String?
      var reports: [Report]
      var stays: [Stay]

      struct Stay: Encodable {
        var environment: EnvironmentName
        var from: Timestamp
        var until: Timestamp?
      }
    }

    func run() async throws {
      let ledger = try await Workshop(options).archive().ledger()
      let id = ReleaseID(release)
      guard let found = ledger.releases[id] else {
        throw CommandError(.usage, "release '\(release)' is not registered; list them with: slipway release list")
      }
      let stays = ledger.environments.sorted { $0.key < $1.key }.flatMap { name, state in
        state.stays.filter { $0.release.id == id }.map { View.Stay(environment: name, from: $0.from, until: $0.until) }
      }
      let view = View(
        release: found, quarantined: ledger.quarantine[id], reports: ledger.reports[id] ?? [], stays: stays)
      if options.isJSON { return try Terminal.json(view) }
      print(
        "release   \(found.id)\nartifact  \(found.artifact)\ndigest    \(found.digest?.description ?? "not stated")")
      print("commit    \(found.commit ?? "not stated")\nci run    \(found.ciRun ?? "not stated")")
      if let reason = view.quarantined { print("quarantined: \(reason)") }
      for report in view.reports { print("report    \(report.kind)  \(report.file)  \(report.at)  \(report.digest)") }
      for stay in stays {
        print("verified  in \(stay.environment) from \(stay.from) \(stay.until.map { "until \($0)" } ?? "until now")")
      }
    }
  }

  struct Quarantine: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Bars a release from being promoted anywhere.")

    @OptionGroup var options: CommonOptions
    @Argument(help: "The release.") var release: String
    @Option(name: .long, help: "Why.") var reason: String

    func run() async throws {
      let reply = try await Workshop(options).hand(.ledger(.releaseQuarantined(ReleaseID(release), reason: reason)))
        .orRefusal()
      if options.isJSON { return try Terminal.json(reply) }
      print("release \(release) is quarantined: \(reason)")
    }
  }
}

struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Hands in a gate's proof.", subcommands: [Add.self])

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Reads a report, keeps a copy, and binds it to a release.")

    @OptionGroup var options: CommonOptions
    @Argument(help: "The release.") var release: String
    @Option(name: .long, help: "What it is: \(ReportReader.kinds.joined(separator: ", ")).") var kind: String
    @Argument(help: "The report file.") var path: String

    func run() async throws {
      let workshop = try Workshop(options)
      let known = try await workshop.archive().ledger().releases[ReleaseID(release)]
      guard let known else {
        throw CommandError(
          .usage, "release '\(release)' is not registered; add it with: slipway release add \(release) --artifact …")
      }
      let read = try proof()
      try keep(read.data, digest: read.digest, in: workshop.state)
      let report = Report(
        release: known.id, releaseDigest: known.digest, kind: read.kind, file: path, digest: read.digest,
        size: read.data.count,
        at: SystemTime().now(), content: read.content)
      _ = try await workshop.hand(.ledger(.reportAdded(report))).orRefusal()
      if options.isJSON { return try Terminal.json(report) }
      print("\(read.kind) report for \(release): \(ReportText.line(read.content)), \(read.digest)")
    }

    private func proof() throws -> ReadReport {
      guard ReportReader.kinds.contains(kind) else {
        throw CommandError(
          .usage, "report kind '\(kind)' is not known; known: \(ReportReader.kinds.joined(separator: ", "))")
      }
      do throws(ConnectorError) {
        return try ReportReader.read(path, kind: kind)
      } catch {
        // Whatever is wrong with it, the file is what has to be changed.
        throw CommandError(.badInput, error.message)
      }
    }

    /// The bytes are kept under their digest, so that what a gate relied on can be shown later.
    private func keep(_ data: Data, digest: Digest, in state: StateFolder) throws {
      try FileManager.default.createDirectory(at: state.proofs, withIntermediateDirectories: true)
      let file = state.proofs.appending(path: digest.hex)
      guard !FileManager.default.fileExists(atPath: file.path) else { return }
      try data.write(to: file, options: .atomic)
    }
  }
}

/// A report's figures in words.
enum ReportText {
  static func line(_ content: ReportContent) -> String {
    switch content {
    case .review(let kind, let status, let verdict, let severity):
      "\(kind.rawValue) review: status \(status ?? "not stated"), verdict \(verdict ?? "not stated"), severity \(severity?.rawValue ?? "not stated")"
    case .tests(let figures):
      "\(figures.executed) tests executed, \(figures.failed) failed, \(figures.errored) in error, \(figures.skipped) skipped"
    case .coverage(let figures): "\(figures.covered) of \(figures.lines) lines covered"
    case .findings(let figures):
      Severity.allCases.reversed().map { "\(figures.bySeverity[$0] ?? 0) \($0.rawValue)" }.joined(separator: ", ")
        + ", \(figures.unknownSeverity) of unknown severity"
    }
  }
}
