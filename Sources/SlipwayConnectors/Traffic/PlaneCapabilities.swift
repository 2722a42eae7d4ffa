package import SlipwayModel

/// What can be expected of a data plane; measured figures are in the notes of each plane (docs/planes.md).
package struct PlaneCapabilities: Sendable, Equatable {
  /// How requests are dealt.
  package enum Dealing: String, Sendable, CaseIterable {
    /// Every stretch of requests has the share that was asked for.
    case exact
    /// Each request by chance, so that a small number of them differs from the share.
    case random
  }

  package var dealing: Dealing
  /// How long after a change was read back new requests may still reach the slot that lost its share.
  package var settles: Span
  /// Whether ``TrafficPlane/counters(now:)`` counts each slot; a watch needs another source where it does not.
  package var countsPerSlot: Bool
  /// Whether blue answers for a dead green.
  package var fallsBack: Bool
  /// Whether ``TrafficPlane/inFlight(_:)`` knows.
  package var tellsInFlight: Bool
  /// Whether ``TrafficPlane/cut(_:)`` ends open connections.
  package var cuts: Bool
  /// Whether a change closes clients' idle connections, which loses requests that race with it.
  package var closesKeepAlives: Bool

  package init(
    dealing: Dealing, settles: Span, countsPerSlot: Bool, fallsBack: Bool, tellsInFlight: Bool,
    cuts: Bool, closesKeepAlives: Bool = false
  ) {
    self.dealing = dealing
    self.settles = settles
    self.countsPerSlot = countsPerSlot
    self.fallsBack = fallsBack
    self.tellsInFlight = tellsInFlight
    self.cuts = cuts
    self.closesKeepAlives = closesKeepAlives
  }
}
