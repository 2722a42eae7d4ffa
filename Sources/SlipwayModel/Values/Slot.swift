/// One of the two places in an environment that can hold a release.
///
/// Slots are fixed places (a port, a backend, a folder); *blue* and *green* are roles that move between them: blue is the slot
/// that serves now, green the one that holds the candidate. After a promotion the roles swap and nothing is moved.
package enum Slot: String, Codable, Sendable, CaseIterable, Comparable, CustomStringConvertible {
  case a, b

  /// The opposite slot.
  package var other: Slot { self == .a ? .b : .a }
  package var description: String { rawValue }
  package static func < (left: Slot, right: Slot) -> Bool { left.rawValue < right.rawValue }
}

/// The role a slot plays in one promotion.
package enum Role: String, Codable, Sendable, CaseIterable {
  /// Serves now; takes traffic back in a rollback.
  case blue
  /// Holds the candidate.
  case green
}

/// How traffic is divided between the slots: a whole percentage for each, 100 in sum, and who answers when a slot cannot.
///
/// A data plane has *no* split before the first deployment; then both weights are 0.
package struct Split: Codable, Sendable, Equatable, CustomStringConvertible {
  /// Percent of new requests that slot `a` gets.
  package let a: Int
  /// Percent of new requests that slot `b` gets.
  package let b: Int
  /// The slot that answers for one that refuses connections; it is blue, never a candidate that was rolled back.
  package let fallback: Slot?

  /// Nothing is served.
  package static let none = Split(a: 0, b: 0, fallback: nil)

  private init(a: Int, b: Int, fallback: Slot?) {
    self.a = a
    self.b = b
    self.fallback = fallback
  }

  /// Gives `percent` of new requests to `green` and the rest to the opposite slot.
  ///
  /// - Parameters:
  ///   - green: the candidate's slot.
  ///   - percent: 0 to 100; clamped.
  ///   - blue: the slot that serves now; nil for a first deployment, where 0 percent means that nothing is served.
  package init(green: Slot, percent: Int, blue: Slot?) {
    let share = min(100, max(0, percent))
    let rest = blue == nil ? 0 : 100 - share
    self.init(a: green == .a ? share : rest, b: green == .b ? share : rest, fallback: blue)
  }

  /// What the data plane answered when asked; nil when the numbers are no split (weights below 0 or a sum other than 0 or 100).
  package init?(readBackA a: Int, b: Int, fallback: Slot?) {
    // Bounded before they are added: the numbers come over a socket, and a sum that overflows ends the process.
    guard (0...100).contains(a), (0...100).contains(b), a + b == 100 || a + b == 0 else { return nil }
    self.init(a: a, b: b, fallback: fallback)
  }

  package subscript(slot: Slot) -> Int { slot == .a ? a : b }
  package var description: String { "a \(a) %, b \(b) %" }
}
