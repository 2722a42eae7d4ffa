import SlipwayModel

/// One state of the walk: the machine, the world it works on, and what the clock says.
struct Scene: Sendable {
  var promotion: Promotion
  var world: World
  var now: Timestamp
  /// The times between which the clock has stood so far.
  var times: ClosedRange<Timestamp>
  /// Whether this is the run for the second release.
  var isRival = false

  /// A step whose attempt is under way.
  var underWay: Int? {
    for index in promotion.records.indices {
      if case .intended = promotion.records[index].status { return index }
    }
    return nil
  }

  /// What the walk calls one and the same state: all that can matter for the future and nothing else.
  ///
  /// Times become what the machine asks of them; remarks, texts, attempts of settled steps and the past of a run that goes back are left out. The test
  /// `Bisimulation` holds this to account: two scenes with one key must have successors with the same keys.
  var key: Key { Key(self) }
}

struct Key: Hashable, Sendable {
  private let a: UInt64, b: UInt64, c: UInt64, d: UInt64, e: UInt64, world: UInt64

  init(_ scene: Scene) {
    var writer = KeyWriter(scene)
    writer.write()
    let words = writer.packer.words
    (a, b, c, d, e) = words
    if case .forward = scene.promotion.phase {
      world = scene.world.bits
    } else {
      world = scene.world.withoutThePast.bits
    }
  }
}

private struct KeyWriter {
  var packer = Packer()
  let scene: Scene
  let now: Timestamp

  init(_ scene: Scene) {
    self.scene = scene
    now = scene.now
  }

  mutating func write() {
    let promotion = scene.promotion
    let records = promotion.records
    let forward = promotion.forwardCount
    packer.put(scene.isRival, now < promotion.touchedAt)
    switch promotion.phase {
    case .forward(let step, let suspension):
      packer.put(0, 2)
      packer.put(step, 5)
      packer.put(suspension.map { $0.thawsAt != nil ? 3 : $0.restartsWatch ? 2 : 1 } ?? 0, 2)
      packer.put(suspension?.thawsAt.map { $0 <= now } ?? false, scene.world.frozenUntil.map { $0 > now } ?? false)
      // What the machine counts may be more than what is valid; that is the fault to be found.
      packer.put(min(promotion.approvals.count, 7), 3)
      if let spec = promotion.plan.approval {
        for approval in promotion.approvals {
          packer.put(Speaker.allCases.firstIndex { $0.person == approval.person } ?? 7, 3)
          packer.put(now >= approval.at + spec.validFor)
          // Whether it is older than the wait for people, and so ends before it.
          packer.put(records.contains { $0.step.kind == .approve && $0.startedAt.map { approval.at > $0 } ?? false })
          packer.put(approval.at > now)
        }
      }
      for index in 0..<forward { write(records[index]) }
      if let watch = watchBehind(step), let progress = records[watch].watch { write(progress) }
    case .back(let step):
      packer.put(1, 2)
      packer.put(step, 5)
      past(promotion)
      for index in forward..<records.count { write(records[index]) }
    case .closing(let outcome):
      packer.put(2, 2)
      packer.put(Outcome.allCases.firstIndex(of: outcome) ?? 0, 3)
      past(promotion)
      packer.put(promotion.evidenceRetryAt.map { $0 <= now ? 1 : $0 - now > Sample.day ? 2 : 3 } ?? 0, 2)
      if let followUp = promotion.followUp, !followUp.isOver {
        packer.put(followUp.attempts + 1, 2)
        packer.put(followUp.retryAt.map { $0 <= now ? 1 : $0 - now > Sample.day ? 2 : 3 } ?? 0, 2)
      }
      for index in forward..<records.count { packer.put(isUntold(records[index])) }
      packer.put(records.prefix(forward).count { $0.step.exitGate != nil && isUntold($0) }, 2)
    case .finished(let outcome):
      packer.put(3, 2)
      packer.put(Outcome.allCases.firstIndex(of: outcome) ?? 0, 3)
    }
  }

