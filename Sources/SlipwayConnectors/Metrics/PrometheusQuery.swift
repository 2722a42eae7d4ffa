internal import SlipwayModel

/// A query of the pipeline file with its places for slot and release.
struct PrometheusQuery: Sendable {
  /// What the query is for, as the pipeline file calls it.
  let purpose: String
  let template: String

  private static let slotPlace = "${slot}"
  private static let releasePlace = "${release}"

  /// - Throws: `misconfigured` when the query would give both slots the same figures, so that a watch would judge blue for green.
  init(_ purpose: String, _ template: String) throws(ConnectorError) {
    guard template.contains(Self.slotPlace) || template.contains(Self.releasePlace) else {
      throw ConnectorError(
        .misconfigured,
        "the Prometheus query '\(purpose)' names neither ${slot} nor ${release}, so blue and green would get the same figures; "
          + "select by one of them")
    }
    self.purpose = purpose
    self.template = template
  }

  /// The query for `slot`; nil when it selects by release and the slot holds none.
  func filled(slot: Slot, release: ReleaseID?) -> String? {
    var query = template.replacing(Self.slotPlace, with: slot.rawValue)
    if query.contains(Self.releasePlace) {
      guard let release else { return nil }
      query = query.replacing(Self.releasePlace, with: Self.escaped(release.text))
    }
    return query
  }

  /// Text that means itself inside a PromQL string in either kind of quotes.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "'", "`", "\\", "\u{0}"..."\u{1f}", "\u{7f}":
        let digits = String(scalar.value, radix: 16)
        result += "\\x" + (digits.count == 1 ? "0" : "") + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
