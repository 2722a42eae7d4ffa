import Foundation
import SlipwayConnectors
import SlipwayEngine
import SlipwayJournal
import SlipwayModel

/// A rule that was broken: which, and how.
struct Breach: Equatable {
  var rule: String
  var text: String
}

/// Reads the journal as it is on the disk, beside the engine, and compares it with what is done to the world.
final class Oracle {
  /// A run as the journal has it.
  struct Shadow {
    var promotion: Promotion
    /// Sequence number and time of the newest intent of each step.
    var intents: [Int: (seq: Int64, at: Int64)] = [:]
    /// Effects that were begun and not asked back since.
    var unasked: Set<Int> = []
    /// The driver that had begun a step is dead; the next one has to say so first.
    var mustResume = false
    var begunAt: Int64
  }

  let world: World
  private(set) var runs: [RunID] = []
  private(set) var shadows: [RunID: Shadow] = [:]
  private(set) var breaches: [Breach] = []
  private(set) var seen: Int64 = 0
  private(set) var ids: Set<String> = []
  private var usedIntents: Set<String> = []
  private var removalIntents: [EnvironmentName: Int64] = [:]
  private var underWay: [RunID: Effect] = [:]
  /// Freezes by name, and since when they stand in the journal.
  private var freezes: [String: (freeze: Freeze, since: Int64)] = [:]
  private var told: Set<String> = []
  /// When something injected last touched everything: a crash, a full disk.
  var lastCrash: Int64?
  /// What is read now was written before the last crash; what the world looked like then is not known any more.
  var isCatchingUp = false
  private var time: Int64 { world.timeline.elapsed }

  init(_ world: World) {
    self.world = world
    for place in world.places {
      place.onWrongAnswer = { [unowned self] slot, count in
        broken("traffic", "\(count) requests of \(place.name) were answered by slot \(slot), which must get none")
      }
    }
  }

  func broken(_ rule: String, _ text: String) {
    // The first few say it all.
    guard breaches.count < 20 else { return }
    breaches.append(Breach(rule: rule, text: text))
    world.log("!! \(rule): \(text)")
  }

  var open: [Shadow] { runs.compactMap { shadows[$0] }.filter { !$0.promotion.isFinished } }
  var finished: [Promotion] { runs.compactMap { shadows[$0]?.promotion }.filter(\.isFinished) }

  func open(in environment: EnvironmentName) -> Shadow? { open.first { $0.promotion.plan.to == environment } }

  // MARK: The journal

  /// Folds in what the journal has that was not seen yet.
  func read(_ entries: [StoredEntry]) {
    for stored in entries {
      seen = stored.seq
      if let id = stored.entry.id { ids.insert(id) }
      if stored.entry.stream.contains(":") {
        if stored.entry.kind == "task.intended" {
          removalIntents[EnvironmentName(String(stored.entry.stream.dropFirst("environment:".count)))] = stored.seq
        }
        world.log("#\(stored.seq) \(stored.entry.stream) \(stored.entry.kind)")
        if stored.entry.stream.hasPrefix("freeze:") { foldFreeze(stored) }
        continue
      }
      do {
        fold(try CanonicalJSON.decode(Event.self, from: stored.entry.body), stored)
      } catch {
        broken("journal", "entry \(stored.seq) cannot be read: \(error)")
      }
    }
  }

  private func fold(_ event: Event, _ stored: StoredEntry) {
    let run = RunID(stored.entry.stream)
    if case .requested(let request) = event { return begin(request, stored) }
    guard var shadow = shadows[run] else { return broken("journal", "\(run) has \(event.kind) before its request") }
    let before = shadow.promotion
    check(event, stored, &shadow)
    shadow.promotion.apply(event, at: stored.entry.at)
    // A word that turned the run around left nothing that is under way.
    if !shadow.promotion.hasStepUnderWay { shadow.mustResume = false }
    shadows[run] = shadow
    world.log("#\(stored.seq) \(run.text.suffix(4)) \(Self.line(event, before)) [\(shadow.promotion.status)]")
    for text in shadow.promotion.violations { broken("machine", "\(run): \(text)") }
    if shadow.promotion.isFinished, !before.isFinished { checkEnd(shadow) }
  }

