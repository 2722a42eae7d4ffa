/// How a person divides the traffic of an environment without Slipway.
struct TrafficByHand {
  let environment: EnvironmentSpec
  let split: Split

  /// What to type or to change, on one line.
  var words: String {
    switch environment.traffic {
    case .router:
      let targets = Slot.allCases.map { " --target-\($0) \(environment.address(of: $0))" }.joined()
      return "slipway route set \(environment.name) --a \(split.a) --b \(split.b)"
        + (split.fallback.map { " --fallback \($0)" } ?? "") + targets
    case .haproxy(let spec):
      return
        "the line 'split \(entry)' in \(spec.map), and echo 'set map \(spec.map) split \(entry)' | socat stdio \(spec.socket)"
    case .nginx(let spec):
      return
        "in \(spec.file) make $\(spec.name) give \(shares(spec.name)), $\(spec.name)_candidate \(spec.name)_\(candidate) and "
        + "$\(spec.name)_split \"\(entry):0\"; then \(spec.test) && \(spec.reload ?? "nginx -s reload")"
    case .traefik(let spec):
      return
        "in \(spec.file) give the weighted service '\(spec.name)' \(shares(spec.name)), '\(spec.name)_candidate' \(spec.name)_\(candidate) "
        + "and the middleware '\(spec.name)_split' the word \(entry):0; then look at \(spec.api)/api/http/services/\(spec.name)@file"
    case .caddy(let spec):
      return
        "change the handler at \(spec.admin)/id/\(spec.id) (GET it, then PATCH it): \(shares(spec.id)), testers to slot \(candidate), and "
        + "'slipway' says \(entry):0"
    case .envoy(let spec): return envoy(spec)
    case .gateway(let spec):
      let services = "\(spec.serviceA) the weight \(split.a), \(spec.serviceB) the weight \(split.b)"
      return
        "kubectl -n \(spec.namespace) edit httproute \(spec.route): \(services); and kubectl -n \(spec.namespace) annotate --overwrite "
        + "httproute \(spec.route) slipway.dev/split=\(entry):0"
    }
  }

  private var entry: String { "\(split.a):\(split.b):\(split.fallback?.rawValue ?? "none")" }

  private var candidate: Slot { split.fallback?.other ?? (split.a >= split.b ? .a : .b) }

  /// The name of what serves a slot: green's has blue behind it.
  private func served(_ slot: Slot, _ name: String) -> String {
    "\(name)_\(slot)" + (split.fallback == slot.other ? "_or_\(slot.other)" : "")
  }

  private func shares(_ name: String) -> String {
    Slot.allCases.map { "\(split[$0]) % to \(served($0, name))" }.joined(separator: " and ")
  }

  private func envoy(_ spec: EnvoySpec) -> String {
    var values = ["serves=\(split == .none ? 0 : 100)", "entry=\(entry):0"]
    for slot in Slot.allCases {
      values.append("tester_\(slot)=\(split != .none && slot == candidate ? 100 : 0)")
      for name in ["\(spec.name)_\(slot)", "\(spec.name)_\(slot)_or_\(slot.other)"] {
        values.append("split.\(name)=\(name == served(slot, spec.name) ? split[slot] : 0)")
      }
    }
    let query = values.map { "\(spec.name).\($0)" }.joined(separator: "&")
    return
      "curl -X POST '\(spec.admin)/runtime_modify?\(query)' (lost at a restart: the same values belong into \(spec.file))"
  }
}
