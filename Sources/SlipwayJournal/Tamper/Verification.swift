/// What a walk along the chain has found.
package struct Verification: Sendable, Equatable {
  /// What is wrong at one place.
  package struct Finding: Sendable, Equatable, CustomStringConvertible {
    package enum Problem: String, Sendable, CaseIterable {
      /// A field or the hash of the entry is not what was written.
      case changed
      /// An entry is missing before this place.
      case removed
      /// The entry was put between two that belong together.
      case inserted
      /// The entry stands at another's place.
      case reordered
      /// The journal ends before a signed head or checkpoint.
      case cut
      /// The chain holds, but a signed head or checkpoint speaks of another one.
      case rewritten
      /// A head or checkpoint has no valid signature of a known key, or cannot be read.
      case unsigned
      /// The database around the entries is damaged: an index does not say what its table says, or a page is malformed.
      case damaged
    }

    /// The first sequence number that is wrong.
    package let seq: Int64
    package let problem: Problem
    package let message: String

    package var description: String { "entry \(seq): \(message)" }
  }

  /// How many entries stand and agree with the chain.
  package var entries: Int64 = 0
  /// The end of the part that agrees.
  package var tip = Tip(seq: 0, hash: Chain.genesis)
  /// How many heads and checkpoints were compared.
  package var checkpoints = 0
  /// Whether their signatures were checked; false where no key was given.
  package var signaturesChecked = false
  /// What is wrong, the first place first; empty when all is well.
  package var findings: [Finding] = []

  package var isIntact: Bool { findings.isEmpty }
}
