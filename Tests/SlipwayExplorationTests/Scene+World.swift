import SlipwayModel

/// What an effect does to the world, and whether it has.
extension Scene {
  /// Whether the world is as `action` wants it.
  func isTrue(_ action: Action) -> Bool {
    switch action {
    case .deploy: world.slot == .whole
    case .destroy: world.slot == .empty
    case .shift(let percent, let settles): world.share == percent && world.isSettled == settles && !world.isTorn
    case .data(.backup): world.copy == .whole
    case .data(.migrate): world.data == .whole
    case .data(.restore): world.isRestored
    case .data(.green): world.own == .whole
    case .data(.setAside): world.own == .empty
    case .data(.resumeWrites): !world.isPaused
    case .data: true
    case .verify(.green, _): world.slot == .whole
    case .verify(.front, _): world.slot == .whole && world.share == 100 && !world.isTorn
    case .verify(.blue, _): !world.isGreenServing
    case .notify, .record, .schedule, .drain: true
    case .gate, .recheck, .approve, .confirm, .watch: false
    }
  }

  /// Whether `action` can still get as far as `contents`.
  func changes(_ action: Action, _ contents: World.Contents) -> Bool {
    switch action {
    case .deploy: world.slot != contents
    case .destroy: contents == .half ? world.slot == .whole : world.slot != .empty
    case .shift: contents == .half ? !world.isTorn && !isTrue(action) : !isTrue(action)
    case .data(.backup): contents == .half ? world.copy == .empty : world.copy != .whole
    case .data(.migrate): contents == .half ? world.data == .empty : world.data != .whole
    case .data(.restore): contents == .half ? world.data != .half : !world.isRestored
    case .data(.green): contents == .half ? world.own == .empty : world.own != .whole
    case .data(.setAside): contents == .half ? world.own == .whole : world.own != .empty
    case .data(.resumeWrites): contents == .whole && world.isPaused
    case .data: false
    case .gate, .recheck, .approve, .confirm, .verify, .watch, .record, .schedule, .notify, .drain: false
    }
  }

  mutating func happen(_ action: Action, _ contents: World.Contents) {
    let isWhole = contents == .whole
    switch action {
    case .deploy: world.slot = contents
    case .destroy: world.slot = isWhole ? .empty : .half
    case .shift(let percent, let settles):
      world.isTorn = !isWhole
      if isWhole { (world.share, world.isSettled) = (percent, settles) }
    case .data(.backup): world.copy = contents
    case .data(.migrate): world.data = contents
    case .data(.green): (world.own, world.isPaused) = (contents, promotion.plan.pausesWrites)
    case .data(.setAside): world.own = isWhole ? .empty : .half
    case .data(.resumeWrites): if isWhole { world.isPaused = false }
    case .data(.restore):
      world.data = isWhole ? .empty : .half
      world.isRestored = isWhole
    case .data: break
    case .gate, .recheck, .approve, .confirm, .verify, .watch, .record, .schedule, .notify, .drain: break
    }
  }
}
