import Foundation
import Glibc
import SlipwayEngine
import SlipwayEvidence
import SlipwayJournal
import SlipwayModel

/// One story, played from its first job to its last.
final class Simulation {
  /// The same for every process, so that what is written is the same too: the present directory is the process's own.
  static let folder = "/proc/self/cwd/state"
  /// How long after the storm everything may take to end.
  private static let calm: Int64 = 12 * 3_600_000
  private static let jobLimit = 400_000
  private static let key = SigningKey(seed: Data(repeating: 7, count: 32))

  let story: Story
  let timeline = Timeline()
  let world: World
  let oracle: Oracle
  let desk = SimulatedDesk()
  private(set) var tally = Tally()
  private(set) var trace: [String] = []
  private(set) var lastHash = ""
  private var attendant: Attendant
  private var order: Dice
  private var identities: Dice
  private var journal: Journal?
  private var engine: Engine?
  private var engineEnd: Result<Void, any Error>?
  private var jobs = 0
  private var commits = 0
  /// Submissions that nobody has answered yet, with those that were handed in past the desk.
  private var unanswered: [String: Submission] = [:]
  private var unansweredOrder: [String] = []
  private var acknowledged: [String] = []
  private var crashes: Set<Int> = []
  private var powerCuts: [Int: Int] = [:]
  private var fullDisks: [Int: Int] = [:]
  private var isDone = false

  init(_ story: Story) {
    self.story = story
    world = World(story, timeline)
    oracle = Oracle(world)
    attendant = Attendant(seed: story.seed)
    order = Dice(story.seed, 4)
    identities = Dice(story.seed, 5)
    world.log = { [unowned self] in say($0) }
    world.onTrouble = { [unowned self] in tally.troubles[$0, default: 0] += 1 }
    world.onCall = { [unowned self] in begins($0, $1, $2) }
    world.effectBegins = { [unowned self] in oracle.begins($0) }
    desk.onAnswer = { [unowned self] in answered($0, $1) }
  }

  private func say(_ text: String) { trace.append("\(clockText(timeline.elapsed)) \(text)") }

  // MARK: Playing

  /// Plays the story to its end; what went wrong is in the oracle.
  func play() {
    try? FileManager.default.removeItem(atPath: Self.folder)
    schedule()
    start()
    while !isDone, oracle.breaches.isEmpty { step() }
    finish()
  }

  private func step() {
    if !OneThread.isEmpty {
      jobs += 1
      if crashes.remove(jobs) != nil { return crash("crash after job \(jobs)", "crash") }
      if jobs > Self.jobLimit { return oracle.broken("ending", "there is no end after \(jobs) jobs") }
      // Most of the time the oldest job goes first; a commit may come before jobs that are ready.
      if let journal, journal.waiting > 0, order.chance(10) { return commit(journal) }
      return OneThread.run(at: order.chance(70) ? 0 : order.below(OneThread.count))
    }
    if let journal, journal.waiting > 0 { return commit(journal) }
    if let engineEnd { return ended(engineEnd) }
    if !timeline.advance() { oracle.broken("ending", "nothing is left to happen and the story is not over") }
  }

  private func schedule() {
    for element in story.elements {
      switch element {
      case .promote(let at, let place, let release, let by, let directly):
        timeline.after(at) { [self] in
          let content = Submission.Content.promote(story.release(release).id, to: story.environments[place].name)
          hand(content, by, directly)
        }
      case .say(let at, let place, let word, let by, let directly, let again):
        timeline.after(at) { [self] in speak(word, place, by, directly, again) }
      case .clock(let at, let span):
        timeline.after(at) { [self] in setClock(by: span) }
      case .crash(let job): crashes.insert(job)
      case .powerCut(let commit, let permille): powerCuts[commit] = permille
      case .diskFull(let commit, let bytes): fullDisks[commit] = bytes
      case .trouble, .outage, .during: break
      }
    }
    for index in story.releases.indices {
      timeline.after(0) { [self] in hand(.ledger(.releaseAdded(story.release(index))), "carol", false) }
    }
    timeline.after(Story.stormEnds) { [self] in
      say("the storm is over")
      world.isHealing = true
      crashes = []
      powerCuts = [:]
      fullDisks = [:]
    }
    timeline.after(Story.stormEnds + Self.calm) { [self] in
      let open = oracle.open.map {
        "\($0.promotion.run) (\($0.promotion.status): \($0.promotion.next(at: timeline.now)))"
      }
      oracle.broken("ending", "these runs do not end: \(open.joined(separator: ", "))")
    }
    attend()
  }

