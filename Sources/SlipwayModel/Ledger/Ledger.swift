/// What is known outside the runs: releases, their proofs, freezes, and what each environment has served.
///
/// A fold over the journal's entries in order; nothing else may change it.
package struct Ledger: Codable, Sendable, Equatable {
  package private(set) var releases: [ReleaseID: Release] = [:]
  /// Why a release is promoted nowhere.
  package private(set) var quarantine: [ReleaseID: String] = [:]
  package private(set) var reports: [ReleaseID: [Report]] = [:]
  /// Freezes from the command line, by name.
  package private(set) var freezes: [String: Freeze] = [:]
  package private(set) var environments: [EnvironmentName: EnvironmentState] = [:]
  /// Releases that were turned down and not handed in again since.
  package private(set) var rejections: [ReleaseID: Rejection] = [:]
  /// Exceptions that somebody still has to look back at, by run.
  package private(set) var reviews: [RunID: ReviewTask] = [:]

  package init() {}

  /// Folds one fact in.
  package mutating func apply(_ event: LedgerEvent, at time: Timestamp) {
    switch event {
    case .releaseAdded(let release): releases[release.id] = release
    case .releaseQuarantined(let id, let reason): quarantine[id] = reason
    case .reportAdded(let report): reports[report.release, default: []].append(report)
    case .freezeAdded(let freeze): freezes[freeze.name] = freeze
    case .freezeRemoved(let name, _): freezes[name] = nil
    case .environmentServes(let name, let placement):
      environments[name, default: EnvironmentState()].serve(placement, at: time)
    case .environmentRolledBack(let name, let failed):
      environments[name, default: EnvironmentState()].failed(failed, at: time)
    case .slotEmptied(let name, let slot):
      environments[name, default: EnvironmentState()].emptied(slot)
    case .verificationFailed(let name, let release, let reason):
      environments[name, default: EnvironmentState()].revoke(release, reason, at: time)
    case .verificationPassed(let name, let release):
      environments[name, default: EnvironmentState()].restore(release, at: time)
    case .releaseRejected(let id, let rejection): rejections[id] = rejection
    case .releaseResubmitted(let id, _): rejections[id] = nil
    case .reviewDue(let task): reviews[task.run] = task
    case .reviewed(let run, _, _): reviews[run] = nil
    case .snapshot: break
    }
  }
}

/// A fact about something other than a run's steps.
package enum LedgerEvent: Codable, Sendable, Equatable {
  case releaseAdded(Release)
  case releaseQuarantined(ReleaseID, reason: String)
  case reportAdded(Report)
  case freezeAdded(Freeze)
  case freezeRemoved(name: String, by: Person? = nil)
  /// The placement was verified and serves everything from now on.
  case environmentServes(EnvironmentName, Placement)
  /// A run failed with this release after it had taken traffic; what served before serves again.
  case environmentRolledBack(EnvironmentName, failed: Placement)
  case slotEmptied(EnvironmentName, Slot)
  /// What serves there was looked at again and was not well: its stay counts for nothing any more.
  case verificationFailed(EnvironmentName, ReleaseID, reason: String)
  /// What serves there was looked at again and was well.
  case verificationPassed(EnvironmentName, ReleaseID)
  /// A person turned the release down; it is promoted again only when something was done about it.
  case releaseRejected(ReleaseID, Rejection)
  case releaseResubmitted(ReleaseID, note: String)
  /// An exception was used that another person has to look back at.
  case reviewDue(ReviewTask)
  case reviewed(RunID, by: Person, note: String)
  /// A person took, restored or deleted a snapshot.
  case snapshot(SnapshotNote)

  /// The same fact with who ordered it and when, where it keeps that.
  package func signed(by person: Person, at time: Timestamp) -> LedgerEvent {
    switch self {
    case .freezeAdded(var freeze):
      (freeze.by, freeze.at) = (person, time)
      return .freezeAdded(freeze)
    case .freezeRemoved(let name, _): return .freezeRemoved(name: name, by: person)
    case .releaseAdded, .releaseQuarantined, .reportAdded, .environmentServes, .environmentRolledBack, .slotEmptied,
      .verificationFailed, .verificationPassed, .releaseRejected, .releaseResubmitted, .reviewDue, .reviewed,
      .snapshot:
      return self
    }
  }

  /// How the names of all these streams begin; who reads the ledger anew reads these.
  package static let streamPrefixes = ["release:", "freeze:", "environment:", "review:", "snapshot:"]

  /// The stream of the journal that the fact belongs to.
  package var stream: String {
    switch self {
    case .releaseAdded(let release): "release:\(release.id)"
    case .releaseQuarantined(let id, _): "release:\(id)"
    case .reportAdded(let report): "release:\(report.release)"
    case .freezeAdded(let freeze): "freeze:\(freeze.name)"
    case .freezeRemoved(let name, _): "freeze:\(name)"
    case .environmentServes(let name, _), .environmentRolledBack(let name, _), .slotEmptied(let name, _),
      .verificationFailed(let name, _, _), .verificationPassed(let name, _):
      "environment:\(name)"
    case .releaseRejected(let id, _), .releaseResubmitted(let id, _): "release:\(id)"
    case .reviewDue(let task): "review:\(task.run)"
    case .reviewed(let run, _, _): "review:\(run)"
    case .snapshot(let note): "snapshot:\(note.id)"
    }
  }

  /// The kind of fact in the journal.
  package var kind: String {
    switch self {
    case .releaseAdded: "release.added"
    case .releaseQuarantined: "release.quarantined"
    case .reportAdded: "report.added"
    case .freezeAdded: "freeze.added"
    case .freezeRemoved: "freeze.removed"
    case .environmentServes: "environment.serves"
    case .environmentRolledBack: "environment.rolled_back"
    case .slotEmptied: "environment.slot_emptied"
    case .verificationFailed: "environment.verification_failed"
    case .verificationPassed: "environment.verification_passed"
    case .releaseRejected: "release.rejected"
    case .releaseResubmitted: "release.resubmitted"
    case .reviewDue: "review.due"
    case .reviewed: "review.done"
    case .snapshot(let note): "snapshot.\(note.word.rawValue)"
    }
  }
}

