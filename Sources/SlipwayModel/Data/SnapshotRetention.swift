/// Which snapshots may go: of each environment so many are kept, and all that are young or needed.
package struct SnapshotRetention: Sendable, Equatable {
  /// So many of each environment are always kept.
  package var keep: Int
  /// And all that are younger.
  package var keepFor: Span

  package init(keep: Int, keepFor: Span) {
    self.keep = keep
    self.keepFor = keepFor
  }

  /// What the rule has to know about a snapshot.
  package struct Candidate: Sendable, Equatable {
    package var id: SnapshotID
    package var environment: EnvironmentName
    package var takenAt: Timestamp

    package init(id: SnapshotID, environment: EnvironmentName, takenAt: Timestamp) {
      self.id = id
      self.environment = environment
      self.takenAt = takenAt
    }
  }

  /// What becomes of one snapshot, and why.
  package struct Verdict: Codable, Sendable, Equatable {
    package var id: SnapshotID
    package var environment: EnvironmentName
    package var takenAt: Timestamp
    package var reason: Reason

    package var goes: Bool { reason == .old }
  }

  /// Why a snapshot stays or goes.
  package enum Reason: String, Codable, Sendable {
    /// An open run or rollback window may go back to it.
    case needed
    /// It is among the last of its environment.
    case recent
    /// It is younger than the time for which snapshots are kept, or from the future, which says that a clock was wrong.
    case young
    /// None of these: it may go.
    case old
  }

  /// Judges every snapshot, oldest first.
  ///
  /// - Parameters:
  ///   - candidates: all there are, in any order.
  ///   - needed: those that an open run or an open rollback window may go back to.
  ///   - now: the present.
  /// - Returns: one verdict for each.
  package func judge(_ candidates: [Candidate], needed: Set<SnapshotID>, at now: Timestamp) -> [Verdict] {
    let sorted = candidates.sorted { ($0.takenAt, $0.id) < ($1.takenAt, $1.id) }
    var later: [EnvironmentName: Int] = [:]
    let verdicts = sorted.reversed().map { candidate in
      let newer = later[candidate.environment, default: 0]
      later[candidate.environment] = newer + 1
      let reason: Reason =
        switch true {
        case needed.contains(candidate.id): .needed
        case newer < keep: .recent
        case now - candidate.takenAt <= keepFor: .young
        default: .old
        }
      return Verdict(
        id: candidate.id, environment: candidate.environment, takenAt: candidate.takenAt, reason: reason)
    }
    return verdicts.reversed()
  }
}
