internal import Foundation
internal import SlipwayEngine
internal import SlipwayJournal
internal import SlipwayModel
internal import Synchronization

/// Prints what happens, a line each: readable in a log file as well as on a terminal.
///
/// A watch looks every second or two; only a new verdict, or every tenth look, is worth a line.
final class EventPrinter: RunObserver {
  private let options: CommonOptions
  private let follows: RunID?
  private let looks = Mutex<[RunID: (verdict: WatchVerdict, count: Int)]>([:])

  init(_ options: CommonOptions, follows: RunID?) {
    self.options = options
    self.follows = follows
  }

  func observed(_ run: RunID, _ event: Event, _ promotion: Promotion) {
    guard follows == nil || follows == run, isWorthALine(run, event) else { return }
    emit(run, SystemTime().now(), event.kind, EventText.line(event, promotion))
  }

  func progressed(_ run: RunID, _ step: StepID, _ text: String) {
    guard follows == nil || follows == run else { return }
    emit(run, SystemTime().now(), "step.progress", "\(step): \(text)")
  }

  /// Prints an entry that was read back from the journal.
  func show(_ stored: StoredEntry, _ promotion: Promotion) {
    guard let event = EventText.event(stored.entry), isWorthALine(promotion.run, event) else { return }
    emit(promotion.run, stored.entry.at, stored.entry.kind, EventText.line(event, promotion))
  }

  private func isWorthALine(_ run: RunID, _ event: Event) -> Bool {
    switch event {
    case .measured(_, _, let judgement):
      looks.withLock { looks in
        let last = looks[run]
        let isNew = last?.verdict != judgement.verdict
        let count = isNew ? 0 : (last?.count ?? 0) + 1
        looks[run] = (judgement.verdict, count)
        return isNew || count % 10 == 0
      }
    case .stepIntended, .resumed: false
    default: true
    }
  }

  private struct Line: Encodable {
    var runID: RunID
    var at: Timestamp
    var event: String
    var text: String
  }

  func emit(_ run: RunID, _ at: Timestamp, _ kind: String, _ text: String) {
    if options.isJSON {
      try? Terminal.json(Line(runID: run, at: at, event: kind, text: text), readable: false)
    } else {
      let time = at.description.dropFirst(11).prefix(12)
      Terminal.write(follows == nil ? "\(time) \(run) \(text)\n" : "\(time) \(text)\n")
    }
  }
}