extension ReleaseID: CodingKeyRepresentable {
  package var codingKey: any CodingKey { PlainKey(text) }
  package init?<Key: CodingKey>(codingKey: Key) { self.init(codingKey.stringValue) }
}

/// What an environment serves, has served, and for how long.
package struct EnvironmentState: Codable, Sendable, Equatable {
  /// Serves now.
  package private(set) var live: Placement?
  /// Served before; stays startable in its slot until it is emptied.
  package private(set) var previous: Placement?
  /// Slots whose former release was removed.
  package private(set) var emptied: [Slot] = []
  /// Every stay of a verified release, oldest first; the last one without an end is the present.
  package private(set) var stays: [Stay] = []
  /// The last verification that was taken away, and why; nil once the release was verified again.
  package private(set) var revocation: Revocation?

  package init() {}

  /// A verification that a later look took away.
  package struct Revocation: Codable, Sendable, Equatable {
    package var release: Release
    package var at: Timestamp
    package var reason: String
  }

  /// How long a verified release stayed without a break.
  package struct Stay: Codable, Sendable, Equatable {
    package var release: Release
    package var from: Timestamp
    package var until: Timestamp?
  }

  mutating func serve(_ placement: Placement, at time: Timestamp) {
    closeStay(at: time)
    if let live, live.slot != placement.slot { previous = live }
    emptied.removeAll { $0 == placement.slot }
    live = placement
    revocation = nil
    stays.append(Stay(release: placement.release, from: time, until: nil))
  }

  /// A release that failed here has no verified stay that counts any more. Had it been recorded as live already, what served before serves again,
  /// or the calendar would empty the slot that serves.
  mutating func failed(_ placement: Placement, at time: Timestamp) {
    stays.removeAll { $0.release == placement.release }
    guard let live, live.run == placement.run, live.slot == placement.slot else { return }
    self.live = previous
    previous = nil
    if let back = self.live { stays.append(Stay(release: back.release, from: time, until: nil)) }
  }

  /// A failed look at what serves: no earlier stay of it counts, and none begins before it was verified again.
  mutating func revoke(_ id: ReleaseID, _ reason: String, at time: Timestamp) {
    guard let live, live.release.id == id else { return }
    stays.removeAll { $0.release == live.release }
    revocation = Revocation(release: live.release, at: time, reason: reason)
  }

  /// What serves was found well: where its verification had been taken away, a new stay begins.
  mutating func restore(_ id: ReleaseID, at time: Timestamp) {
    guard let live, live.release.id == id, revocation != nil else { return }
    revocation = nil
    stays.append(Stay(release: live.release, from: time, until: nil))
  }

  mutating func emptied(_ slot: Slot) {
    if !emptied.contains(slot) { emptied.append(slot) }
  }

  private mutating func closeStay(at time: Timestamp) {
    guard let last = stays.indices.last, stays[last].until == nil else { return }
    stays[last].until = time
  }

  /// When the release was first verified here with this very artifact; nil when it never was.
  package func verified(_ release: Release) -> Timestamp? {
    stays.first { $0.release == release }?.from
  }

  /// The longest stay of the release so far, and whether it is the present one.
  package func longestStay(of release: Release, at now: Timestamp) -> (span: Span, isCurrent: Bool, since: Timestamp)? {
    lengths(of: release, at: now).max { $0.span < $1.span }
  }

  /// The present stay of the release; nil when another one serves.
  package func currentStay(of release: Release, at now: Timestamp) -> (span: Span, isCurrent: Bool, since: Timestamp)? {
    lengths(of: release, at: now).first { $0.isCurrent }
  }

  private func lengths(of release: Release, at now: Timestamp) -> [(span: Span, isCurrent: Bool, since: Timestamp)] {
    stays.filter { $0.release == release }
      .map { (span: ($0.until ?? now) - $0.from, isCurrent: $0.until == nil, since: $0.from) }
  }
}
