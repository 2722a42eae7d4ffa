internal import SlipwayModel

/// Collects what a report says about itself while it is read.
struct OriginNotes {
  private var origin = ReportOrigin()

  /// More than this is no statement.
  private static let most = 20

  mutating func commit(_ text: String?) {
    guard let text, !text.isEmpty else { return }
    let plain = FindingTally.plain(text, 100)
    if !origin.commits.contains(plain), origin.commits.count < Self.most { origin.commits.append(plain) }
  }

  mutating func digest(_ digest: Digest?) {
    guard let digest, !origin.digests.contains(digest), origin.digests.count < Self.most else { return }
    origin.digests.append(digest)
  }

  /// The digest in a reference such as `registry/app@sha256:…`, in a bare `sha256:…`, or in a package URL, which writes the colon as `%3A`.
  mutating func digest(in reference: String?) {
    guard let reference else { return }
    let text = reference.replacing("%3A", with: ":").replacing("%3a", with: ":")
    guard let mark = text.firstRange(of: "sha256:") else { return }
    let hex = text[mark.upperBound...].prefix { $0.isHexDigit }
    digest(Digest(hex: String(hex)))
  }

  mutating func version(_ text: String?) {
    guard let text, !text.isEmpty, !text.hasPrefix("sha256:") else { return }
    origin.version = FindingTally.plain(text, 100)
  }

  /// A time as its format writes it; the earliest counts, and what is no time is said.
  ///
  /// - Returns: whether it could be read.
  @discardableResult
  mutating func time(_ text: String?) -> Bool {
    guard let text, !text.isEmpty else { return true }
    let isShort = text.utf8.count <= 60
    if isShort, let time = Timestamp(rfc3339: text) ?? Timestamp(rfc3339: Self.withColon(text)) {
      note(time, isZoneless: false)
    } else if isShort, let time = Timestamp(rfc3339: text + "Z") {
      note(time, isZoneless: true)
    } else {
      caveat("states a time that cannot be read: '\(text.prefix(40))'")
      return false
    }
    return true
  }

  /// `+0100` as `+01:00`: what `strftime` writes is not RFC 3339.
  private static func withColon(_ text: String) -> String {
    let end = text.suffix(5)
    guard end.utf8.count == 5, end.hasPrefix("+") || end.hasPrefix("-") else { return text }
    return text.dropLast(2) + ":" + text.suffix(2)
  }

  /// Since 1970, in milliseconds; small numbers are taken as seconds, which some tools write.
  mutating func time(sinceEpoch count: Int64?) {
    guard let count, count > 0, count < 100_000_000_000_000 else { return }
    note(Timestamp(milliseconds: count < 100_000_000_000 ? count * 1_000 : count), isZoneless: false)
  }

  /// Years that no tool ran in are a value that was never set.
  private mutating func note(_ time: Timestamp, isZoneless: Bool) {
    guard time.milliseconds > 0 else { return }
    if let earlier = origin.madeAt, earlier <= time { return }
    origin.madeAt = time
    origin.isZoneless = isZoneless
  }

  mutating func caveat(_ text: String) {
    let plain = FindingTally.plain(text, 300)
    if !origin.caveats.contains(plain), origin.caveats.count < Self.most { origin.caveats.append(plain) }
  }

  /// Everything noted.
  var whole: ReportOrigin {
    var whole = origin
    if whole.isZoneless { whole.caveats.append("states its time without a zone; read as UTC") }
    return whole
  }
}

/// What a report file says: its figures, and what they are about.
struct ReportStatement {
  var content: ReportContent
  var origin = ReportOrigin()
}
