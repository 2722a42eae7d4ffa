import SlipwayConnectors
import SlipwayModel

/// The world outside the engine, driven by the timeline; it does what it is asked, or what the story has instead.
final class World: @unchecked Sendable {  // there is one thread
  let story: Story
  let timeline: Timeline
  let places: [Place]
  var isHealing = false
  var log: (String) -> Void = { _ in }
  var onTrouble: (String) -> Void = { _ in }
  /// Told which call begins.
  var onCall: (Site, Place, Int) -> Void = { _, _, _ in }
  /// Told before an effect begins; what is under way is told when it ends, too.
  var effectBegins: (Effect) -> Void = { _ in }
  private var dice: Dice
  private var calls: [Call: Int] = [:]
  private var troubles: [Call: Trouble] = [:]
  private var outages: [(Site, Int, ClosedRange<Int64>)] = []
  private var number = 0

  struct Call: Hashable {
    var site: Site
    var place: Int
    var count = 0
  }

  init(_ story: Story, _ timeline: Timeline) {
    self.story = story
    self.timeline = timeline
    places = story.environments.enumerated().map { Place($0.offset, $0.element) }
    dice = Dice(story.seed, 2)
    for case .trouble(let site, let place, let count, let trouble) in story.elements {
      troubles[Call(site: site, place: place, count: count)] = trouble
    }
    for case .outage(let site, let place, let from, let to) in story.elements {
      outages.append((site, place, from...to))
    }
  }

  var nextNumber: Int {
    number += 1
    return number
  }

  func place(_ name: EnvironmentName) -> Place? { places.first { $0.name == name } }

  /// The trouble that this call meets.
  private func trouble(_ site: Site, _ place: Place) -> Trouble? {
    let call = Call(site: site, place: place.index)
    let count = calls[call, default: 0]
    calls[call] = count + 1
    onCall(site, place, count)
    if isHealing { return nil }
    var found = troubles[Call(site: site, place: place.index, count: count)]
    if outages.contains(where: { $0.0 == site && $0.1 == place.index && $0.2.contains(timeline.elapsed) }) {
      found = .errorBefore
    }
    guard let found else { return nil }
    onTrouble("\(site.rawValue): \(found.name)")
    place.lastTrouble = timeline.elapsed
    if found == .stale { place.liedAt = timeline.elapsed }
    log("  \(place.name): \(site.rawValue) meets trouble: \(found)")
    return found
  }

  // MARK: One call

  typealias Answer<Value> = Result<Value, ConnectorError>

  /// A request to the world, from its sending to its answer.
  private final class Request<Value: Sendable>: @unchecked Sendable {  // there is one thread
    var isCancelled = false
    var cancel: () -> Void = {}
    var continuation: UnsafeContinuation<Answer<Value>, Never>?

    func answer(_ value: Answer<Value>) {
      continuation?.resume(returning: value)
      continuation = nil
    }
  }

  /// What the world would do with a request, were it asked in the ways of trouble.
  struct Deed<Value: Sendable> {
    /// Does it and answers.
    var land: () -> Answer<Value>
    /// Does half of it.
    var half: () -> Void = {}
    /// The answer that promises and is empty, or that is out of date.
    var stale: () -> Answer<Value>
  }

  /// Carries a request through the world; ends when the answer is there or, where the other side listens, when the task is cancelled.
  func ask<Value: Sendable>(
    _ site: Site, _ place: Place, effect: Effect? = nil, _ deed: Deed<Value>
  ) async throws(ConnectorError) -> Value {
    if let effect { effectBegins(effect) }
    let trouble = trouble(site, place)
    let request = Request<Value>()
    let answer = await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Answer<Value>, Never>) in
        request.continuation = continuation
        send(request, trouble, deed, effect)
        if request.isCancelled { request.cancel() }
      }
    } onCancel: {
      request.isCancelled = true
      effect?.cancelledAt = timeline.elapsed
      request.cancel()
    }
    effect?.isOver = true
    return try answer.get()
  }

  private func send<Value>(_ request: Request<Value>, _ trouble: Trouble?, _ deed: Deed<Value>, _ effect: Effect?) {
    var latency = dice.between(1, 150)
    var hasLanded = false
    let mayStillLand = dice.chance(50)
    func land() -> Answer<Value> {
      hasLanded = true
      return deed.land()
    }
    let asker = timeline.incarnation
    func answer(after span: Int64, _ value: Answer<Value>) {
      // What was asked by an engine that died since is answered to nobody.
      guard asker == timeline.incarnation else { return }
      timeline.after(span, .engine) { request.answer(value) }
    }
    var waits: [Int] = []
    request.cancel = { [timeline] in
      guard request.continuation != nil else { return }
      for id in waits { timeline.drop(id) }
      // What was sent may have arrived all the same, but not after this.
      if !hasLanded, mayStillLand, trouble != .hangs { _ = land() }
      answer(after: 1, .failure(ConnectorError(.timedOut, "cancelled")))
    }
    let lostAnswer = Answer<Value>.failure(ConnectorError(.timedOut, "no answer"))
    let reply = dice.between(1, 100)
    switch trouble {
    case .hangs: return
    case .deaf(let span):
      request.cancel = {}
      timeline.after(span) { answer(after: reply, land()) }
      return
    case .slow(let span): latency = span
    case .errorBefore:
      return answer(after: latency, .failure(ConnectorError(.unreachable, "connection refused")))
    case .refused: return answer(after: latency, .failure(ConnectorError(.refused, "the other side says no")))
    case .emptyPromise, .stale, .noData, .restart: return answer(after: latency, deed.stale())
    case .half:
      timeline.after(latency) {
        deed.half()
        answer(after: reply, lostAnswer)
      }
      return
    case .lostAnswer:
      timeline.after(latency) {
        _ = land()
        answer(after: reply, lostAnswer)
      }
      return
    case .twice(let span):
      timeline.after(latency + span) { _ = deed.land() }
    case nil: break
    }
    waits.append(
      timeline.after(latency) { answer(after: reply, land()) })
  }
}

/// Something that changes the world, as it is under way.
final class Effect: @unchecked Sendable {  // there is one thread
  enum Kind: Equatable {
    case deploy, destroy(Slot), shift(Split, UInt64), data(DataDeed)
  }

  let kind: Kind
  let place: Place
  /// Nil where the call does not say.
  let run: RunID?
  var cancelledAt: Int64?
  var isOver = false

  init(_ kind: Kind, _ place: Place, _ run: RunID?) {
    self.kind = kind
    self.place = place
    self.run = run
  }
}
