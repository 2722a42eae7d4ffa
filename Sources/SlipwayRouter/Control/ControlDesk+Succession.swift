internal import Foundation
internal import NIOCore
internal import SlipwayModel

/// Giving everything to a successor.
extension ControlDesk {
  /// What a successor gets.
  struct Estate: Sendable {
    let lock: ControlLock
    let front: any Channel
    let control: any Channel
    let metrics: (any Channel)?
  }

  func own(_ estate: Estate) { self.estate = estate }

  /// A control client is gone; a successor that went before it served leaves everything as it was.
  func left(_ connection: ObjectIdentifier) {
    guard heir == connection, !hasYielded else { return }
    heir = nil
    impatience?.cancel()
    takeClients(true)
  }

  /// How long new clients wait in the listeners' queues for a successor that starts; then they are served here again.
  private static var patience: TimeAmount { .seconds(10) }

  /// Two never accept from one queue: the slower of them would find nothing where it was told that there is something.
  @discardableResult
  private func takeClients(_ takes: Bool) -> EventLoopFuture<Void> {
    let doors = [estate?.front, estate?.metrics].compactMap { $0?.setOption(.autoRead, value: takes) }
    return EventLoopFuture.andAllComplete(doors, on: eventLoop)
  }

  func refuseWhileHandingOver(_ request: ControlRequest) throws(RouterError) {
    switch request {
    case .set, .reload, .handover:
      guard heir != nil || hasYielded else { return }
      // What was changed now would be known to one of the two alone.
      throw RouterError(.unreachable, "this router is handing over to its successor; try again")
    case .status, .counters, .history, .cut, .shutdown, .yield: return
    }
  }

  func handOver(to connection: ObjectIdentifier) -> EventLoopFuture<ControlReply> {
    guard let estate, problem == nil else {
      return eventLoop.makeSucceededFuture(
        ControlReply(RouterError(.unreachable, problem ?? "this router is only starting; try again")))
    }
    heir = connection
    let saved = StateFile.Saved(table: table, listen: listen)
    let testament = Testament(saved: saved, history: history, metrics: metricsAddress)
    impatience = eventLoop.assumeIsolated().scheduleTask(in: Self.patience) { _ = self.takeClients(true) }
    let front = takeClients(false).flatMap {
      estate.front.eventLoop.submit { try estate.front.duplicatedHandle() }
    }
    return front.hop(to: eventLoop).assumeIsolated().flatMapThrowing { front in
      var handles = [try estate.lock.duplicated(), front, try estate.control.duplicatedHandle()]
      if let metrics = estate.metrics { handles.append(try metrics.duplicatedHandle()) }
      return ControlReply(testament: testament, handles: handles)
    }.nonisolated()
  }

  /// The successor serves on the same sockets: takes no more clients, and ends when those it has are gone.
  func yield(to connection: ObjectIdentifier) -> EventLoopFuture<ControlReply> {
    guard heir == connection, let estate else {
      return eventLoop.makeSucceededFuture(ControlReply(RouterError(.garbage, "nothing was handed over to you")))
    }
    hasYielded = true
    isDraining = true
    impatience?.cancel()
    // A connection that was accepted and is not set up yet would be closed with the listener: first no more, then a moment, then the end.
    let front = takeClients(false)
      .flatMap { [eventLoop] in eventLoop.scheduleTask(in: .milliseconds(100)) {}.futureResult }
      .flatMap { estate.front.close() }
    let closing = [front, estate.control.close()] + (estate.metrics.map { [$0.close()] } ?? [])
    // From now on every answer asks its client for a new connection, which the successor gets.
    let asking = workers.map { worker in worker.eventLoop.submit { worker.value.beginGentleDrain() } }
    return EventLoopFuture.andAllComplete(closing + asking, on: eventLoop).assumeIsolated().flatMap {
      self.stopRequested.succeed(())
      return self.status()
    }.nonisolated()
  }
}
