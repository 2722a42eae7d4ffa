internal import NIOCore
internal import SlipwayModel

/// One request and its answer, while they are under way.
struct Exchange {
  let request: InboundRequest
  /// The slot that is to answer now.
  var slot: Slot
  /// Whether the client asked for the candidate itself, so that nobody may answer in its place.
  let isTester: Bool
  var isRequestEnded = false
  /// Whether a piece of the body has gone to the upstream; from then on nothing can be sent again.
  var isBodyForwarded = false
  /// Bytes of the body that have come.
  var received = 0
  /// Whether an interim answer has gone to the client.
  var hasInterim = false
  /// Whether the upstream connection had served before, so that its closing may be chance.
  var isPooled = false
  /// Whether the fallback answers for the slot that was chosen first.
  var hasStoodIn = false
  var sentAt: NIODeadline?
  /// The status that was passed on to the client.
  var status: Int?
  /// The bucket that the client is given with the answer.
  var bucket: StickyBucket?
  var keepsUpstream = false
  var keepsClient = false

  init(request: InboundRequest, slot: Slot, isTester: Bool = false) {
    self.request = request
    self.slot = slot
    self.isTester = isTester
    isRequestEnded = !request.hasBody
  }
}
