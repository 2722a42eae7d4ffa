import SlipwayEngine
import SlipwayModel

/// A desk that the simulation hands submissions in at. What lies on it survives the engine, as files do.
final class SimulatedDesk: Desk, @unchecked Sendable {  // there is one thread
  private(set) var pile: [Submission] = []
  private var waiter: UnsafeContinuation<Void, Never>?
  private var isCancelled = false
  var onAnswer: (Submission, Reply) -> Void = { _, _ in }

  func handIn(_ submission: Submission) {
    pile.append(submission)
    wake()
  }

  func waiting() -> [Submission] { pile }

  func answer(_ id: String, _ reply: Reply) {
    guard let index = pile.firstIndex(where: { $0.id == id }) else { return }
    onAnswer(pile.remove(at: index), reply)
  }

  func untilHandedIn() async {
    await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
        if pile.isEmpty, !isCancelled { waiter = continuation } else { continuation.resume() }
      }
    } onCancel: {
      isCancelled = true
      wake()
    }
  }

  private func wake() {
    waiter?.resume()
    waiter = nil
  }

  /// The engine is dead; whoever waited here waits no more.
  func forgetEngine() {
    waiter = nil
    isCancelled = false
  }
}

/// Somebody who looks after open runs every few minutes, so that those end that only wait for a person.
struct Attendant {
  private var dice: Dice
  private var answers: [RunID: Int] = [:]

  init(seed: UInt64) { dice = Dice(seed, 3) }

  /// What is said about a run now.
  mutating func words(on promotion: Promotion, at now: Timestamp, isHealing: Bool) -> [(Person, Submission.Decision)] {
    guard case .wait(let wait) = promotion.next(at: now) else { return [] }
    guard isHealing || dice.chance(70) else { return [] }
    answers[promotion.run, default: 0] += 1
    let isTired = answers[promotion.run, default: 0] > 12
    switch wait.kind {
    case .approval: return [("ann", .approve(plan: nil, comment: nil)), ("bob", .approve(plan: nil, comment: nil))]
    case .confirmation:
      return promotion.current.map { [("ann", .confirm(step: promotion.records[$0].step.id.text, note: "seen"))] } ?? []
    case .person where isTired: return [("ann", .abort(reason: "it does not get on"))]
    case .person: return [("ann", .resume)]
    case .watch where isTired && promotion.suspension != nil: return [("ann", .abort(reason: "it does not get well"))]
    case .watch where promotion.suspension != nil: return [("ann", .resume)]
    case .step, .gate, .watch, .retry, .freeze: return []
    }
  }
}