  private func attend() {
    timeline.after(120_000) { [self] in
      let now = timeline.now
      for shadow in oracle.open {
        let run = shadow.promotion.run
        for (person, decision) in attendant.words(on: shadow.promotion, at: now, isHealing: world.isHealing) {
          hand(.decide(run, decision), person, false)
        }
      }
      for place in world.places { place.serve(until: timeline.elapsed) }
      if world.isHealing, oracle.open.isEmpty, unanswered.isEmpty, engine != nil { isDone = true } else { attend() }
    }
  }

  private func begins(_ site: Site, _ place: Place, _ count: Int) {
    for case .during(site, place.index, count, let span, let happening) in story.elements where !world.isHealing {
      timeline.after(span) { [self] in
        switch happening {
        case .crash:
          if journal != nil { crash("crash in the middle of \(site.rawValue)", "crash in the middle of a call") }
        case .words(let words): for word in words { speak(word, place.index, "ann", true, false) }
        case .meddle(let percent, let lasting): meddle(place, percent, lasting)
        case .clock(let jump): setClock(by: jump)
        }
      }
    }
  }

  private func setClock(by span: Int64) {
    tally.troubles[span > 0 ? "clock: forward" : "clock: back", default: 0] += 1
    oracle.lastCrash = timeline.elapsed
    say("the clock is set by \(span / 1_000) s")
    timeline.jump(span)
  }

  private func meddle(_ place: Place, _ percent: Int, _ span: Int64) {
    guard place.split.a + place.split.b == 100,
      let other = Split(readBackA: percent, b: 100 - percent, fallback: place.split.fallback),
      other != place.split
    else { return }
    let former = place.split
    let generation = place.generation
    tally.troubles["split: somebody else", default: 0] += 1
    say("  \(place.name): somebody else sets \(other)")
    place.serve(until: timeline.elapsed)
    place.isMeddled = true
    place.lastTrouble = timeline.elapsed
    place.change(to: other, at: timeline.elapsed)
    timeline.after(span) { [self] in
      guard place.generation == generation, place.isMeddled else { return }
      place.change(to: former, at: timeline.elapsed)
      place.isMeddled = false
      place.lastTrouble = timeline.elapsed
      say("  \(place.name): it is set back to \(former)")
    }
  }

  // MARK: People

  private func speak(_ word: Word, _ place: Int, _ by: Person, _ directly: Bool, _ again: Bool) {
    let name = story.environments[place].name
    let open = oracle.open(in: name)?.promotion
    let content: Submission.Content
    switch word {
    case .rollback: content = .rollback(name, to: nil, incident: "INC-1")
    case .freeze:
      let now = timeline.now
      content = .ledger(
        .freezeAdded(Freeze(name: "calm", from: now, until: now + .minutes(20), reason: "calm", environments: [name])))
    case .thaw: content = .ledger(.freezeRemoved(name: "calm"))
    default:
      guard let open, let decision = Self.decision(word, open) else { return }
      content = .decide(open.run, decision)
    }
    let submission = hand(content, by, directly)
    if again { timeline.after(Int64(order.below(5_000))) { [self] in handAgain(submission) } }
  }

  private static func decision(_ word: Word, _ open: Promotion) -> Submission.Decision? {
    switch word {
    case .approve: .approve(plan: nil, comment: nil)
    case .approveAnotherPlan: .approve(plan: Digest(of: Data("another".utf8)), comment: nil)
    case .hold: .hold(reason: "wait")
    case .resume: .resume
    case .reject: .reject(reason: "no")
    case .pause: .pause(reason: "let me look")
    case .abort: .abort(reason: "stop")
    case .confirm: .confirm(step: "look", note: "seen")
    case .rollback, .freeze, .thaw: nil
    }
  }

