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

    /// A release with where it serves, in one object.
    private struct Listed: Encodable {
      var release: Release
      var serves: [VersionRecord]

      enum CodingKeys: CodingKey {
        case serves
      }

      func encode(to encoder: any Encoder) throws {
        try release.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(serves, forKey: .serves)
      }
    }

    func run() async throws {
      let workshop = try Workshop(options)
      let archive = try workshop.archive()
      let ledger = try await archive.ledger()
      let records = try await VersionRecord.all(ledger, archive)
      // Without a readable pipeline file nobody knows the order of the environments; the list is still worth having.
      let environments = (try? workshop.pipeline())?.environments ?? []
      let releases = ledger.releases.values.sorted { $0.id < $1.id }
      if options.isJSON {
        return try Terminal.json(
          releases.map { release in
            Listed(release: release, serves: records.filter { $0.version == release.id })
          })
      }
      let paint = Terminal(options).paint
      var table = Table(["release", "state", "artifact", "digest", "commit", "reports", "serves", ""])
      for release in releases {
        table.add([
          release.id.text, ledger.state(of: release, through: environments), release.artifact,
          release.digest.map { String($0.description.prefix(19)) } ?? "-",
          release.commit ?? "-", String(ledger.reports[release.id]?.count ?? 0),
          records.filter { $0.version == release.id }.map(\.environment.text).joined(separator: ", "),
          (ledger.quarantine[release.id] ?? ledger.rejections[release.id].map { "by \($0.by): \($0.reason)" })
            .map { paint.red($0) } ?? "",
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
      var state: String
      var quarantined: String?
      var rejected: Rejection?
      var reports: [Report]
      var stays: [Stay]
      var serves: [VersionRecord]

      struct Stay: Encodable {
        var environment: EnvironmentName
        var from: Timestamp
        var until: Timestamp?
      }
    }

    func run() async throws {
      let workshop = try Workshop(options)
      let archive = try workshop.archive()
      let ledger = try await archive.ledger()
      let environments = (try? workshop.pipeline())?.environments ?? []
      let id = ReleaseID(release)
      guard let found = ledger.releases[id] else {
        throw CommandError(.usage, "release '\(release)' is not registered; list them with: slipway release list")
      }
      let stays = ledger.environments.sorted { $0.key < $1.key }.flatMap { name, state in
        state.stays.filter { $0.release.id == id }.map { View.Stay(environment: name, from: $0.from, until: $0.until) }
      }
      let view = View(
        release: found, state: ledger.state(of: found, through: environments), quarantined: ledger.quarantine[id],
        rejected: ledger.rejections[id], reports: ledger.reports[id] ?? [], stays: stays,
        serves: try await VersionRecord.all(ledger, archive).filter { $0.version == id })
      if options.isJSON { return try Terminal.json(view) }
      print(
        "release   \(found.id)\nstate     \(view.state)\nartifact  \(found.artifact)\ndigest    \(found.digest?.description ?? "not stated")"
      )
      print("commit    \(found.commit ?? "not stated")\nci run    \(found.ciRun ?? "not stated")")
      if let reason = view.quarantined { print("quarantined: \(reason)") }
      if let rejection = view.rejected {
        print("rejected  in run \(rejection.run) by \(rejection.by): \(rejection.reason)")
      }
      for report in view.reports { print("report    \(report.label)  \(report.file)  \(report.at)  \(report.digest)") }
      for record in view.serves { print("serves    \(record.line)") }
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

/// Which version an environment serves, since when and by whom (D6).
struct VersionRecord: Encodable {
  var version: ReleaseID
  var environment: EnvironmentName
  var requestedBy: Person?
  var approvedBy: [Person]
  var since: Timestamp
  var run: RunID

  /// The records of what serves now, by environment.
  ///
  /// - Throws: a journal error.
  static func all(_ ledger: Ledger, _ archive: RunArchive) async throws -> [VersionRecord] {
    var records: [VersionRecord] = []
    for (name, state) in ledger.environments.sorted(by: { $0.key < $1.key }) {
      guard let live = state.live else { continue }
      let run = try? await archive.promotion(live.run)
      records.append(
        VersionRecord(
          version: live.release.id, environment: name, requestedBy: run?.requester,
          approvedBy: run?.approvals.map(\.person) ?? [], since: live.since, run: live.run))
    }
    return records
  }

  /// For people, in one line.
  var line: String {
    let asked = requestedBy.map { ", asked for by \($0)" } ?? ""
    let approved = approvedBy.isEmpty ? "" : ", approved by \(approvedBy.map(\.text).joined(separator: ", "))"
    return "\(environment) since \(since)\(asked)\(approved), run \(run)"
  }
}
