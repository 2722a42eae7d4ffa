import SlipwayModel

/// Walks through every state that a setting can reach, breadth first, so that the first broken rule has the shortest way to it.
struct Explorer {
  let setting: Setting
  private var numbers: [Key: Int32] = [:]
  /// Scenes that were reached and not yet left; nil once their moves were made.
  private var scenes: [Scene?] = []
  private var parents: [Int32] = []
  private var ways: [Move] = []
  /// The edges of state `n` are those from `starts[n]` to `starts[n + 1]`.
  private var starts: [Int32] = []
  private var targets: [Int32] = []
  private var moves: [Move] = []
  /// Edges that exist also when no person speaks, green does nothing right and only the data plane, the data and the disk do their work.
  private var bleak: [Bool] = []
  private var isBack: [Bool] = []
  private var isEnd: [Bool] = []
  /// Second scenes for a key that was known, to see whether the key says enough.
  private var doubles: [(state: Int32, scene: Scene)] = []
  private var duplicates = 0
  private var roots: [(state: Int32, world: World)] = []

  init(_ setting: Setting) { self.setting = setting }

  /// What a walk found.
  struct Result: Sendable {
    var states = 0
    var edges = 0
    var doubles = 0
    var outcomes: [Outcome: Int] = [:]
    var finding: Finding?
  }

  /// A broken rule and the shortest way to it.
  struct Finding: Sendable, CustomStringConvertible {
    var rule: String
    var trace: [String]
    var description: String {
      "\(rule)\n" + trace.enumerated().map { "  \($0.offset + 1). \($0.element)" }.joined(separator: "\n")
    }
  }

  mutating func run() -> Result {
    var finding = walk()
    if finding == nil { finding = liveness() ?? bisimulation() }
    var result = Result(states: scenes.count, edges: targets.count, doubles: doubles.count, finding: finding)
    result.outcomes = outcomes
    return result
  }

  private var outcomes: [Outcome: Int] = [:]

  // MARK: Walking

  private mutating func walk() -> Finding? {
    for world in setting.beginnings {
      let scene = Scene.beginning(setting.plan, world, at: Sample.start)
      let (state, isNew) = enter(scene, from: -1, by: .decide)
      if isNew { roots.append((state, world)) }
    }
    var state = 0
    while state < scenes.count {
      guard let scene = scenes[state] else { preconditionFailure("a state was left twice") }
      scenes[state] = nil
      let decision = scene.promotion.next(at: scene.now)
      starts.append(Int32(targets.count))
      note(scene)
      if let rule = scene.broken(decision) ?? scene.broken(byStraysAfter: decision) {
        return Finding(rule: rule, trace: trace(to: state))
      }
      for move in scene.moves(in: setting, after: decision) {
        var next = scene
        if let rule = next.make(move, after: decision, in: setting) {
          return Finding(rule: rule, trace: trace(to: state, and: move))
        }
        let (number, isNew) = enter(next, from: Int32(state), by: move)
        targets.append(number)
        moves.append(move)
        bleak.append(isBack[state] && scene.isBleak(move))
        if !isNew { sample(next, number) }
      }
      state += 1
    }
    starts.append(Int32(targets.count))
    return nil
  }

  private mutating func note(_ scene: Scene) {
    switch scene.promotion.phase {
    case .forward: isBack.append(false)
    case .back, .closing: isBack.append(true)
    case .finished(let outcome):
      isBack.append(false)
      outcomes[outcome, default: 0] += 1
    }
    isEnd.append(scene.promotion.isFinished || scene.isBeyond(setting.horizon))
  }

  private mutating func enter(_ scene: Scene, from parent: Int32, by move: Move) -> (Int32, Bool) {
    let key = scene.key
    if let known = numbers[key] { return (known, false) }
    let number = Int32(scenes.count)
    numbers[key] = number
    scenes.append(scene)
    parents.append(parent)
    ways.append(move)
    return (number, true)
  }

  private mutating func sample(_ scene: Scene, _ state: Int32) {
    duplicates += 1
    if duplicates % 149 == 0, doubles.count < 2_000 { doubles.append((state, scene)) }
  }

  // MARK: Liveness

