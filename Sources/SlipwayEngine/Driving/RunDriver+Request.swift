internal import SlipwayModel

/// Letting people know that the run waits for them.
extension RunDriver {
  /// Hands the run over to the herald when `event` began the wait for people; nothing here waits for anybody.
  func announce(_ event: Event) async {
    guard case .stepIntended(let index, _, _) = event, history.promotion.records.indices.contains(index),
      case .approve(let spec) = history.promotion.records[index].step.action,
      !spec.missing(in: history.promotion.approvals).isEmpty
    else { return }
    await house.herald.announce(run)
  }
}
