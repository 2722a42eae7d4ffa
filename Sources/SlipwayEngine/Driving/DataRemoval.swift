internal import Foundation
internal import SlipwayConnectors
internal import SlipwayJournal
internal import SlipwayModel

/// The durable order to remove data that were set aside, once the rollback window is over (B9, C7).
struct DataRemoval: Codable, Sendable, Equatable {
  static let type = "remove-data"

  var environment: EnvironmentName
  var aside: AsideData

  func scheduled(by run: RunID, number: Int, at time: Timestamp) throws -> ScheduledTask {
    ScheduledTask(
      id: "\(Self.type)-\(run)-\(number)", type: Self.type, executeAt: time,
      metadata: String(decoding: try CanonicalJSON.encode(self), as: UTF8.self), isDone: false)
  }
}

extension RunID {
  /// The run that scheduled `task`, by the id that ``SlotRemoval`` and ``DataRemoval`` give it; nil for tasks of another kind.
  init?(scheduling task: ScheduledTask) {
    guard [SlotRemoval.type, DataRemoval.type].contains(task.type), task.id.hasPrefix(task.type + "-") else {
      return nil
    }
    let rest = task.id.dropFirst(task.type.count + 1)
    guard task.type == DataRemoval.type else {
      self.init(String(rest))
      return
    }
    guard let number = rest.lastIndex(of: "-") else { return nil }
    self.init(String(rest[..<number]))
  }
}

extension Promotion {
  /// What is to be done later because of an event, by the state before or after it.
  func tasks(after event: Event, at time: Timestamp) throws -> [ProjectionWrite] {
    switch event {
    case .stepReported(let index, _, .succeeded):
      guard records.indices.contains(index), case .schedule(let span) = records[index].step.action, let blue = plan.blue
      else { return [] }
      let removal = SlotRemoval(environment: plan.to, placement: blue)
      return [.task(try removal.scheduled(by: run, at: time + span))]
    case .dataReported(let index, let attempt, let report, _):
      // Whatever became of the attempt: what was moved aside lies there.
      return try report.aside.enumerated().map { number, aside in
        let removal = DataRemoval(environment: plan.to, aside: aside)
        let place = index * 1_000_000 + attempt * 100 + number
        return .task(try removal.scheduled(by: run, number: place, at: time + plan.rollback.keepBlue))
      }
    default: return []
    }
  }
}

extension Engine {
  /// Removes what was set aside; harmless when it is gone.
  ///
  /// - Returns: whether it is gone.
  func remove(_ removal: DataRemoval) async -> Bool {
    guard let environment = try? pipeline().environment(removal.environment),
      let store = try? house.catalog.connectors(for: environment).data
    else { return false }
    return (try? await store.remove(removal.aside)) != nil
  }
}
