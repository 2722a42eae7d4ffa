internal import ArgumentParser
internal import Foundation
internal import SlipwayConnectors
internal import SlipwayEngine
internal import SlipwayJournal
internal import SlipwayModel

struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Hands in a gate's proof, and lists what was handed in.",
    subcommands: [Add.self, List.self])

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Reads a report, makes sure it is about this release, keeps a copy, and binds it to the release.")

    @OptionGroup var options: CommonOptions
    @Argument(help: "The release.") var release: String
    @Option(name: .long, help: "What it is: \(ReportReader.kinds.joined(separator: ", ")).") var kind: String
    @Option(name: .long, help: "Which of several of its kind, such as load; the newest of a name counts.")
    var name: String?
    @Option(name: .long, help: "The commit it is about; must be the release's.") var commit: String?
    @Option(name: .long, help: "The artifact's digest it is about, sha256:…; must be the release's.")
    var digest: String?
    @Argument(help: "The report file.") var path: String

    func run() async throws {
      let workshop = try Workshop(options)
      let ledger = try await workshop.archive().ledger()
      guard let known = ledger.releases[ReleaseID(release)] else {
        throw CommandError(
          .usage, "release '\(release)' is not registered; add it with: slipway release add \(release) --artifact …")
      }
      try checkName()
      try checkStated(known)
      let read = try proof()
      let now = SystemTime().now()
      try check(read.origin, known, ledger, now)
      if ReviewKind(rawValue: read.kind) != nil, name != nil {
        throw CommandError(.usage, "a review needs no --name: there is one of each kind")
      }
      try ProofShelf(folder: workshop.state.proofs).keep(read.data, digest: read.digest)
      let report = Report(
        release: known.id, releaseDigest: known.digest, releaseCommit: known.commit, kind: read.kind, name: name,
        file: path, digest: read.digest, size: read.data.count, at: now, content: read.content,
        origin: read.origin == ReportOrigin() ? nil : read.origin)
      _ = try await workshop.hand(.ledger(.reportAdded(report))).orRefusal()
      if options.isJSON { return try Terminal.json(report) }
      print("\(report.label) report for \(release): \(ReportText.line(read.content)), \(read.digest)")
      print("bound to \(ReportText.binding(report))")
      for caveat in read.origin.caveats { print("note: \(caveat)") }
    }

    private func checkName() throws {
      guard let name else { return }
      let allowed = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
      guard allowed, (1...63).contains(name.count) else {
        throw CommandError(.usage, "a report's name has 1 to 63 of the characters A-Z a-z 0-9 . _ -")
      }
    }

    /// What the caller says the report is about.
    private func checkStated(_ known: Release) throws {
      if let commit {
        guard let built = known.commit else {
          throw CommandError(
            .badInput,
            "release \(known.id) was registered without a commit, so '\(commit)' cannot be compared; leave --commit out"
          )
        }
        guard ReportOrigin.isSame(commit, built) else {
          throw CommandError(
            .badInput,
            "the report is about commit \(commit), release \(known.id) was built from \(built); nothing was kept")
        }
      }
      guard let digest else { return }
      guard let read = Digest(digest) else {
        throw CommandError(.usage, "'\(digest)' is no digest; expected sha256: and 64 hexadecimal digits")
      }
      guard let built = known.digest else {
        throw CommandError(
          .badInput, "release \(known.id) was registered without a digest, so it cannot be compared; leave --digest out"
        )
      }
      guard read == built else {
        throw CommandError(
          .badInput, "the report is about \(read), release \(known.id) is \(built); nothing was kept")
      }
    }

    /// What the report itself says it is about.
    private func check(_ origin: ReportOrigin, _ known: Release, _ ledger: Ledger, _ now: Timestamp) throws {
      if let reason = origin.disagreement(with: known, others: ledger.releases.keys.sorted()) {
        throw CommandError(
          .badInput, "\(path) is another release's report: \(reason); hand in the one of \(known.id); nothing was kept")
      }
      if let reason = origin.impossibleTime(handedIn: now) {
        throw CommandError(.badInput, "\(path) \(reason); set the clocks right and make it again; nothing was kept")
      }
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
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Lists what was handed in for a release: what it says, what it is bound to, and whether it still counts.")

    @OptionGroup var options: CommonOptions
    @Argument(help: "The release.") var release: String

    private struct Line: Encodable {
      var report: Report
      var madeAt: Timestamp
      /// `counts`, or why not.
      var state: String
    }

    func run() async throws {
      let workshop = try Workshop(options)
      let ledger = try await workshop.archive().ledger()
      guard let known = ledger.releases[ReleaseID(release)] else {
        throw CommandError(.usage, "release '\(release)' is not registered; list them with: slipway release list")
      }
      let all = ledger.reports[known.id] ?? []
      let newest = ledger.newestReports(of: known)
      let damaged = ProofShelf(folder: workshop.state.proofs).damage(among: all.map(\.digest))
      let lines = all.map { report in
        Line(
          report: report, madeAt: report.madeAt,
          state: damaged[report.digest].map { "kept bytes \($0.rawValue)" }
            ?? (!report.isBound(to: known) ? "other artifact" : newest.contains(report) ? "counts" : "superseded"))
      }
      if options.isJSON { return try Terminal.json(lines) }
      var table = Table(["report", "state", "says", "made", "handed in", "bound to", "file"])
      for line in lines {
        let report = line.report
        table.add([
          report.label, line.state, ReportText.line(report.content), "\(line.madeAt)", "\(report.at)",
          ReportText.binding(report), report.file,
        ])
      }
      print(lines.isEmpty ? "nothing was handed in for \(release)" : table.lines().joined(separator: "\n"))
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
        + (figures.examined.map { ", \($0) examined" } ?? "")
    }
  }

  /// What a report counts for, and whether the file itself says so.
  static func binding(_ report: Report) -> String {
    let origin = report.origin ?? ReportOrigin()
    if let digest = report.releaseDigest {
      return "\(digest)\(origin.digests.contains(digest) ? ", as the file says" : "")"
    }
    if let commit = report.releaseCommit {
      let isSaid = origin.commits.contains { ReportOrigin.isSame($0, commit) }
      return "commit \(commit)\(isSaid ? ", as the file says" : "")"
    }
    return "the name \(report.release) alone, which has neither digest nor commit"
  }
}
