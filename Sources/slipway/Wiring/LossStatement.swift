internal import ArgumentParser
internal import Foundation
internal import SlipwayConnectors
internal import SlipwayEngine
internal import SlipwayModel

struct LossOptions: ParsableArguments {
  @Flag(
    name: .long,
    help: "Go back although that leaves behind what was written since; it is kept under a dated name for a while.")
  var leaveWrites = false
}

/// What going back would leave behind, said before it happens (C7).
struct LossStatement {
  /// Nil where nothing would be.
  let loss: DataLoss?
  /// Why it cannot be found out; nil when it could.
  let doubt: String?
  let decidedBefore: Bool

  /// How long the data may take to say it; going back is in a hurry.
  private static let patience = Span.seconds(20)

  /// Asks the data.
  static func ask(_ workshop: Workshop, _ plan: Plan, _ order: DataOrder?) async throws -> LossStatement {
    let isDecided = plan.rollback.writes == .setAside
    guard let order else { return LossStatement(loss: nil, doubt: nil, decidedBefore: isDecided) }
    let catalog = try LiveCatalog(workshop.options, state: workshop.state)
    do throws(ConnectorError) {
      guard let store = try catalog.connectors(for: plan.environment).data else {
        return LossStatement(loss: nil, doubt: nil, decidedBefore: isDecided)
      }
      let answer = await Deadline.bound(patience, SystemTime()) { await result(store, order) }
      guard let answer else {
        throw ConnectorError(.timedOut, "the data of '\(plan.to)' did not answer within \(patience)")
      }
      return LossStatement(loss: try answer.get(), doubt: nil, decidedBefore: isDecided)
    } catch {
      return LossStatement(loss: nil, doubt: error.message, decidedBefore: isDecided)
    }
  }

  private static func result(
    _ store: any DataStore, _ order: DataOrder
  ) async -> Result<DataLoss?, ConnectorError> {
    do throws(ConnectorError) { return .success(try await store.loss(order)) } catch { return .failure(error) }
  }

  var sentence: String {
    if let doubt { return "what going back would leave behind cannot be found out: \(doubt)" }
    return loss.map { "going back would leave behind what was \($0.sentence)" } ?? "going back leaves nothing behind"
  }

  private var isHarmless: Bool { doubt == nil && loss?.isNothing ?? true }

  /// Goes on where nothing is lost, the file decided it before, or the person does now.
  func settle(_ options: LossOptions) throws {
    if isHarmless { return }
    StandardStream.error.write(Data((sentence + "\n").utf8))
    if decidedBefore || options.leaveWrites { return }
    guard isatty(STDIN_FILENO) == 1 else {
      throw CommandError(
        .blocked,
        "nothing was done; to go back all the same, say it again with --leave-writes (it is kept under a dated name)")
    }
    StandardStream.error.write(Data("Go back all the same? It is kept under a dated name. [y/N] ".utf8))
    guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
      throw CommandError(.blocked, "nothing was done")
    }
  }
}