  /// The watch before `step` that may go on: while people are asked, or when the run is stopped before a shift.
  private func watchBehind(_ step: Int) -> Int? {
    let records = scene.promotion.records
    guard step < scene.promotion.forwardCount, records[step].step.kind != .watch,
      let last = records.indices.prefix(step).last(where: { [.watch, .shift].contains(records[$0].step.kind) }),
      records[last].step.kind == .watch
    else { return nil }
    let asks = records.indices.dropFirst(last + 1).first { records[$0].step.kind == .confirm }
    let shift = records.indices.dropFirst(last + 1).first { records[$0].step.kind == .shift }
    let isAsked = asks.map { $0 < shift ?? records.count } ?? false
    return isAsked || records[step].step.kind == .shift && step == last + 1 ? last : nil
  }

  /// What going back still needs to know of the way forward.
  private mutating func past(_ promotion: Promotion) {
    let kind =
      switch promotion.cause?.kind {
      case .aborted: 1
      case .breach, .undecided, .failedStep, .byHand: 2
      case nil: 0
      }
    packer.put(kind, 2)
    packer.put(promotion.isEvidenceEscalated)
    packer.put(promotion.isEvidenceEscalated ? 3 : min(promotion.evidenceAttempts, 3), 2)
    packer.put(
      promotion.hasTouchedTraffic, promotion.hasTouchedGreen, promotion.hasMovedTraffic, promotion.hasTouchedData,
      promotion.touched.contains(.greenData))
    // How many, because they are told one after the other.
    packer.put(
      promotion.plan.operation == .rollback
        ? promotion.records.prefix(promotion.forwardCount).count(where: isUntold) : 0,
      3)
    packer.put(promotion.records.count - promotion.forwardCount, 4)
  }

  private func isUntold(_ record: StepRecord) -> Bool { record.status == .failed && !record.isEscalated }

  private mutating func write(_ record: StepRecord) {
    let (code, time): (Int, Timestamp?) =
      switch record.status {
      case .pending: (0, nil)
      case .succeeded: (1, nil)
      case .failed: (2, nil)
      case .skipped: (3, nil)
      case .intended(let deadline): (4, deadline)
      case .uncertain(let at): (5, at)
      case .retrying(let at): (6, at)
      case .waiting(let until): (7, until)
      }
    packer.put(code, 3)
    let isBegun = record.attempts > 0
    packer.put(isBegun)
    if record.status.isSettled {
      if code == 2 { packer.put(record.isEscalated) }
      return
    }
    guard isBegun else { return }
    if let time { write(time, isDeadline: code == 4, record) }
    let isEndless = record.step.retry.attempts == nil
    packer.put(isEndless ? 0 : min(record.errors, 7), 3)
    packer.put(isEndless ? record.isEscalated ? 7 : min(record.attempts, 7) : 0, 3)
    packer.put(record.isEscalated)
    write(start: record)
    if let watch = record.watch {
      packer.put(1, 1)
      write(watch)
    } else {
      packer.put(0, 1)
    }
  }

  /// How much was watched, and how long ago; beyond patience and the longest gap that counts, more makes no difference.
  private mutating func write(_ watch: WatchProgress) {
    packer.put(Int(min(watch.watched.milliseconds / 1_000, 20)), 5)
    let gap = now - watch.lastAt
    packer.put(gap < .zero ? 31 : Int(min(gap.milliseconds / 1_000, 25)), 5)
  }

  /// Over; still to come; or so far ahead that the clock must have been set back.
  private mutating func write(_ time: Timestamp, isDeadline: Bool, _ record: StepRecord) {
    let edge = isDeadline ? time + .seconds(10) : time
    let farthest = isDeadline ? (record.step.timeout + .seconds(10)) * 2 : Sample.day
    packer.put(edge <= now ? 0 : edge - now > farthest ? 2 : 1, 2)
    // Of gates that wait side by side the one that is due first is looked at first.
    if record.step.kind == .gate, edge > now { packer.put(Int(min((edge - now).milliseconds / 1_000, 4_095)), 12) }
  }

  private mutating func write(start record: StepRecord) {
    guard let start = record.startedAt else { return packer.put(0, 2) }
    let limit: Span? =
      switch record.step.action {
      case .approve(let spec): spec.expires
      case .confirm: record.step.timeout
      case .data, .deploy, .shift, .destroy: record.step.timeout
      case .gate, .recheck, .verify, .watch, .record, .schedule, .notify, .drain: nil
      }
    guard let limit else { return packer.put(1, 2) }
    packer.put(start > now ? 2 : now - start >= limit ? 3 : 1, 2)
  }
}
