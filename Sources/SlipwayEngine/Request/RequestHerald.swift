internal import SlipwayConnectors
internal import SlipwayJournal
internal import SlipwayModel

/// Publishes requests for approval and tells people, beside the runs and never in their way.
///
/// Whatever a shelf or a messenger does, the run goes on waiting as it would without: nobody awaits the herald but the end of a drive that has nothing else
/// to do, and its work is bounded. What was cut off by the end of the process is done again by the next driver.
actor RequestHerald {
  private let delivery: RequestDelivery
  private var open: Set<RunID> = []
  private var line: AsyncStream<RunID>.Continuation?
  private static let most = 16

  init(
    state: StateFolder, archive: RunArchive, catalog: any ConnectorCatalog, time: any TimeSource,
    author: EvidenceAuthor, observer: any RunObserver
  ) {
    delivery = RequestDelivery(
      archive: archive, catalog: catalog, time: time, author: author, observer: observer, marks: RequestMarks(state))
  }

  /// Whether nothing is left to publish or to tell.
  var isIdle: Bool { open.isEmpty }

  nonisolated var marks: RequestMarks { delivery.marks }

  /// Takes note that people must be asked about `run`; once is enough.
  func announce(_ run: RunID) {
    guard let line, !delivery.marks.has(run), open.insert(run).inserted else { return }
    line.yield(run)
  }

  /// Begins to listen, so that what is announced from now on is carried.
  func listen() -> AsyncStream<RunID> {
    let (stream, line) = AsyncStream.makeStream(of: RunID.self)
    self.line = line
    open = []
    return stream
  }

  /// Carries what is announced until cancelled; `rested` is called after each.
  func work(_ stream: AsyncStream<RunID>, _ rested: @escaping @Sendable () async -> Void) async {
    await withTaskGroup(of: Void.self) { group in
      var begun = 0
      for await run in stream {
        if begun >= Self.most { await group.next() }
        begun += 1
        group.addTask {
          await self.delivery.carry(run)
          await self.end(run)
          await rested()
        }
      }
      group.cancelAll()
    }
    line = nil
    open = []
  }

  private func end(_ run: RunID) { open.remove(run) }
}

extension Engine {
  /// Begins to tell people what waits for them, also what a former driver could not tell; nil where nobody wants to hear of it.
  func listenForRequests() async -> AsyncStream<RunID>? {
    guard house.catalog.shelves() != nil else { return nil }
    let stream = await house.herald.listen()
    let rows = (try? await house.journal.reader.openRuns()) ?? []
    house.herald.marks.sweep(keeping: Set(rows.map(\.run.text)))
    for row in rows where row.status == "awaiting_approval" { await house.herald.announce(row.run) }
    return stream
  }
}
