internal import SlipwayModel

/// What reaches a driver while it works.
enum Signal: Sendable {
  /// A person's word, and where its answer goes.
  case word(SpokenWord, @Sendable (Reply) -> Void)
  /// The effect with this number has ended.
  case ended(Int, Event)
  case tick(Int)
}
