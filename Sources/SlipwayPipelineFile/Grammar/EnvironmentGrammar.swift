internal import SlipwayModel

/// An environment and its connectors.
enum EnvironmentGrammar {
  static let defaultListen = "127.0.0.1:8080"

  private static let blank = EnvironmentSpec(
    name: "", deploy: .processes(ProcessesSpec(run: "", portA: 0, portB: 0)),
    traffic: .router(RouterSpec(listen: defaultListen)))

  static let environment = Shape<EnvironmentSpec>.object(
    "an environment", blank,
    [
      .optional(
        "protected", \.protected, .boolean,
        "Makes approval, verification before, automatic rollback and evidence compulsory. Production is protected."),
      .required("deploy", \.deploy, DeployGrammar.deploy, "How a release gets into one of the two slots, a and b."),
      .optional(
        "traffic", \.traffic, TrafficGrammar.traffic,
        "Where traffic is divided between the slots; when left out, Slipway's own router on \(defaultListen)."),
      .optional(
        "metrics", \.metrics, MetricsGrammar.metrics,
        "Where a watch's counters come from; when left out, the data plane itself."),
      .optional(
        "gauges", \.gauges, GaugeGrammar.gauges,
        "What is read at every look beside the counts, such as memory or pool use, and its limits."),
      .optional("health", \.health, health, "How a slot is asked whether it is well."),
      .optional("data", \.data, DataGrammar.data, "Who copies, migrates and restores the environment's data."),
      .optional(
        "after", \.after, AftercareGrammar.after,
        "What is looked at once a release serves, in three phases; left out: nothing."),
      .optional(
        "version", \.version, version, "How a slot is asked which release answers; the body must contain its id."),
    ]
  ).checked { environment, node, reading in
    claim(environment, node, reading)
    GaugeGrammar.check(environment, node, reading)
    AftercareGrammar.check(environment, node, reading)
  }

  private static let health = Shape<HealthSpec>.object(
    "health", HealthSpec(),
    [
      .optional("path", \.path, .path(), "Asked with GET."),
      .optional("status", \.status, .integer(100...599, "an HTTP status"), "The status that means well."),
      .optional("tries", \.tries, .integer(1...10_000, "a number of tries"), "How often to ask before giving up."),
      .optional("every", \.every, .duration(), "Time between two tries."),
      .optional("timeout", \.timeout, .duration(), "How long one answer may take."),
    ])

  private static let version = Shape<VersionSpec>.object(
    "version", VersionSpec(path: ""),
    [.required("path", \.path, .path(), "Asked with GET; the body must contain the release id.")])

  /// A value for each of the two slots.
  static func pair<Value>(_ what: String, _ shape: Shape<Value>) -> Shape<SlotPair<Value>> where Value: Blank {
    .object(
      what, SlotPair(a: Value.blank, b: Value.blank),
      [.required("a", \.a, shape, "Of slot a."), .required("b", \.b, shape, "Of slot b.")])
  }

  /// Notes everything that only one slot or router can have.
  private static func claim(_ environment: EnvironmentSpec, _ node: YAMLNode, _ reading: Reading) {
    switch environment.deploy {
    case .processes(let spec):
      let ports = node["deploy"]?["processes"]?["ports"]
      claim(address: "127.0.0.1:\(spec.portA)", ports?.place("a") ?? node.position, reading)
      claim(address: "127.0.0.1:\(spec.portB)", ports?.place("b") ?? node.position, reading)
    case .commands(let spec):
      let addresses = node["deploy"]?["commands"]?["addresses"]
      claim(address: spec.addressA, addresses?.place("a") ?? node.position, reading)
      claim(address: spec.addressB, addresses?.place("b") ?? node.position, reading)
    }
    TrafficGrammar.claim(environment.traffic, node, reading)
    ProxyGrammar.checkCounted(environment, node, reading)
  }

  static func claim(address: String, _ position: YAMLPosition, _ reading: Reading) {
    guard let colon = address.lastIndex(of: ":") else { return }
    let host = address[..<colon].lowercased()
    let local = ["localhost": "127.0.0.1", "[::1]": "127.0.0.1"][host] ?? host
    let isLocal = local == "127.0.0.1" || ["0.0.0.0", "[::]", "*"].contains(host)
    reading.claim(
      local + address[colon...], port: isLocal ? Int(address[address.index(after: colon)...]) : nil, position)
  }
}

/// A value for slot a and one for slot b.
struct SlotPair<Value: Sendable>: Sendable {
  var a: Value
  var b: Value
}

/// What stands in a place before the file has filled it.
protocol Blank: Sendable {
  static var blank: Self { get }
}

extension Int: Blank { static var blank: Int { 0 } }
extension String: Blank { static var blank: String { "" } }
