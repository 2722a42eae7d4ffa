internal import Foundation
internal import SlipwayConnectors
internal import SlipwayEngine
internal import SlipwayEvidence
internal import SlipwayJournal
internal import SlipwayModel
internal import SlipwayPipelineFile

/// Everything a command needs, wired once: the pipeline file, the state, the engine.
struct Workshop: Sendable {
  let options: CommonOptions
  let state: StateFolder
  private let calendars: CalendarFiles

  init(_ options: CommonOptions) throws {
    self.options = options
    calendars = CalendarFiles(root: options.root)
    state = try options.stateFolder
  }

  /// The checked pipeline, or a ``CommandError`` with every mistake.
  func pipeline() throws -> Pipeline { try PipelineLoading.load(options.fileURL, shown: options.file) }

  /// What lies beside the journal and concerns nobody's plan in particular, as it is at this moment.
  func surroundings(of pipeline: Pipeline) -> Surroundings {
    Surroundings(freezes: pipeline.freezes, calendars: calendars.read(pipeline.calendars))
  }

  /// Reads what lies beside the journal and matters to a plan, as it is at this moment.
  var surroundings: @Sendable (Plan, Ledger) throws -> Surroundings {
    { plan, ledger in
      let pipeline = try self.pipeline()
      var surroundings = self.surroundings(of: pipeline)
      surroundings.acceptances = AcceptanceFile.book(of: pipeline, folder: options.root.path)
      surroundings.damagedProofs = ProofShelf(folder: state.proofs)
        .damage(among: ledger.newestReports(of: plan.release).map(\.digest))
      return surroundings
    }
  }

  /// Opens the journal for reading; works beside a live driver.
  func reader() throws -> JournalReader { try JournalReader.open(folder: state.url) }

  /// What the journal knows outside the runs; nothing where there is no journal yet, which is not the same as one that cannot be read.
  func ledgerOrNone() async throws -> Ledger {
    do {
      return try await archive().ledger()
    } catch let error as JournalError where error.code == .missing {
      return Ledger()
    }
  }

  func archive() throws -> RunArchive { RunArchive(try reader()) }

  /// Opens the engine, which makes this process the driver of the state.
  func engine(observer: any RunObserver) async throws -> (engine: Engine, journal: Journal) {
    try FileManager.default.createDirectory(
      at: state.signingKey.deletingLastPathComponent(), withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    let key = try SigningKey.openOrCreate(at: state.signingKey.path)
    let journal = try Journal.open(
      folder: state.url, as: .thisProcess(at: SystemTime().now()), signer: key.noteSigner)
    do {
      let file = options.fileURL
      let shown = options.file
      let engine = try await Engine(
        state: state, journal: journal, catalog: try LiveCatalog(options, state: state),
        pipeline: { try PipelineLoading.load(file, shown: shown) }, time: SystemTime(),
        author: EvidenceAuthor(key: key, redactor: SecretRedaction.redactor(for: try? pipeline(), root: options.root)),
        observer: observer, surroundings: surroundings, witness: LiveCatalog.witness(options))
      return (engine, journal)
    } catch {
      await journal.close()
      throw error
    }
  }

  /// Hands a submission in: directly where nobody drives the state, through the inbox where somebody does.
  func hand(_ content: Submission.Content, proving credential: Credential? = nil) async throws -> Reply {
    let submission = Submission(
      id: UUID().uuidString.lowercased(), by: options.person, credential: credential ?? options.credential,
      content: content)
    if let reply = try await directly(submission) { return reply }
    let inbox = Inbox(state)
    try inbox.leave(submission)
    let end = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < end {
      if let reply = inbox.takeReply(to: submission.id) { return reply }
      try await Task.sleep(for: .milliseconds(50))
      // The driver may have ended without taking it up: then it is ours to take back and carry in.
      if let reply = try await withdrawn(submission, inbox) { return reply }
    }
    throw CommandError(
      .waiting, "the driver of \(state.path) has not answered yet; what you said is in its inbox and will be taken up")
  }

  private func withdrawn(_ submission: Submission, _ inbox: Inbox) async throws -> Reply? {
    guard let (engine, journal) = try await driverOrNil() else { return nil }
    if let reply = inbox.takeReply(to: submission.id) {
      await journal.close()
      return reply
    }
    _ = inbox.withdraw(submission.id)
    let reply = await engine.submit(submission)
    await journal.close()
    return reply
  }

  private func directly(_ submission: Submission) async throws -> Reply? {
    guard let (engine, journal) = try await driverOrNil() else { return nil }
    let reply = await engine.submit(submission)
    await journal.close()
    return reply
  }

  /// The engine, or nil when another process drives the state.
  func driverOrNil(observer: any RunObserver = SilentObserver()) async throws -> (engine: Engine, journal: Journal)? {
    do {
      return try await engine(observer: observer)
    } catch let error as JournalError where error.code == .held {
      return nil
    }
  }
}

extension Reply {
  /// The reply's message, or its refusal as an error.
  func orRefusal() throws -> Reply {
    guard accepted else { throw CommandError(ExitStatus(code), message) }
    return self
  }
}
