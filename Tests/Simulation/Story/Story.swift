import SlipwayModel

/// Everything that a seed decides beforehand: the world as it is, and what happens to it. Shrinking takes elements away.
struct Story {
  let seed: UInt64
  var environments: [EnvironmentSetting]
  var releases: [Truth]
  var elements: [Element]
  /// When everything calms down and people answer, in milliseconds.
  static let stormEnds: Int64 = 3 * 3_600_000
}

struct EnvironmentSetting {
  var name: EnvironmentName
  var weights: [Int]
  var watch: Span
  var every: Span
  var patience: Span
  var whenUndecided: UndecidedPolicy
  /// Requests a second.
  var rate: Int64
  var quorum: Int
  var confirms: [ConfirmSpec.Place]
  var hasCommandGate: Bool
  var hasData: Bool
  var migration: MigrationSpec?
  var keepBlue: Span
}

/// What a release is really like; the engine has to find out.
enum Truth: Equatable {
  case good
  /// Answers so many percent with a server error.
  case erroneous(Int64)
  case slow
  /// Crashes and comes back every so many milliseconds.
  case crashing(Int64)
  case neverHealthy
  /// Dies so many milliseconds after it was deployed.
  case dying(Int64)

  var isGood: Bool { self == .good }
}

/// Where the engine meets the world.
enum Site: String, CaseIterable {
  case deploy, contents, destroy, crashes, readSplit, apply, counters, verify, probe, tell, gate, carryOut, hasHappened

  var hasEffect: Bool {
    switch self {
    case .deploy, .destroy, .apply, .carryOut: true
    case .contents, .crashes, .readSplit, .counters, .verify, .probe, .tell, .gate, .hasHappened: false
    }
  }
}

/// What goes wrong with one call.
enum Trouble: Equatable {
  case slow(Int64)
  /// Never answers, but listens to cancellation.
  case hangs
  /// Does not listen to cancellation; happens and answers when everybody has given up.
  case deaf(Int64)
  case errorBefore
  /// It happened; the answer is lost.
  case lostAnswer
  case twice(Int64)
  case half
  /// Says yes and does nothing.
  case emptyPromise
  case refused
  /// Reads back what was true before.
  case stale
  case noData
  /// Counters begin anew.
  case restart

  var name: String {
    switch self {
    case .slow: "slow"
    case .hangs: "hangs"
    case .deaf: "late"
    case .errorBefore: "error"
    case .lostAnswer: "lost acknowledgement"
    case .twice: "twice"
    case .half: "half"
    case .emptyPromise: "empty promise"
    case .refused: "refused"
    case .stale: "stale"
    case .noData: "no data"
    case .restart: "counters anew"
    }
  }
}

enum Word: Equatable {
  case approve, approveAnotherPlan, hold, resume, reject, pause, abort, confirm, rollback, freeze, thaw
}

/// One thing that happens in a story.
enum Element {
  case promote(at: Int64, environment: Int, release: Int, by: Person, directly: Bool)
  /// Said about whatever run is open there at that moment; `again` hands the same submission in a second time.
  case say(at: Int64, environment: Int, Word, by: Person, directly: Bool, again: Bool)
  case clock(at: Int64, by: Int64)
  /// After so many jobs.
  case crash(job: Int)
  /// While the commit with this number is written; so many thousandths of it reach the disk.
  case powerCut(commit: Int, permille: Int)
  /// The disk takes so many bytes more.
  case diskFull(commit: Int, bytes: Int)
  case trouble(Site, environment: Int, call: Int, Trouble)
  /// Every call there fails for a time.
  case outage(Site, environment: Int, from: Int64, to: Int64)
  /// Something happens so many milliseconds after that call began.
  case during(Site, environment: Int, call: Int, after: Int64, Happening)
}

/// What comes in between.
enum Happening: Equatable {
  case crash
  /// Said one right after the other.
  case words([Word])
  /// Somebody else changes the split, and sets it back.
  case meddle(percent: Int, lasting: Int64)
  case clock(Int64)
}

extension Element: CustomStringConvertible {
  var description: String {
    switch self {
    case .promote(let at, let place, let release, let by, let directly):
      "\(clockText(at)) \(by) promotes release \(release) to environment \(place)\(directly ? ", directly" : "")"
    case .say(let at, let place, let word, let by, _, let again):
      "\(clockText(at)) \(by) says \(word) in environment \(place)\(again ? ", twice" : "")"
    case .clock(let at, let span): "\(clockText(at)) the clock is set by \(span / 1_000) s"
    case .crash(let job): "crash after job \(job)"
    case .powerCut(let commit, let permille): "power cut with \(permille) ‰ of commit \(commit) written"
    case .diskFull(let commit, let bytes): "the disk is full \(bytes) bytes into commit \(commit)"
    case .trouble(let site, let place, let call, let trouble):
      "call \(call) of \(site.rawValue) in environment \(place): \(trouble)"
    case .outage(let site, let place, let from, let to):
      "\(site.rawValue) fails in environment \(place) from \(clockText(from)) to \(clockText(to))"
    case .during(let site, let place, let call, let span, let happening):
      "\(span) ms into call \(call) of \(site.rawValue) in environment \(place): \(happening)"
    }
  }
}

func clockText(_ milliseconds: Int64) -> String {
  func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
  let rest = milliseconds % 1_000
  let fraction = rest < 10 ? "00\(rest)" : rest < 100 ? "0\(rest)" : "\(rest)"
  return "+\(milliseconds / 3_600_000):\(two(milliseconds / 60_000 % 60)):\(two(milliseconds / 1_000 % 60)).\(fraction)"
}