  @discardableResult
  private func hand(_ content: Submission.Content, _ by: Person, _ directly: Bool) -> Submission {
    let submission = Submission(
      id: "s\(acknowledged.count)-\(identities.next())", by: by, content: content)
    unanswered[submission.id] = submission
    unansweredOrder.append(submission.id)
    if directly, let engine { submit(submission, engine) } else { desk.handIn(submission) }
    return submission
  }

  private func handAgain(_ submission: Submission) {
    tally.troubles["people: the same twice", default: 0] += 1
    unanswered[submission.id] = submission
    if !unansweredOrder.contains(submission.id) { unansweredOrder.append(submission.id) }
    if !desk.pile.contains(where: { $0.id == submission.id }) { desk.handIn(submission) }
  }

  private func submit(_ submission: Submission, _ engine: Engine) {
    nonisolated(unsafe) let simulation = self  // there is one thread
    Task { simulation.answered(submission, await engine.submit(submission)) }
  }

  private func answered(_ submission: Submission, _ reply: Reply) {
    say("\(submission.by) \(reply.accepted ? "is heard" : "is refused"): \(reply.message)")
    unanswered[submission.id] = nil
    unansweredOrder.removeAll { $0 == submission.id }
    tally.words += 1
    if !reply.accepted { tally.refusals += 1 }
    guard reply.accepted else {
      if oracle.ids.contains(submission.id) {
        oracle.broken("acknowledged", "'\(reply.message)' was said of what is in the journal already")
      }
      return
    }
    acknowledged.append(submission.id)
    catchUp()
    if !oracle.ids.contains(submission.id) {
      oracle.broken("acknowledged", "'\(reply.message)' was said, and the journal on the disk knows nothing of it")
    }
    if let run = reply.run, case .promote = submission.content, oracle.shadows[run] == nil {
      oracle.broken("acknowledged", "run \(run) was promised and is not in the journal")
    }
  }

  // MARK: The engine

  private func start() {
    say("the engine starts")
    do {
      let holder = DriverLock.Holder(pid: 1, host: "simulation", startedAt: timeline.now, command: "simulation")
      let journal = try Journal.open(folder: URL(fileURLWithPath: Self.folder), as: holder, writer: .byHand)
      self.journal = journal
      if journal.tip.seq < oracle.seen {
        oracle.broken(
          "acknowledged", "the journal ends at \(journal.tip.seq), and entry \(oracle.seen) was acknowledged")
      }
    } catch {
      return oracle.broken("opening", "the journal cannot be opened: \(error)")
    }
    guard let journal else { return }
    catchUp()
    oracle.died()
    if oracle.runs.isEmpty { oracle.lastCrash = nil }
    nonisolated(unsafe) let simulation = self  // there is one thread
    Task { await simulation.drive(journal) }
  }

  private func drive(_ journal: Journal) async {
    guard let key = Self.key else { return }
    let pipeline = story.pipeline
    nonisolated(unsafe) let simulation = self  // there is one thread
    do {
      let engine = try await Engine(
        state: StateFolder(URL(fileURLWithPath: Self.folder)), journal: journal,
        catalog: SimulatedCatalog(world: world) { simulation.oracle.heard($0) }, pipeline: { pipeline },
        time: SimulatedTime(timeline: timeline), author: EvidenceAuthor(key: key, redactor: Redactor()),
        observer: SilentObserver(), desk: desk,
        randomness: { UInt32(truncatingIfNeeded: simulation.identities.next()) })
      self.engine = engine
      try await engine.drive(following: [], forever: true, until: nil)
      engineEnd = .success(())
    } catch {
      engineEnd = .failure(error)
    }
  }

