import SlipwayModel

/// What is really so in the place a run works on, and what the rules must remember of how it came about.
///
/// It is kept by the walk alone: no rule here asks the machine what it believes.
struct World: Sendable {
  enum Contents: UInt8, Sendable { case empty, half, whole }
  enum Asking: UInt8, Sendable { case notBegun, begun, askedInVain, answered }

  /// What green's slot holds.
  var slot = Contents.empty
  /// Green's share by the last whole write to the data plane.
  var share = 0
  /// A write to the data plane got through in part: nobody knows who gets what.
  var isTorn = false
  /// Green is its own fallback; blue has no duty any more.
  var isSettled = false
  /// The version record names green.
  var recordsGreen = false
  /// Blue's removal is on the calendar.
  var isRemovalPlanned = false
  /// The copy of the data, and the data themselves: empty is as they were, half is neither, whole is migrated.
  var copy = Contents.empty
  var data = Contents.empty
  /// Data of green's own, and whether blue's take no writes because of them.
  var own = Contents.empty
  var isPaused = false
  /// The data were brought back to the copy.
  var isRestored = false
  /// A migration was ever begun.
  var isDataTouched = false

  /// Whether the effect in hand was begun, and whether the world was asked about it since.
  var asking = Asking.notBegun
  /// Green passed its verification since it was last deployed.
  var isVerified = false
  /// The front door passed its verification.
  var isFrontVerified = false
  /// The question that was asked last was answered with yes.
  var isConfirmed = false
  /// Who has validly agreed, as bits in the order of ``People``.
  var agreed: UInt8 = 0
  /// Until when a freeze that has begun under the run covers its place.
  var frozenUntil: Timestamp?
  /// Since when people are asked to agree.
  var askedAt: Timestamp?
  /// Gates that passed at the last look, as bits.
  var passed: UInt8 = 0
  /// People took time since the gates were looked at.
  var areGatesOld = false
  /// Any effect was ever begun.
  var isTouched = false
  var hasEvidence = false
  /// Traffic was ever touched, and blue was found well after it came back.
  var isShifted = false
  var isBlueWell = false
  /// How long the watch in hand has really looked.
  var watched = Span.zero
  var lastLook: Timestamp?
  /// Green's share whose watch is over and well.
  var provenShare = 0

  init(slot: Contents = .empty) { self.slot = slot }

  /// Whether green may get any request.
  var isGreenServing: Bool { share > 0 || isTorn }

  /// What matters once nothing goes forward any more.
  var withoutThePast: World {
    var world = self
    (world.isVerified, world.isFrontVerified, world.areGatesOld) = (false, false, false)
    (world.passed, world.agreed, world.askedAt) = (0, agreed == 0 ? 0 : 1, nil)
    (world.watched, world.lastLook, world.provenShare, world.isConfirmed) = (.zero, nil, 0, false)
    return world
  }

  /// Packs what is really so and what is remembered; times are kept in the key of the scene.
  var bits: UInt64 {
    var packer = Packer()
    packer.put(Int(slot.rawValue), 2)
    packer.put(Int(copy.rawValue), 2)
    packer.put(Int(data.rawValue), 2)
    packer.put(Int(own.rawValue), 2)
    packer.put(isPaused)
    packer.put(share, 7)
    packer.put(isTorn, isSettled, recordsGreen, isRemovalPlanned)
    packer.put(Int(asking.rawValue), 2)
    packer.put(isVerified, isFrontVerified, areGatesOld, isTouched)
    packer.put(hasEvidence, askedAt != nil, lastLook != nil, isRestored, isDataTouched, isShifted, isBlueWell)
    packer.put(Int(agreed), 7)
    packer.put(frozenUntil != nil, isConfirmed)
    packer.put(Int(passed), 4)
    packer.put(Int(min(watched.milliseconds, 20_000) / 1_000), 5)
    packer.put(provenShare, 7)
    return packer.words.0
  }
}

/// Everybody who says something in these worlds.
enum Speaker: UInt8, CaseIterable, Sendable {
  /// Managers, who may agree.
  case ann, bob
  /// A manager too, but the one who asked.
  case carol
  /// Holds another role.
  case dan
  /// A manager who looked at another plan.
  case eve
  /// A manager who did not prove who they are.
  case fay
  /// A manager without a second factor.
  case gil

  var person: Person { Person("\(self)") }
  var roles: [RoleName] { self == .dan ? ["lead"] : ["manager"] }
  var bit: UInt8 { 1 << rawValue }

  func identity(at now: Timestamp) -> Identity {
    Identity(person: person, kind: self == .fay ? .claimed : .oidc, mfa: self != .gil, provenAt: now)
  }

  /// Whether the rules let this one's yes count.
  var mayAgree: Bool { self == .ann || self == .bob }
}

/// Writes small numbers side by side into a few machine words.
struct Packer {
  private(set) var words: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)
  private var word = 0
  private var used: UInt64 = 0

  mutating func put(_ value: Int, _ bits: UInt64) {
    if used + bits > 64 {
      word += 1
      used = 0
    }
    let shifted = UInt64(truncatingIfNeeded: value) << used
    switch word {
    case 0: words.0 |= shifted
    case 1: words.1 |= shifted
    case 2: words.2 |= shifted
    case 3: words.3 |= shifted
    case 4: words.4 |= shifted
    default: preconditionFailure("a key is longer than 320 bits")
    }
    used += bits
  }

  mutating func put(_ flags: Bool...) { for flag in flags { put(flag ? 1 : 0, 1) } }
}
