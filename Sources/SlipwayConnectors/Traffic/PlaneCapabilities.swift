package import SlipwayModel

/// What the engine must know of a data plane; what people should know of it is in docs/planes.md, and whether it counts is said by
/// ``TrafficSpec/countsPerSlot``, because a pipeline file is refused for it.
package struct PlaneCapabilities: Sendable, Equatable {
  /// How long after a change was read back new requests may still reach the slot that lost its share.
  package var settles: Span
  /// Whether ``TrafficPlane/cut(_:)`` ends open connections.
  package var cuts: Bool

  package init(settles: Span, cuts: Bool) {
    self.settles = settles
    self.cuts = cuts
  }
}