  private func foldFreeze(_ stored: StoredEntry) {
    switch try? CanonicalJSON.decode(LedgerEvent.self, from: stored.entry.body) {
    case .freezeAdded(let freeze): freezes[freeze.name] = (freeze, time)
    case .freezeRemoved(let name, _): freezes[name] = nil
    default: broken("journal", "entry \(stored.seq) is no freeze")
    }
  }

  /// A freeze that everybody could have read by now keeps new effects on the way forward from beginning.
  private func checkFreeze(_ index: Int, _ stored: StoredEntry, _ shadow: Shadow) {
    let promotion = shadow.promotion
    let step = StepRun(index: index, step: promotion.records[index].step, attempt: 1, deadline: stored.entry.at)
    // The calendar is looked at a moment before the intent is written; who sets the clock in between looks at another day.
    guard promotion.isStoppedByFreeze(step), world.timeline.lastJump.map({ time - $0 > 20_000 }) ?? true else { return }
    let covering = freezes.values.first { freeze, since in
      time - since > 20_000 && freeze.isActive(at: stored.entry.at)
        && freeze.concerns(promotion.plan.to, of: promotion.plan.project)
    }
    guard covering != nil else { return }
    broken("freeze", "\(promotion.run) begins \(step.step.id) in a freeze")
  }

  private static func line(_ event: Event, _ promotion: Promotion) -> String {
    func step(_ index: Int) -> String {
      promotion.records.indices.contains(index) ? promotion.records[index].step.id.text : "?"
    }
    switch event {
    case .stepIntended(let index, let attempt, _): return "intends \(step(index)), attempt \(attempt)"
    case .stepReported(let index, _, let result): return "\(step(index)): \(result)"
    case .readBack(let index, _, let observation): return "asks \(step(index)) back: \(observation)"
    case .measured(_, _, let judgement): return "looks: \(judgement.verdict), \(judgement.reason)"
    case .gatesReported(let index, _, let reports): return "\(step(index)): \(reports.map(\.verdict.word))"
    default: return event.kind
    }
  }

  private func begin(_ request: Request, _ stored: StoredEntry) {
    if let other = open(in: request.plan.to) {
      broken("one run", "\(request.run) began on \(request.plan.to) while \(other.promotion.run) is open there")
    }
    if request.plan.operation == .rollback, request.by == "dave" || request.by == "carol" {
      broken("permission", "\(request.by) took \(request.plan.to) back without the role for it")
    }
    runs.append(request.run)
    shadows[request.run] = Shadow(promotion: Promotion(request, at: stored.entry.at), begunAt: time)
    world.log(
      "#\(stored.seq) \(request.run.text.suffix(4)) \(request.plan.operation.rawValue) \(request.plan.release.id) "
        + "(\(world.story.truth(of: request.plan.release.id))) to \(request.plan.to) by \(request.by)")
  }

  private func check(_ event: Event, _ stored: StoredEntry, _ shadow: inout Shadow) {
    let run = shadow.promotion.run
    if shadow.mustResume, stored.entry.actor == "slipway" {
      if event != .resumed {
        broken("resume", "\(run) goes on with \(event.kind) and has not said that it was resumed")
      }
      shadow.mustResume = false
    }
    switch event {
    case .stepIntended(let index, _, _):
      guard shadow.promotion.records.indices.contains(index) else { return }
      checkFreeze(index, stored, shadow)
      if shadow.promotion.records[index].step.action.hasEffect {
        if shadow.unasked.contains(index) {
          broken("repeat", "\(run) begins \(shadow.promotion.records[index].step.id) again and has not asked the world")
        }
        shadow.unasked.insert(index)
      }
      shadow.intents[index] = (stored.seq, time)
    case .readBack(let index, _, let observation):
      shadow.unasked.remove(index)
      if case .done = observation { believe(index, shadow) }
    case .stepReported(let index, _, .succeeded): believe(index, shadow)
    case .stepReported(let index, _, .errored):
      // Asked, and no answer in time: that is an answer too, or going back would never write.
      guard shadow.promotion.records.indices.contains(index) else { return }
      if case .uncertain = shadow.promotion.records[index].status { shadow.unasked.remove(index) }
    case .measured(let index, _, let judgement) where judgement.verdict == .healthy: healthy(index, shadow)
    case .rollbackAsked(let person, _) where person == "dave" || person == "carol":
      broken("permission", "\(person) turned \(run) around without the role for it")
    default: break
    }
  }