  private func commit(_ journal: Journal) {
    commits += 1
    let disk = Disk(folder: Self.folder)
    if let permille = powerCuts.removeValue(forKey: commits) {
      let before = disk.image
      journal.step(acknowledging: false)
      return crash("power cut with \(permille) ‰ of commit \(commits) written", "power cut") { image in
        image.log = Disk.torn(before.log, image.log, permille: permille)
      }
    }
    if let bytes = fullDisks.removeValue(forKey: commits) {
      say("the disk is full")
      tally.troubles["disk: full", default: 0] += 1
      oracle.lastCrash = timeline.elapsed
      _ = disk.full(after: bytes) { journal.step() }
      return catchUp()
    }
    journal.step(atMost: order.chance(80) ? .max : 1 + order.below(3))
    catchUp()
  }

  /// Lets the oracle read what has become durable.
  private func catchUp() {
    guard let journal, journal.tip.seq > oracle.seen || oracle.seen == 0 else { return }
    let after = oracle.seen
    if case .success(let entries) = OneThread.now({ try await journal.reader.entries(after: after, limit: 10_000) }) {
      tally.entries += entries.count
      oracle.read(entries)
      oracle.isCatchingUp = false
    }
  }

  /// The engine's drive ended by itself: the journal has failed. A supervisor starts it anew.
  private func ended(_ end: Result<Void, any Error>) {
    if case .failure(let error) = end, let error = error as? JournalError, error.code == .broken {
      return crash("the engine gives up: \(error.code)", nil)
    }
    oracle.broken("ending", "the engine ended: \(end)")
  }

  private func crash(_ what: String, _ kind: String?, _ change: (inout Disk.Image) -> Void = { _ in }) {
    say(what)
    if let kind { tally.troubles["engine: \(kind)", default: 0] += 1 }
    tally.crashes += 1
    let disk = Disk(folder: Self.folder)
    var image = disk.image
    change(&image)
    oracle.isCatchingUp = true
    OneThread.forget()
    timeline.dropEngine()
    desk.forgetEngine()
    journal?.abandon()
    journal = nil
    engine = nil
    engineEnd = nil
    disk.restore(image)
    verify()
    // Whoever got no answer says it again, as the command line does.
    timeline.after(1_000 + Int64(order.below(120_000))) { [self] in
      start()
      for id in unansweredOrder where !desk.pile.contains(where: { $0.id == id }) {
        if let submission = unanswered[id] { desk.handIn(submission) }
      }
    }
  }

  private func verify() {
    do {
      let found = try JournalVerifier(folder: URL(fileURLWithPath: Self.folder)).verify()
      if !found.isIntact { oracle.broken("journal", "it does not verify: \(found.findings)") }
      lastHash = "\(found.tip.seq) \(Digest(of: found.tip.hash).hex)"
    } catch {
      // A cut before the first commit leaves nothing to verify.
      if oracle.seen > 0 { oracle.broken("journal", "it cannot be verified: \(error)") }
    }
  }

  private func finish() {
    tally.seeds = 1
    tally.commits = commits
    tally.jobs = jobs
    tally.milliseconds = timeline.elapsed
    if oracle.breaches.isEmpty, let engine {
      if case .success(let stuck) = OneThread.now({ await engine.stuck }) {
        for run in stuck.keys.sorted() { oracle.broken("stuck", "\(run): \(stuck[run] ?? "")") }
      }
      if !unanswered.isEmpty { oracle.broken("answers", "nobody answered \(unansweredOrder)") }
      checkEvidence()
    }
    for promotion in oracle.finished {
      tally.promotions += 1
      tally.outcomes[promotion.outcome?.rawValue ?? "none", default: 0] += 1
    }
    OneThread.forget()
    timeline.dropEngine()
    journal?.abandon()
    journal = nil
    engine = nil
    verify()
    say("the journal ends at \(lastHash)")
  }

  private func checkEvidence() {
    for promotion in oracle.finished {
      let report = EvidenceVerifier.verify(promotion.evidenceFolder ?? "", trustedKey: Self.key?.publicKey)
      if !report.passed { oracle.broken("evidence", "\(promotion.run): \(report.lines.joined(separator: "; "))") }
    }
  }
}
