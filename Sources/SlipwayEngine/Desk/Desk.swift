internal import SlipwayModel

/// Where submissions come in while an engine drives.
///
/// A submission stays on the desk until it is answered; a repeat after a crash is harmless, for the journal knows its id.
package protocol Desk: Sendable {
  /// What lies on the desk, in the order it is to be taken up.
  func waiting() -> [Submission]

  /// Answers a submission and takes it off the desk.
  func answer(_ id: String, _ reply: Reply)

  /// Returns when something may have been handed in, or the task was cancelled.
  func untilHandedIn() async
}

/// The desk of a state folder: its inbox, which other processes write to.
package struct InboxDesk: Desk {
  private let inbox: Inbox
  /// Between two looks at the folder. The other side is a process of its own, so this wait is real whatever clock the runs go by.
  private static let pulse = Duration.milliseconds(25)

  package init(_ state: StateFolder) { inbox = Inbox(state) }

  package func waiting() -> [Submission] { inbox.waiting() }
  package func answer(_ id: String, _ reply: Reply) { inbox.answer(id, reply) }

  package func untilHandedIn() async {
    repeat {
      do { try await Task.sleep(for: Self.pulse) } catch { return }
    } while inbox.isEmpty
  }
}