  // MARK: Effects

  /// Whether the world may be changed so at this moment, by what is on the disk.
  func begins(_ effect: Effect) {
    if let former = effect.run.flatMap({ underWay[$0] }) ?? underWay[owner(of: effect)], !former.isOver {
      let since = former.cancelledAt.map { time - $0 }
      // Who does not listen to cancellation is waited for some seconds, then it is left behind.
      if since.map({ $0 < 4_900 }) ?? true {
        broken("order", "\(effect.kind) begins in \(effect.place.name) while \(former.kind) is under way")
      }
    }
    underWay[owner(of: effect)] = effect
    if case .destroy(let slot) = effect.kind, isScheduled(effect, slot) { return }
    let candidates = effect.run.map { run in open.filter { $0.promotion.run == run || owns($0, effect) } }
    let shadow = (candidates ?? open(in: effect.place.name).map { [$0] } ?? []).first {
      $0.promotion.plan.to == effect.place.name
    }
    guard let shadow else { return broken("intent", "\(effect.kind) in \(effect.place.name) belongs to no open run") }
    guard let intent = intent(of: effect, shadow) else {
      return broken("intent", "\(effect.kind) in \(effect.place.name) was begun and its intent is not on the disk")
    }
    if !usedIntents.insert("\(intent.seq)").inserted {
      broken("repeat", "\(effect.kind) in \(effect.place.name) was begun twice under entry \(intent.seq)")
    }
    checkTraffic(effect, shadow)
  }

  /// The newest intent that asks for the effect: of the step in hand, or of one that the run has turned away from since, before its effect got its turn.
  private func intent(of effect: Effect, _ shadow: Shadow) -> (seq: Int64, at: Int64)? {
    let promotion = shadow.promotion
    return shadow.intents.filter { index, intent in
      let record = promotion.records[index]
      let stands = if case .intended = record.status { index == promotion.current } else { record.status == .skipped }
      return stands && fits(effect, promotion, record.step.action, intent.seq)
    }.values.max { $0.seq < $1.seq }
  }

  /// Blue is removed in the name of the run that had put it there.
  private func owns(_ shadow: Shadow, _ effect: Effect) -> Bool {
    shadow.promotion.plan.to == effect.place.name && shadow.promotion.plan.blue?.run == effect.run
  }

  private func owner(of effect: Effect) -> RunID {
    effect.run ?? open(in: effect.place.name)?.promotion.run ?? RunID("none")
  }

  private func isScheduled(_ effect: Effect, _ slot: Slot) -> Bool {
    if let shadow = open(in: effect.place.name), let index = shadow.promotion.current,
      case .destroy = shadow.promotion.records[index].step.action
    {
      return false
    }
    guard let seq = removalIntents[effect.place.name] else { return false }
    removalIntents[effect.place.name] = nil
    if !usedIntents.insert("\(seq)").inserted { broken("repeat", "slot \(slot) is emptied twice under entry \(seq)") }
    checkEmptying(effect.place, slot)
    return true
  }

  private func checkEmptying(_ place: Place, _ slot: Slot) {
    if place.split[slot] > 0, !place.isMeddled {
      broken("traffic", "slot \(slot) of \(place.name) is to be emptied while it gets \(place.split[slot]) %")
    }
  }

