package import SlipwayConnectors
package import SlipwayModel

extension Plan {
  /// The order for a deed of `run`. Going back by hand works on what the promotion did that it takes back: its backup, its data, its slot.
  ///
  /// - Parameters:
  ///   - deed: what is to be done.
  ///   - run: the run of this plan.
  ///   - servedSince: when green was first to get traffic; nil when it never was.
  ///   - now: the time.
  /// - Returns: an order for whoever keeps the data; a snapshot is an order for the environment before.
  package func order(_ deed: DataDeed, run: RunID, servedSince: Timestamp?, at now: Timestamp) -> DataOrder {
    if deed == .snapshot, let source {
      let live = source.live
      return DataOrder(
        deed: deed, environment: source.environment.name, release: live?.release ?? release,
        green: live?.slot.other ?? green, blue: live, run: run, greenData: greenData, now: now)
    }
    guard operation == .rollback, let failed = blue else {
      return DataOrder(
        deed: deed, environment: to, release: release, green: green, blue: blue, run: run, greenData: greenData,
        servedSince: servedSince, now: now)
    }
    let standing = Placement(slot: green, release: release, run: failed.run, since: failed.since)
    return DataOrder(
      deed: deed, environment: to, release: failed.release, green: failed.slot, blue: standing, run: failed.run,
      greenData: greenData, servedSince: failed.data?.servedSince ?? failed.since, now: now)
  }
}

extension Promotion {
  /// The order that asks what going back would leave behind at this moment; nil where it would leave nothing behind.
  package func orderOfLoss(at now: Timestamp) -> DataOrder? {
    let deed = rollbackSteps.compactMap { $0.action.losingDeed }.first { $0 == .restore || hasTouchedTraffic }
    return deed.map { plan.order($0, run: run, servedSince: servedSince, at: now) }
  }
}

extension Plan {
  /// The order that asks what a rollback by hand would leave behind; nil where it would leave nothing behind.
  package func orderOfLoss(at now: Timestamp) -> DataOrder? {
    steps.compactMap { $0.action.losingDeed }.first.map {
      order($0, run: blue?.run ?? "none", servedSince: nil, at: now)
    }
  }
}

extension Action {
  /// The deed by which data that were written to stop serving; nil where none is.
  fileprivate var losingDeed: DataDeed? {
    guard case .data(let deed) = self, deed == .restore || deed == .setAside else { return nil }
    return deed
  }
}
