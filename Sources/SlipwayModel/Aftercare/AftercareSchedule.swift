/// When the phases of one release are looked at: on a grid that hangs on the moment it began to serve, so that a driver that was away, or a clock that
/// jumped, leads to one look and not to all that were missed.
package struct AftercareSchedule: Sendable {
  private let order: AftercareOrder

  package init(_ order: AftercareOrder) { self.order = order }

  /// The first look: at once in the first phase, after one interval in the others; nil for a phase without checks or time.
  package func first(of phase: AftercarePhase) -> Timestamp? {
    let spec = order.spec[phase]
    guard !spec.checks.isEmpty, spec.until > order.spec.start(of: phase) else { return nil }
    let start = order.start(of: phase)
    return phase == .alive ? start : min(start + spec.every, order.end(of: phase))
  }

  /// The look after one at `now`: the next of the grid, the very end of the phase, or none.
  ///
  /// A clock that was set back makes nobody wait longer than one interval.
  package func next(of phase: AftercarePhase, after now: Timestamp) -> Timestamp? {
    let (start, end, every) = (order.start(of: phase), order.end(of: phase), order.spec[phase].every)
    guard now < end else { return nil }
    guard every > .zero else { return end }
    let passed = (now - start).milliseconds / every.milliseconds
    let grid = now < start ? start : start + Span(milliseconds: (passed + 1) * every.milliseconds)
    return min(grid, end, now + every)
  }
}

extension AftercareState {
  /// The phases that are to be looked at, with when each should have been.
  ///
  /// One whose time lies farther ahead than it was ever put is due too: the clock was set back.
  package func due(at now: Timestamp) -> [AftercareLook.PhaseLook] {
    let schedule = AftercareSchedule(order)
    return AftercarePhase.allCases.compactMap { phase in
      guard let next = phases[phase]?.next, next <= now || isSetBack(now) && phases[phase]?.looks ?? 0 > 0 else {
        return nil
      }
      return AftercareLook.PhaseLook(phase: phase, due: next, next: schedule.next(of: phase, after: now))
    }
  }

  /// Whether the clock shows less than at the last look.
  package func isSetBack(_ now: Timestamp) -> Bool { lastLook.map { now < $0 } ?? false }
}