  private func fits(_ effect: Effect, _ promotion: Promotion, _ action: Action, _ seq: Int64) -> Bool {
    switch (effect.kind, action) {
    case (.deploy, .deploy): true
    case (.data(let done), .data(let deed)): done == deed
    case (.destroy(let slot), .destroy(let role)):
      slot == (role == .green ? promotion.plan.green : promotion.plan.blue?.slot)
    case (.shift(let split, let generation), .shift(let percent, let settles)):
      split == promotion.plan.split(percent: percent, settles: settles) && generation == UInt64(seq)
    default: false
    }
  }

  private func checkTraffic(_ effect: Effect, _ shadow: Shadow) {
    let place = effect.place
    let promotion = shadow.promotion
    if case .destroy(let slot) = effect.kind { checkEmptying(place, slot) }
    // Of a rollback by hand it is the release that served whose data stop serving.
    let leaving = promotion.plan.operation == .promote ? promotion.plan.green : promotion.plan.blue?.slot
    if effect.kind == .data(.restore) || effect.kind == .data(.setAside), let leaving, place.split[leaving] > 0,
      !place.isMeddled
    {
      broken(
        "data", "data of \(place.name) are restored or set aside while \(leaving), which works on them, has traffic")
    }
    guard case .shift(let split, _) = effect.kind, split[promotion.plan.green] > 0 else { return }
    let isVerified = promotion.records.contains { record in
      if case .verify(.green, _) = record.step.action { record.status == .succeeded } else { false }
    }
    // Going back by hand to data that come with the switch is looked at after it; nobody could have looked before.
    if !isVerified, !promotion.plan.verifiesAfterShift {
      broken("traffic", "\(place.name): green gets traffic and was not verified")
    }
    if let approval = promotion.plan.approval, !approval.missing(in: promotion.approvals).isEmpty {
      broken("agreement", "\(place.name): green gets traffic and nobody agreed")
    }
    place.serve(until: time)
    place.mayAnswer.formUnion(Slot.allCases.filter { split[$0] > 0 })
    if let blue = promotion.plan.blue { place.mayAnswer.insert(blue.slot) }
  }

  // MARK: What is believed

  private func wasTroubled(_ place: Place, since start: Int64) -> Bool {
    [place.lastTrouble, lastCrash].contains { $0.map { $0 >= start - 700_000 } ?? false }
  }

  /// The journal says that a step is done: the world has to agree, or has to have at some time since.
  private func believe(_ index: Int, _ shadow: Shadow) {
    guard shadow.promotion.records.indices.contains(index), let place = world.place(shadow.promotion.plan.to) else {
      return
    }
    let plan = shadow.promotion.plan
    let since = shadow.intents[index]?.at ?? time
    if let lie = place.liedAt, lie >= since { return }
    switch shadow.promotion.records[index].step.action {
    case .shift(let percent, let settles):
      let wanted = plan.split(percent: percent, settles: settles)
      guard place.wasSplit(wanted, since: since) else {
        return broken("read-back", "\(place.name): \(wanted) is called done, and the data plane never had it")
      }
      place.serve(until: time)
      if percent == 0, plan.blue != nil { place.mayAnswer.remove(plan.green) }
      if settles, let blue = plan.blue { place.mayAnswer.remove(blue.slot) }
    case .deploy:
      if place.slots[plan.green]?.release != plan.release.id {
        broken(
          "read-back", "\(place.name): \(plan.release.id) is called deployed, and slot \(plan.green) does not hold it")
      }
    case .destroy(let role):
      let slot = role == .green ? plan.green : plan.blue?.slot
      if let slot, let resident = place.slots[slot], !wasTroubled(place, since: since) {
        broken("read-back", "\(place.name): slot \(slot) is called empty and holds \(resident.release)")
      }
    default: break
    }
  }

