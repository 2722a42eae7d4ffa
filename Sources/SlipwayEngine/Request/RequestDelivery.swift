internal import SlipwayConnectors
internal import SlipwayModel

/// How one request gets to people: made, put on every shelf, told; what fails is told too and tried again a few times.
struct RequestDelivery: Sendable {
  let archive: RunArchive
  let catalog: any ConnectorCatalog
  let time: any TimeSource
  let author: EvidenceAuthor
  let observer: any RunObserver
  let marks: RequestMarks

  /// Longer than any shelf's own deadlines, for one that does not keep them.
  private static let patience = Span.seconds(45)
  private static let telling = Span.seconds(35)
  private static let pauses: [Span] = [.seconds(1), .seconds(4), .seconds(10)]

  /// A shelf that did not take the document, and why.
  private struct Failure: Sendable {
    var shelf: any RequestShelf
    var error: ConnectorError
    var isFinal: Bool { error.code == .refused || error.code == .misconfigured }
  }

  func carry(_ run: RunID) async {
    do {
      guard let request = try await archive.requestAsAsked(of: run) else { return }
      try await carry(request, try author.document(request))
    } catch is CancellationError {
      // The next driver finds it unmarked and begins anew.
    } catch {
      observer.progressed(run, "approve", "the request for approval could not be made: \(error)")
    }
  }

  private func carry(_ request: ApprovalRequest, _ document: RequestDocument) async throws {
    var (links, failures) = await put(document, on: catalog.shelves() ?? [])
    try Task.checkCancellation()
    try await tell(request, asked(request, links, failures), links)
    for pause in Self.pauses where !failures.isEmpty {
      let again = failures.filter { !$0.isFinal }.map(\.shelf)
      if again.isEmpty { break }
      try await time.sleep(for: pause)
      let (found, left) = await put(document, on: again)
      try Task.checkCancellation()
      failures = failures.filter(\.isFinal) + left
      if !found.isEmpty {
        links += found
        try await tell(
          request, "the request for approval of \(request.release) is now at \(found.joined(separator: ", "))", found)
      }
    }
    if let last = failures.last {
      let text =
        "the request for approval is not in \(last.shelf.place): \(last.error.message); "
        + "once that is mended: slipway request \(request.run) --publish"
      observer.progressed(request.run, "approve", text)
    }
    marks.set(request.run)
  }

  private func put(_ document: RequestDocument, on shelves: [any RequestShelf]) async -> ([String], [Failure]) {
    var links: [String] = []
    var failures: [Failure] = []
    for shelf in shelves {
      let answer = await Deadline.bound(Self.patience, time) {
        do throws(ConnectorError) {
          return Result<String, ConnectorError>.success(try await shelf.put(document))
        } catch {
          return .failure(error)
        }
      }
      // Whoever was cut off has nothing to say; the next driver begins anew.
      if Task.isCancelled { break }
      switch answer ?? .failure(ConnectorError(.timedOut, "\(shelf.place) did not take it within \(Self.patience)")) {
      case .success(let link):
        links.append(link)
        observer.progressed(document.run, "approve", "the request for approval is at \(link)")
      case .failure(let error):
        failures.append(Failure(shelf: shelf, error: error))
        observer.progressed(
          document.run, "approve", "the request for approval could not be published: \(error.message)")
      }
    }
    return (links, failures)
  }

  private func asked(_ request: ApprovalRequest, _ links: [String], _ failures: [Failure]) -> String {
    var parts = ["\(request.title): \(request.blocker.description)"]
    if let until = request.timing.expiresAt { parts.append("decide by \(until.spoken)") }
    parts.append("answer with: " + request.options.map(\.slackReply).joined(separator: " | "))
    if !links.isEmpty { parts.append("read: " + links.joined(separator: ", ")) }
    parts += failures.map { "it could not be put into \($0.shelf.place) yet: \($0.error.message)" }
    parts.append("or see it with: slipway request \(request.run)")
    return parts.joined(separator: "; ")
  }

  private func tell(_ request: ApprovalRequest, _ text: String, _ links: [String]) async throws {
    let message = Message(
      event: "approval_requested", project: request.project, run: request.run, release: request.release,
      environment: request.to, text: text, link: links.last)
    let answer = await Deadline.bound(Self.telling, time) { [catalog] in await catalog.tell(message) }
    try Task.checkCancellation()
    if let failure = answer ?? "nobody took the message within \(Self.telling)" {
      observer.progressed(request.run, "approve", "people could not be told: \(failure)")
    }
  }
}
