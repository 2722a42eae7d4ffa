internal import Foundation
internal import SlipwayModel

/// The `subroute` handler of Caddy's configuration that belongs to Slipway.
///
/// Caddy's weighted policy deals in blocks and lets the candidate catch blue's requests, so each request is drawn by the random number that it
/// has already (its UUID), and each slot has a handler of its own; green's has blue behind it.
struct CaddyRoute: Sendable, Equatable {
  var entry: SplitEntry
  var targets: [Slot: PlaneTarget]
  /// What a proxy is made of besides its servers: health checks, transport, retries.
  var proxy: JSONTree
  /// Who is a tester.
  var tester: JSONTree

  private static let defaultTester: JSONTree = [["header": ["X-Canary": ["green"]]]]
  /// Keys of a proxy that are made anew.
  private static let made = ["@id", "upstreams"]

  /// Reads a handler, one that Slipway wrote or one that a person did; nil where no part of it is a proxy.
  init?(_ handler: JSONTree, id: String) {
    let routes = handler["routes"]?.list ?? []
    let handlers = routes.flatMap { $0["handle"]?.list ?? [] }
    guard handler["handler"]?.text == "subroute",
      var proxy = handlers.last(where: { $0["handler"]?.text == "reverse_proxy" && $0["@id"]?.text != "\(id)_tester" })
    else { return nil }
    for key in Self.made { proxy[key] = nil }
    proxy["load_balancing"]?["selection_policy"] = nil
    self.proxy = proxy
    tester =
      routes.first { ($0["handle"]?.list ?? []).contains { $0["@id"]?.text == "\(id)_tester" } }?["match"]
      ?? Self.defaultTester
    let note = handlers.first { $0["handler"]?.text == "vars" && $0["slipway"] != nil }
    entry = note?["slipway"]?.text.flatMap { SplitEntry($0) } ?? SplitEntry(.none, generation: 0)
    targets = [:]
    for slot in Slot.allCases {
      targets[slot] = note?["slipway_\(slot)"]?.text.flatMap { try? PlaneTarget($0, for: "Caddy") }
    }
  }

  /// The handler.
  func handler(id: String) -> JSONTree {
    var note: JSONTree = ["handler": "vars", "slipway": .text(entry.text)]
    for (slot, target) in targets { note["slipway_\(slot)"] = .text(target.text) }
    var routes: [JSONTree] = [["handle": .list([note])]]
    if let candidate = entry.candidate {
      // A tester's request never goes elsewhere: an answer of blue would prove nothing.
      routes.append(route(proxy([candidate], id: "\(id)_tester"), match: tester))
    }
    let drawn = entry.candidate ?? .b
    let rest = drawn.other
    if entry.split != .none {
      let servers = entry.fallsBack(drawn) ? [drawn, drawn.other] : [drawn]
      routes.append(route(proxy(servers, id: "\(id)_\(drawn)"), match: Self.draw(entry.split[drawn])))
      routes.append(route(proxy([rest], id: "\(id)_\(rest)"), match: nil))
    } else {
      // Keeps what a proxy is made of for the next change.
      routes.append(["handle": [["handler": "static_response", "status_code": 503, "body": "nothing is served yet"]]])
      routes.append(route(proxy([], id: "\(id)_nobody"), match: nil))
    }
    return ["@id": .text(id), "handler": "subroute", "routes": .list(routes)]
  }

  private func route(_ handler: JSONTree, match: JSONTree?) -> JSONTree {
    var route: JSONTree = ["handle": .list([handler]), "terminal": true]
    if let match { route["match"] = match }
    return route
  }

  private func proxy(_ slots: [Slot], id: String) -> JSONTree {
    var handler = proxy
    handler["@id"] = .text(id)
    handler["upstreams"] = .list(slots.compactMap { targets[$0] }.map { ["dial": .text($0.text)] })
    if slots.count > 1 {
      if handler["load_balancing"] == nil { handler["load_balancing"] = [:] }
      handler["load_balancing"]?["selection_policy"] = ["policy": "first"]
    }
    return handler
  }

  /// Fits `percent` of all requests: UUIDs are random hexadecimal digits, so a share of them is below a threshold.
  private static func draw(_ percent: Int) -> JSONTree {
    let digits = String(UInt64(percent) * (1 << 32) / 100, radix: 16)
    // `g` is above all digits.
    let threshold = percent == 100 ? "g" : String(repeating: "0", count: 8 - digits.count) + digits
    return [["expression": .text("{http.request.uuid} < \"\(threshold)\"")]]
  }
}
