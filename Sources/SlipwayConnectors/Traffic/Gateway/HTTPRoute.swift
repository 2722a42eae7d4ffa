internal import Foundation
internal import SlipwayModel

/// An HTTPRoute of the Gateway API as Kubernetes gives it, with the two backends of an environment in it.
struct HTTPRoute: Sendable {
  let name: String
  let version: String
  let generation: Int
  /// What Slipway noted beside the weights.
  let note: SplitEntry?
  let hasAnnotations: Bool
  /// Who owns the rules besides Slipway, as a sentence names them; nil where nobody else does.
  let foreignOwner: String?
  private let rules: [JSONTree]
  private let parents: [JSONTree]

  static let annotation = "slipway.dev/split"
  /// The name that Slipway's changes carry in `managedFields`.
  static let manager = "slipway"

  init?(_ tree: JSONTree) {
    guard tree["kind"]?.text == "HTTPRoute", let metadata = tree["metadata"],
      let version = metadata["resourceVersion"]?.text, case .list(let rules)? = tree["spec"]?["rules"]
    else { return nil }
    self.version = version
    name = metadata["name"]?.text ?? ""
    self.rules = rules
    generation = metadata["generation"]?.integer ?? 0
    hasAnnotations = metadata["annotations"] != nil
    note = metadata["annotations"]?[Self.annotation]?.text.flatMap { SplitEntry($0) }
    parents = tree["status"]?["parents"]?.list ?? []
    foreignOwner = Self.owner(in: metadata["managedFields"]?.list ?? [])
  }

  /// The field manager besides Slipway that wrote the rules last.
  ///
  /// Kubernetes keeps who wrote which field. `spec.rules` is an atomic list (`+listType=atomic` in the Gateway API's types), so whoever changes a
  /// weight owns all rules, and the owner of the rules is the one who wrote the weights.
  private static func owner(in fields: [JSONTree]) -> String? {
    let owners = fields.compactMap { entry -> (name: String, operation: String, time: String)? in
      guard let name = entry["manager"]?.text, name != manager, entry["subresource"] == nil,
        entry["fieldsV1"]?["f:spec"]?["f:rules"] != nil
      else { return nil }
      return (name, entry["operation"]?.text ?? "Update", entry["time"]?.text ?? "")
    }
    // Times are RFC 3339 in UTC, which sort as text.
    guard let last = owners.max(by: { $0.time < $1.time }) else { return nil }
    let way = last.operation == "Apply" ? " by server-side apply" : ""
    return "field manager '\(last.name.prefix(100))'\(way)" + (last.time.isEmpty ? "" : " at \(last.time.prefix(40))")
  }

  /// Where the weights of both services stand.
  struct Place: Sendable, Equatable {
    let rule: Int
    /// Index of each slot's entry in `backendRefs`.
    let entries: [Slot: Int]
    let weights: [Slot: Int]
  }

  /// - Throws: `misconfigured` unless exactly one rule divides traffic between these two services and no other.
  func place(_ services: [Slot: String]) throws(ConnectorError) -> Place {
    var found: [Place] = []
    for (index, rule) in rules.enumerated() {
      let references = rule["backendRefs"]?.list ?? []
      var (entries, weights): ([Slot: Int], [Slot: Int]) = ([:], [:])
      for (position, reference) in references.enumerated() {
        guard let slot = Slot.allCases.first(where: { services[$0] == reference["name"]?.text }) else { continue }
        entries[slot] = position
        weights[slot] = reference["weight"] == nil ? 1 : reference["weight"]?.integer
      }
      // A single reference gets everything whatever its weight, and a third one a share that nobody asked for.
      guard entries.count == 2, references.count == 2, weights.count == 2 else { continue }
      found.append(Place(rule: index, entries: entries, weights: weights))
    }
    guard let place = found.first, found.count == 1 else {
      let names = services.sorted { $0.key < $1.key }.map(\.value).joined(separator: "' and '")
      throw ConnectorError(
        .misconfigured,
        "the HTTPRoute has \(found.count) rules whose backendRefs are '\(names)' and no other; it needs exactly one, "
          + "because a single backendRef gets everything whatever its weight")
    }
    return place
  }