  private func healthy(_ index: Int, _ shadow: Shadow) {
    guard !isCatchingUp, shadow.promotion.records.indices.contains(index),
      let place = world.place(shadow.promotion.plan.to),
      case .watch(let percent, _) = shadow.promotion.records[index].step.action
    else { return }
    let wanted = shadow.promotion.plan.split(percent: percent, settles: false)
    // A look may take as long as its deadline.
    if let lie = place.liedAt, lie >= time - 60_000 { return }
    if !place.wasSplit(wanted, since: time - 20_000) {
      broken("drift", "\(place.name): the watch of \(wanted) is healthy while the data plane says \(place.split)")
    }
  }

  // MARK: Ends

  private func checkEnd(_ shadow: Shadow) {
    let promotion = shadow.promotion
    guard let place = world.place(promotion.plan.to), let outcome = promotion.outcome else { return }
    let truth = world.story.truth(of: promotion.plan.release.id)
    if promotion.evidenceFolder.map({ !FileManager.default.fileExists(atPath: $0 + "/manifest.json") }) ?? true {
      broken("evidence", "\(promotion.run) ended and its evidence is not there")
    }
    let green = promotion.plan.green
    let isKnown = !place.isMeddled && (place.liedAt.map { $0 < shadow.begunAt } ?? true)
    switch outcome {
    case .success:
      if place.split[green] != 100, isKnown {
        broken("end", "\(promotion.run) succeeded and \(promotion.plan.release.id) gets \(place.split[green]) %")
      }
      guard promotion.plan.operation == .promote else { break }
      switch truth {
      case .erroneous, .slow, .crashing, .neverHealthy:
        broken("judgement", "\(promotion.plan.release.id) (\(truth)) was promoted to \(place.name)")
      case .good, .dying: break
      }
    case .rolledBack, .aborted, .failed:
      if let blue = promotion.plan.blue, promotion.plan.operation == .promote, promotion.hasTouchedTraffic,
        place.split[blue.slot] != 100, isKnown
      {
        broken("end", "\(promotion.run) ended as \(outcome.rawValue) and blue gets \(place.split[blue.slot]) %")
      }
      if promotion.cause?.kind == .breach, truth.isGood, !place.isMeddled {
        broken("judgement", "\(promotion.plan.release.id) is good and was taken back: \(promotion.cause?.reason ?? "")")
      }
      let isInjected = wasTroubled(place, since: shadow.begunAt) || !truth.isGood || place.isMeddled
      if promotion.cause?.kind == .failedStep, !isInjected, promotion.records.allSatisfy({ $0.step.kind != .confirm }) {
        broken("judgement", "\(promotion.run) failed and nothing was wrong: \(promotion.cause?.reason ?? "")")
      }
    case .rejected, .blocked: break
    }
    // Nobody may be left unable to write, whichever way it ended; a run that failed has told people.
    if place.paused.contains(promotion.run), outcome != .failed, isKnown {
      broken("data", "\(promotion.run) ended as \(outcome.rawValue), and blue's data still take no writes")
    }
    if outcome == .success, promotion.plan.operation == .promote, promotion.plan.greenData != .shared,
      promotion.plan.blue != nil, !place.ownData.contains(promotion.run), isKnown
    {
      broken("data", "\(promotion.run) succeeded, and green has no data of its own")
    }
  }

  /// After a death of the driver.
  func died() {
    lastCrash = time
    underWay = [:]
    for run in runs {
      guard let shadow = shadows[run], !shadow.promotion.isFinished else { continue }
      shadows[run]?.mustResume = shadow.promotion.hasStepUnderWay
    }
  }

  /// A milestone is told once.
  func heard(_ message: Message) {
    guard message.event != "escalated" else { return }
    if !told.insert("\(message.run) \(message.event)").inserted {
      broken("repeat", "'\(message.event)' of \(message.run) was told twice")
    }
  }
}

extension Promotion {
  fileprivate var hasStepUnderWay: Bool {
    records.contains { record in
      if case .intended = record.status { true } else { false }
    }
  }
}
