/// What a report says about itself: what it is about, and when it was made. Empty where it says nothing.
package struct ReportOrigin: Codable, Sendable, Equatable {
  /// Commits of the source that it looked at; more than one only where several runs stand in one file.
  package var commits: [String]
  /// Digests of the artifact that it looked at.
  package var digests: [Digest]
  /// The version of what it looked at, as the file calls it.
  package var version: String?
  /// When it was made, the earliest time that it states.
  package var madeAt: Timestamp?
  /// The time was stated without a zone and read as UTC, so that it can be wrong by ``widestZone``.
  package var isZoneless: Bool
  /// What the file cannot say or was not believed in, for people to see.
  package var caveats: [String]

  package init(
    commits: [String] = [], digests: [Digest] = [], version: String? = nil, madeAt: Timestamp? = nil,
    isZoneless: Bool = false, caveats: [String] = []
  ) {
    self.commits = commits
    self.digests = digests
    self.version = version
    self.madeAt = madeAt
    self.isZoneless = isZoneless
    self.caveats = caveats
  }

  /// The zone farthest ahead of UTC.
  package static let widestZone = Span.hours(14)
  /// Clocks of two machines may differ by so much.
  package static let clockTolerance = Span.minutes(5)

  /// Why the stated time cannot be true for what was in somebody's hands at `handedIn`; nil when it can.
  package func impossibleTime(handedIn: Timestamp) -> String? {
    guard let madeAt else { return nil }
    let latest = handedIn + (isZoneless ? Self.widestZone : Self.clockTolerance)
    return madeAt > latest ? "states that it was made at \(madeAt), which is in the future of \(handedIn)" : nil
  }

  /// Why the file is about something else than `release`; nil when nothing in it says so.
  ///
  /// What the file states and the release does not is not compared. `others` are all other releases: a version that one of them has is theirs.
  package func disagreement(with release: Release, others: some Sequence<ReleaseID>) -> String? {
    if let commit = release.commit, let other = commits.first(where: { !Self.isSame($0, commit) }) {
      return "it is about commit \(other), and release \(release.id) was built from \(commit)"
    }
    if let digest = release.digest, let other = digests.first, !digests.contains(digest) {
      return "it is about \(other), and release \(release.id) is \(digest)"
    }
    guard let version, !Self.isSame(version: version, release.id),
      let other = others.first(where: { Self.isSame(version: version, $0) && $0 != release.id })
    else { return nil }
    // The digest is the stronger word.
    if let digest = release.digest, digests.contains(digest) { return nil }
    return "it is about version \(version), which is release \(other)"
  }

  /// Whether two ways to write a commit mean the same: one may be cut short to no less than seven digits.
  package static func isSame(_ left: String, _ right: String) -> Bool {
    let (left, right) = (left.lowercased(), right.lowercased())
    if left == right { return true }
    let isShort = min(left.utf8.count, right.utf8.count) >= 7
    let isHex = (left + right).utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    return isShort && isHex && (left.hasPrefix(right) || right.hasPrefix(left))
  }

  private static func isSame(version: String, _ id: ReleaseID) -> Bool {
    func plain(_ text: String) -> Substring { text.hasPrefix("v") ? text.dropFirst() : text[...] }
    return plain(version) == plain(id.text)
  }
}

extension Report {
  /// When it was made: by its own word, which a time without a zone gives only roughly, else when it was handed in.
  package var madeAt: Timestamp {
    guard let origin, let stated = origin.madeAt else { return at }
    return origin.isZoneless ? min(stated, at) : stated
  }

  /// Whether it was handed in for this very artifact: by digest where the release has one, else by commit.
  package func isBound(to release: Release) -> Bool {
    guard self.release == release.id, releaseDigest == release.digest else { return false }
    return release.digest != nil || releaseCommit == release.commit
  }
}
