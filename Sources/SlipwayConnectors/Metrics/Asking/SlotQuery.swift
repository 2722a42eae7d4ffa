internal import SlipwayModel

/// A query of the pipeline file with its places for slot and release.
struct SlotQuery: Sendable {
  /// What the query is for, as messages call it: `Prometheus query 'errors'`.
  let purpose: String
  let template: String

  /// - Throws: `misconfigured` when the query would give both slots the same figures, so that a watch would judge blue for green.
  init(_ purpose: String, _ template: String) throws(ConnectorError) {
    guard SlotPlaces.stand(in: template) else {
      throw ConnectorError(
        .misconfigured,
        "the \(purpose) names neither ${slot} nor ${release}, so blue and green would get the same figures; "
          + "select by one of them")
    }
    self.purpose = purpose
    self.template = template
  }

  /// The query for `slot`, values escaped as PromQL has it inside quotes of any kind; nil when it selects by release and the slot holds none.
  func inPromQL(slot: Slot, release: ReleaseID?) -> String? {
    SlotPlaces.filled(template, slot: slot, release: release, quote: Self.escaped)
  }

  /// With values that hold nothing but letters, digits and `-_.:+~@/`, for languages whose quoting is not known here.
  ///
  /// - Throws: `misconfigured` when the release's id has another character, which could end a quote.
  func plainly(slot: Slot, release: ReleaseID?) throws(ConnectorError) -> String? {
    if let release, template.contains("${release}"), !release.text.allSatisfy(Self.isPlain) {
      throw ConnectorError(
        .misconfigured,
        "the release '\(release)' has characters that cannot stand in the \(purpose); select by ${slot} instead")
    }
    return SlotPlaces.filled(template, slot: slot, release: release)
  }

  private static func isPlain(_ character: Character) -> Bool {
    character.isASCII && (character.isLetter || character.isNumber || "-_.:+~@/".contains(character))
  }

  /// Text that means itself inside a PromQL string in any kind of quotes.
  static func escaped(_ text: String) -> String {
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
