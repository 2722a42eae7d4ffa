package import SlipwayModel

/// Where the traffic of one environment is divided between its two slots.
///
/// An acknowledgement proves nothing: the engine reads back after every ``apply(_:targets:generation:)``. All calls have a deadline of their
/// own (a few seconds) and end early when their task is cancelled. Repeating a call with the same values is harmless.
package protocol TrafficPlane: Sendable {
  /// What the data plane does now, asked from it, not remembered; ``Split/none`` when it serves nothing yet.
  func readSplit() async throws(ConnectorError) -> Split

  /// Makes the data plane divide new requests as `split` says.
  ///
  /// `targets` names `host:port` per slot; an absent one stays as it is configured there. `generation` rises with every call in an
  /// environment's history; a plane that can refuse an older one does.
  func apply(_ split: Split, targets: [Slot: String], generation: UInt64) async throws(ConnectorError)

  /// Cumulative counters of both slots with the identity of their source, at the instant `now` of the caller's clock.
  func counters(now: Timestamp) async throws(ConnectorError) -> CounterSample

  /// Where clients are served, such as `http://127.0.0.1:8080`.
  var frontDoor: String { get }

  /// Requests being answered by `slot` right now; nil when the plane cannot tell.
  func inFlight(_ slot: Slot) async throws(ConnectorError) -> Int?

  /// Ends the connections on `slot` that are still open, such as WebSockets and streams that outlive a switch of new requests to the other slot.
  ///
  /// Harmless where nothing is open. Throws `refused` where the plane cannot (``PlaneCapabilities/cuts``).
  func cut(_ slot: Slot) async throws(ConnectorError)

  /// Who changed the split last, as this plane keeps it and as a sentence about drift names them; nil where it keeps nothing or nobody else did.
  func lastChangedBy() async -> String?

  var capabilities: PlaneCapabilities { get }

  /// See ``CounterSource/history(of:now:)``.
  func history(of slot: Slot, now: Timestamp) async throws(ConnectorError) -> [SlotCounters]
}

extension TrafficPlane {
  package func lastChangedBy() async -> String? { nil }

  package func history(of slot: Slot, now: Timestamp) async throws(ConnectorError) -> [SlotCounters] { [] }
}