  private func liveness() -> Finding? {
    if let stuck = unending(allows: { _ in true }, among: { _ in true }) {
      return Finding(rule: "from here the run can never end", trace: trace(to: stuck))
    }
    if let stuck = unending(allows: { bleak[$0] }, among: { isBack[$0] }) {
      return Finding(rule: "from here going back does not end without people or green", trace: trace(to: stuck))
    }
    return nil
  }

  /// The first state from which no allowed edges lead to an end.
  private func unending(allows: (Int) -> Bool, among: (Int) -> Bool) -> Int? {
    let count = scenes.count
    var degree = [Int32](repeating: 0, count: count + 1)
    for edge in targets.indices where allows(edge) { degree[Int(targets[edge]) + 1] += 1 }
    for state in 0..<count { degree[state + 1] += degree[state] }
    var fill = degree
    var sources = [Int32](repeating: 0, count: Int(degree[count]))
    for state in 0..<count {
      for edge in Int(starts[state])..<Int(starts[state + 1]) where allows(edge) {
        let target = Int(targets[edge])
        sources[Int(fill[target])] = Int32(state)
        fill[target] += 1
      }
    }
    var reaches = isEnd
    var queue: [Int] = []
    for state in 0..<count where isEnd[state] { queue.append(state) }
    while let state = queue.popLast() {
      for place in Int(degree[state])..<Int(degree[state + 1]) {
        let source = Int(sources[place])
        if !reaches[source] {
          reaches[source] = true
          queue.append(source)
        }
      }
    }
    for state in 0..<count where among(state) && !reaches[state] { return state }
    return nil
  }

  // MARK: Whether the key says enough

  private func bisimulation() -> Finding? {
    for (state, scene) in doubles {
      let decision = scene.promotion.next(at: scene.now)
      let known = Int(starts[Int(state)])..<Int(starts[Int(state) + 1])
      let moves = scene.moves(in: setting, after: decision)
      if moves != known.map({ self.moves[$0] }) {
        return Finding(rule: "two scenes with one key have different moves: \(moves)", trace: trace(to: Int(state)))
      }
      for (edge, move) in zip(known, moves) {
        var next = scene
        let rule = next.make(move, after: decision, in: setting)
        if rule != nil || numbers[next.key] != targets[edge] {
          return Finding(
            rule: "two scenes with one key go different ways by \(move): \(scene)",
            trace: trace(to: Int(state)))
        }
      }
    }
    return nil
  }

  // MARK: The way there

  private func trace(to state: Int, and last: Move? = nil) -> [String] {
    var path: [Move] = last.map { [$0] } ?? []
    var root = state
    while parents[root] >= 0 {
      path.append(ways[root])
      root = Int(parents[root])
    }
    let world = roots.first { Int($0.state) == root }?.world ?? World()
    var scene = Scene.beginning(setting.plan, world, at: Sample.start)
    var told = ["carol asks: \(scene.summary)"]
    for move in path.reversed() {
      let decision = scene.promotion.next(at: scene.now)
      let sentence = scene.sentence(for: move, after: decision)
      _ = scene.make(move, after: decision, in: setting)
      told.append(sentence)
    }
    return told
  }
}

extension Scene {
  /// Whether a move on the way back happens also when nobody speaks and green, its tools and the messenger do nothing right.
  func isBleak(_ move: Move) -> Bool {
    switch move {
    case .decide, .clock(.wakeUp), .evidence(true): return true
    case .happen(let contents):
      guard let index = underWay else { return false }
      return contents == .whole && mustWork(promotion.records[index].step)
    case .report(let word):
      guard let index = underWay else { return false }
      let step = promotion.records[index].step
      return mustWork(step) ? word == .succeeded : word == .errored
    case .observe(let sight):
      guard let index = promotion.current else { return false }
      return mustWork(promotion.records[index].step) ? sight == .done || sight == .undone : sight == .unreadable
    case .file(let isFiled): return !isFiled
    case .judge, .look, .lookInVain, .evidence(false), .fileCut, .freeze, .thaw, .crash, .say, .clock, .rival:
      return false
    }
  }

  private func mustWork(_ step: Step) -> Bool { step.kind == .shift || step.kind == .restore }
}
