internal import Foundation
internal import SlipwayConnectors
internal import SlipwayModel

/// What a rejection leads to.
extension RunDriver {
  /// How long filing the tasks may take beyond the command's own limit.
  private static let filingTime = Span.minutes(2)

  /// The facts outside the run that follow from a person's word, written in the same commit.
  func consequences(of event: Event) -> [LedgerEvent] {
    guard case .rejected(let person, let reason) = event else { return [] }
    let plan = history.promotion.plan
    return [
      .releaseRejected(plan.release.id, Rejection(run: run, to: plan.to, by: person, reason: reason))
    ]
  }

  /// Writes the tasks of a rejection to a file and files them with the issue tracker, where there is one.
  ///
  /// The file is named by the run and written whole, so a repeat after a crash is harmless; the tracker gets the run as the key under which a repeat
  /// is the same.
  func followUp(_ attempt: Int) async throws {
    try await write([.followUpIntended(attempt: attempt)])
    let event: Event
    do {
      event = .followedUp(reference: try await file(history.promotion))
    } catch let error as EngineError {
      event = .followUpFailed(reason: error.message, attempt: attempt)
    } catch let error as ConnectorError {
      event = .followUpFailed(reason: error.message, attempt: attempt)
    } catch {
      event = .followUpFailed(reason: "\(error)", attempt: attempt)
    }
    try await write([event])
  }

  private func file(_ promotion: Promotion) async throws -> String {
    let tasks = promotion.followUpTasks
    let file = house.state.followUps.appending(path: "\(run).md")
    try FileManager.default.createDirectory(at: house.state.followUps, withIntermediateDirectories: true)
    try DurableFile.write(Data(Self.document(promotion, tasks).utf8), to: file)
    guard let spec = promotion.plan.followUp else { return file.path }
    let filed = await Deadline.bound(Self.filingTime, house.time) { [house] () -> Result<String, ConnectorError> in
      do throws(ConnectorError) {
        return .success(try await house.catalog.file(tasks, of: promotion, by: spec))
      } catch {
        return .failure(error)
      }
    }
    guard let filed else {
      throw EngineError(.unreachable, "the issue tracker did not answer within \(Self.filingTime)")
    }
    return try filed.get() + ", " + file.path
  }

  private static func document(_ promotion: Promotion, _ tasks: [Promotion.FollowUpTask]) -> String {
    var lines = ["# After the rejection of run \(promotion.run)", ""]
    for task in tasks { lines += ["- [ ] **\(task.title)**", "  \(task.description)", ""] }
    return lines.joined(separator: "\n")
  }
}
