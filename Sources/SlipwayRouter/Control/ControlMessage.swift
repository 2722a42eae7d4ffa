internal import Foundation
internal import SlipwayModel

/// One line from a control client.
enum ControlRequest: Equatable {
  case status
  case counters
  case shutdown
  case set(TableChange)
  /// Ends what is open on a slot.
  case cut(Slot)
  case history(Slot)
  /// Reads settings and certificates again.
  case reload
  /// A successor asks for the sockets.
  case handover
  /// A successor serves.
  case yield

  /// Reads a line; the error says what was wrong with it.
  init(line: Data) throws(RouterError) {
    let raw: Raw
    do {
      raw = try JSONDecoder().decode(Raw.self, from: line)
    } catch {
      throw RouterError(.garbage, "no request: \(Self.reason(error)); known ops: \(Self.known)")
    }
    switch raw.op {
    case "status": self = .status
    case "counters": self = .counters
    case "shutdown": self = .shutdown
    case "set": self = .set(try raw.change())
    case "reload": self = .reload
    case "handover": self = .handover
    case "yield": self = .yield
    case "cut": self = .cut(try raw.meant())
    case "history": self = .history(try raw.meant())
    default: throw RouterError(.garbage, "unknown op; known: \(Self.known)")
    }
  }

  private static let known = "status, set, counters, history, cut, reload, shutdown"

  private static func reason(_ error: any Error) -> String {
    switch error {
    case DecodingError.keyNotFound(let key, _): "'\(key.stringValue)' is missing"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      "wrong type at '\(context.codingPath.map(\.stringValue).joined(separator: "."))'"
    case DecodingError.dataCorrupted(let context): context.debugDescription
    default: "not readable"
    }
  }

  private struct Raw: Decodable {
    enum Key: String, CodingKey, CaseIterable { case op, generation, a, b, fallback, targets, testers, slot }

    let op: String
    let generation: UInt64?
    let a: Int?
    let b: Int?
    let fallback: Slot?
    let targets: [Slot: String?]
    let testers: Bool?
    let slot: Slot?

    init(from decoder: any Decoder) throws {
      try Raw.refuseUnknown(decoder, known: Set(Key.allCases.map(\.rawValue)))
      let container = try decoder.container(keyedBy: Key.self)
      op = try container.decode(String.self, forKey: .op)
      generation = try container.decodeIfPresent(UInt64.self, forKey: .generation)
      a = try container.decodeIfPresent(Int.self, forKey: .a)
      b = try container.decodeIfPresent(Int.self, forKey: .b)
      fallback = try container.decodeIfPresent(Slot.self, forKey: .fallback)
      testers = try container.decodeIfPresent(Bool.self, forKey: .testers)
      slot = try container.decodeIfPresent(Slot.self, forKey: .slot)
      targets = try Raw.targets(container)
    }

    /// An absent slot stays as it is, null takes its address away.
    private static func targets(_ container: KeyedDecodingContainer<Key>) throws -> [Slot: String?] {
      guard container.contains(.targets), try !container.decodeNil(forKey: .targets) else { return [:] }
      let inner = try container.superDecoder(forKey: .targets)
      try refuseUnknown(inner, known: Set(Slot.allCases.map(\.rawValue)))
      let slots = try inner.container(keyedBy: AnyKey.self)
      var targets: [Slot: String?] = [:]
      for slot in Slot.allCases where slots.contains(AnyKey(slot.rawValue)) {
        targets.updateValue(try slots.decodeIfPresent(String.self, forKey: AnyKey(slot.rawValue)), forKey: slot)
      }
      return targets
    }

    /// A misspelt field would otherwise mean "unchanged" and be acknowledged.
    private static func refuseUnknown(_ decoder: any Decoder, known: Set<String>) throws {
      let container = try decoder.container(keyedBy: AnyKey.self)
      for key in container.allKeys where !known.contains(key.stringValue) {
        let text = "unknown field '\(key.stringValue.prefix(40))'; known: \(known.sorted().joined(separator: ", "))"
        throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: text))
      }
    }

    func meant() throws(RouterError) -> Slot {
      guard let slot else { throw RouterError(.garbage, "'\(op.prefix(20))' needs a slot: a or b") }
      return slot
    }

    func change() throws(RouterError) -> TableChange {
      guard let generation, let a, let b else {
        throw RouterError(.garbage, "'set' needs the whole numbers generation, a and b")
      }
      guard let split = Split(readBackA: a, b: b, fallback: fallback) else {
        throw RouterError(.garbage, "weights a and b must not be negative and must sum to 100, or both be 0")
      }
      return TableChange(generation: generation, split: split, targets: targets, testers: testers)
    }
  }
}

/// What a `set` asks for.
struct TableChange: Equatable {
  var generation: UInt64
  var split: Split
  /// Slots whose address changes; nil inside takes it away.
  var targets: [Slot: String?]
  var testers: Bool?

  /// The table after this change.
  func applied(to table: RouteTable) throws(RouterError) -> RouteTable {
    guard generation > table.generation else {
      throw RouterError(
        .refused(generation: table.generation),
        "generation \(generation) is not above \(table.generation), which is in force; read back and use a higher one")
    }
    var next = table
    next.generation = generation
    next.split = split
    next.testers = testers ?? table.testers
    for (slot, text) in targets {
      guard let text else {
        next.targets[slot] = nil
        continue
      }
      guard let target = Target(text) else {
        throw RouterError(
          .refused(generation: table.generation), "target of slot \(slot) is no host:port: '\(text.prefix(80))'")
      }
      next.targets[slot] = target
    }
    if let objection = next.objection { throw RouterError(.refused(generation: table.generation), objection) }
    return next
  }
}

/// One line to a control client.
struct ControlReply: Codable {
  var ok: Bool
  var status: RouterStatus?
  var counters: RouterCounters?
  /// Whole minutes of one slot, the oldest first.
  var history: [SlotCounters]?
  var testament: Testament?
  var error: Failure?
  /// Sockets that go along with the line; closed when they are sent.
  var handles: [Int32] = []

  private enum CodingKeys: String, CodingKey { case ok, status, counters, history, testament, error }

  struct Failure: Codable {
    var code: String
    var message: String
    /// The generation in force, with `refused`.
    var generation: UInt64?
  }

  init(status: RouterStatus? = nil, counters: RouterCounters? = nil, history: [SlotCounters]? = nil) {
    ok = true
    self.history = history
    self.status = status
    self.counters = counters
  }

  init(testament: Testament, handles: [Int32]) {
    ok = true
    self.testament = testament
    self.handles = handles
  }

  init(_ error: RouterError) {
    ok = false
    switch error.code {
    case .refused(let generation):
      self.error = Failure(code: "refused", message: error.message, generation: generation)
    case .storage: self.error = Failure(code: "storage", message: error.description)
    case .garbage: self.error = Failure(code: "garbage", message: error.message)
    case .unreachable: self.error = Failure(code: "busy", message: error.message)
    case .timedOut, .locked, .misconfigured:
      self.error = Failure(code: "misconfigured", message: error.message)
    }
  }

  /// The line, with its end.
  var line: Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let body = (try? encoder.encode(self)) ?? Data(#"{"ok":false}"#.utf8)
    return body + Data([UInt8(ascii: "\n")])
  }
}

struct AnyKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init(_ text: String) { stringValue = text }
  init?(stringValue: String) { self.init(stringValue) }
  init?(intValue: Int) { nil }
}
