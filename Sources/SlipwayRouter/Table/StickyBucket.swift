internal import SlipwayModel

/// Which of a hundred buckets a client belongs to, kept in a cookie of the client's.
///
/// The lowest buckets go to the candidate, as many as it has percent: who is on it stays there while its share grows, and everybody goes
/// back with a rollback, whatever the cookie says.
struct StickyBucket: Equatable {
  static let cookie = "slipway-bucket"
  let number: Int

  /// Reads a cookie's value.
  init?(_ text: Substring) {
    guard (1...2).contains(text.utf8.count), let number = Int(text), number >= 0 else { return nil }
    self.number = number
  }

  /// A bucket whose clients `slot` serves now, by chance.
  init?(for slot: Slot, _ split: Split, using random: inout some RandomNumberGenerator) {
    let share = split[Self.low(split)]
    let range = slot == Self.low(split) ? 0..<share : share..<100
    guard let number = range.randomElement(using: &random) else { return nil }
    self.number = number
  }

  /// The slot that serves this bucket; nil when nothing is served.
  func slot(_ split: Split) -> Slot? {
    guard split.a + split.b == 100 else { return nil }
    let low = Self.low(split)
    return number < split[low] ? low : low.other
  }

  /// The candidate's slot.
  private static func low(_ split: Split) -> Slot { split.fallback?.other ?? .b }

  /// The whole field value.
  func field(maxAge: Span, isSecure: Bool) -> String {
    "\(Self.cookie)=\(number); Path=/; Max-Age=\(maxAge.milliseconds / 1_000); HttpOnly; SameSite=Lax"
      + (isSecure ? "; Secure" : "")
  }
}