  /// The rule that leads testers to one of the services alone: its index, where its reference stands and whom it names.
  func tester(_ services: [Slot: String]) -> (rule: Int, slot: Slot)? {
    for (index, rule) in rules.enumerated() {
      let references = rule["backendRefs"]?.list ?? []
      let isNarrow = (rule["matches"]?.list ?? []).contains { $0["headers"]?.list.isEmpty == false }
      guard isNarrow, references.count == 1,
        let slot = Slot.allCases.first(where: { services[$0] == references[0]["name"]?.text })
      else { continue }
      return (index, slot)
    }
    return nil
  }

  /// The split that the weights make; they are proportions, so any that are no whole percentage are somebody else's.
  func split(_ services: [Slot: String]) throws(ConnectorError) -> Split {
    let place = try place(services)
    let (a, b) = (place.weights[.a] ?? 0, place.weights[.b] ?? 0)
    guard (0...1_000_000).contains(a), (0...1_000_000).contains(b), a + b == 0 || (a * 100) % (a + b) == 0 else {
      throw ConnectorError(
        .garbage,
        "the HTTPRoute has weights \(a) and \(b), which are no whole percentages; \(foreignOwner ?? "somebody else") changed "
          + "them, the next change by slipway puts them right")
    }
    guard note != nil || a + b != 0 else { return .none }
    let share = a + b == 0 ? 0 : a * 100 / (a + b)
    return Split(readBackA: share, b: a + b == 0 ? 0 : 100 - share, fallback: note?.split.fallback) ?? .none
  }

  /// The patch that brings `entry`, guarded against every change of the route since it was read.
  func patch(_ entry: SplitEntry, _ services: [Slot: String]) throws(ConnectorError) -> JSONTree {
    let place = try place(services)
    var operations: [JSONTree] = [operation("test", "/metadata/resourceVersion", .text(version))]
    for (slot, index) in place.entries.sorted(by: { $0.key < $1.key }) {
      let path = "/spec/rules/\(place.rule)/backendRefs/\(index)"
      operations.append(operation("test", path + "/name", .text(services[slot] ?? "")))
      // `add` replaces what is there and also brings what was left out.
      operations.append(operation("add", path + "/weight", .integer(Int64(entry.split[slot]))))
    }
    if let (rule, slot) = tester(services), let candidate = entry.candidate, candidate != slot {
      let path = "/spec/rules/\(rule)/backendRefs/0/name"
      operations.append(operation("test", path, .text(services[slot] ?? "")))
      operations.append(operation("replace", path, .text(services[candidate] ?? "")))
    }
    if !hasAnnotations { operations.append(operation("add", "/metadata/annotations", [:])) }
    operations.append(operation("add", "/metadata/annotations/slipway.dev~1split", .text(entry.text)))
    return .list(operations)
  }

  private func operation(_ kind: String, _ path: String, _ value: JSONTree) -> JSONTree {
    ["op": .text(kind), "path": .text(path), "value": value]
  }

  /// What the gateways that serve the route say about its newest state.
  enum Acceptance: Sendable, Equatable {
    case accepted
    case pending(String)
    case refused(String)
  }

  var acceptance: Acceptance {
    guard !parents.isEmpty else { return .pending("no gateway has taken it") }
    for parent in parents {
      let conditions = parent["conditions"]?.list ?? []
      let controller = parent["controllerName"]?.text ?? "a gateway"
      for kind in ["Accepted", "ResolvedRefs"] {
        guard let condition = conditions.first(where: { $0["type"]?.text == kind }),
          (condition["observedGeneration"]?.integer ?? 0) >= generation
        else { return .pending("\(controller) has not yet said '\(kind)' of generation \(generation)") }
        guard condition["status"]?.text == "True" else {
          let why = [condition["reason"]?.text, condition["message"]?.text].compactMap { $0 }.joined(separator: ": ")
          return .refused(
            "\(controller) says '\(kind)' is \(condition["status"]?.text ?? "unknown"): \(why.prefix(300))")
        }
      }
    }
    return .accepted
  }
}
