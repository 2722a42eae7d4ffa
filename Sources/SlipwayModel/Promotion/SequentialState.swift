/// What the sequential judge carries from one look to the next, so that a verdict can be recomputed from the journal alone.
package struct SequentialState: Codable, Sendable, Equatable {
  /// Looks that were folded in.
  package var looks: Int

  package init(looks: Int = 0) { self.looks = looks }
}
