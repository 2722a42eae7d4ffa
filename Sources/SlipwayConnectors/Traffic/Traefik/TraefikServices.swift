internal import Foundation
internal import SlipwayModel

/// The services that Slipway keeps in Traefik's file provider, and what they mean when they are read back.
enum TraefikServices {
  static func slot(_ slot: Slot, _ name: String) -> String { "\(name)_\(slot)" }
  static func withFallback(_ slot: Slot, _ name: String) -> String { "\(name)_\(slot)_or_\(slot.other)" }
  static func candidate(_ name: String) -> String { "\(name)_candidate" }
  /// A middleware that nothing uses; it carries the entry, because a service has no place for a note.
  static func note(_ name: String) -> String { "\(name)_split" }

  static let noteHeader = "X-Slipway-Split"

  /// The file: JSON, which is YAML too.
  static func file(for entry: SplitEntry, targets: [Slot: PlaneTarget], _ spec: TraefikSpec) -> String {
    let name = spec.name
    var services: [String: JSONTree] = [:]
    for slot in Slot.allCases {
      // One that was never told is there without a server, so that the other can be its fallback and be read back as that.
      services[self.slot(slot, name)] = server(targets[slot], health: spec.health)
      services[withFallback(slot, name)] = [
        "failover": [
          "service": .text(self.slot(slot, name)), "fallback": .text(self.slot(slot.other, name)),
        ]
      ]
    }
    let shares = Slot.allCases.map { slot in
      weighted(entry.fallsBack(slot) ? withFallback(slot, name) : self.slot(slot, name), entry.split[slot])
    }
    // Without a 'healthCheck' of its own, which would give a dead blue's share to the candidate.
    services[name] = ["weighted": ["services": .list(shares)]]
    let tested = Slot.allCases.map { weighted(self.slot($0, name), entry.candidate == $0 ? 1 : 0) }
    services[candidate(name)] = ["weighted": ["services": .list(tested)]]
    let header: JSONTree = ["customRequestHeaders": [noteHeader: .text(entry.text)]]
    let tree: JSONTree = [
      "http": ["services": .object(services), "middlewares": [note(name): ["headers": header]]]
    ]
    return String(decoding: tree.data, as: UTF8.self) + "\n"
  }

  private static func weighted(_ name: String, _ weight: Int) -> JSONTree {
    ["name": .text(name), "weight": .integer(Int64(weight))]
  }

  private static func server(_ target: PlaneTarget?, health: String) -> JSONTree {
    let servers = [target].compactMap { $0 }.map { JSONTree.object(["url": .text("http://\($0.text)")]) }
    return [
      "loadBalancer": [
        "servers": .list(servers), "responseForwarding": ["flushInterval": "1ms"],
        "healthCheck": [
          "path": .text(health), "interval": "500ms", "unhealthyInterval": "500ms", "timeout": "400ms",
        ],
      ]
    ]
  }

  /// The addresses in a file that ``file(for:targets:_:)`` wrote, for those that a change does not name.
  static func targets(in file: String, _ name: String) -> [Slot: PlaneTarget] {
    let services = (try? JSONTree(Data(file.utf8)))?["http"]?["services"]
    var found: [Slot: PlaneTarget] = [:]
    for slot in Slot.allCases {
      let url = services?[self.slot(slot, name)]?["loadBalancer"]?["servers"]?.list.first?["url"]?.text
      guard let url, url.hasPrefix("http://") else { continue }
      found[slot] = try? PlaneTarget(String(url.dropFirst(7)), for: "Traefik")
    }
    return found
  }

  /// The split that Traefik's weighted service makes.
  ///
  /// - Throws: `garbage` for weights or names that Slipway would not write.
  static func split(_ service: JSONTree, _ name: String) throws(ConnectorError) -> Split {
    var shares: [Slot: Int] = [:]
    var fallback: Slot?
    var isOurs = service["status"]?.text == "enabled"
    for item in service["weighted"]?["services"]?.list ?? [] {
      let called = item["name"]?.text?.split(separator: "@").first.map(String.init)
      let slot = Slot.allCases.first { called == self.slot($0, name) || called == withFallback($0, name) }
      guard let slot, let weight = item["weight"]?.integer ?? (item["weight"] == nil ? 0 : nil), shares[slot] == nil
      else {
        isOurs = false
        continue
      }
      shares[slot] = weight
      if called == withFallback(slot, name) {
        if fallback != nil { isOurs = false }
        fallback = slot.other
      }
    }
    guard isOurs, service["weighted"]?["services"] != nil,
      let split = Split(readBackA: shares[.a] ?? 0, b: shares[.b] ?? 0, fallback: fallback)
    else {
      throw ConnectorError(
        .garbage,
        "Traefik's service '\(name)' is '\(String(decoding: service.data.prefix(200), as: UTF8.self))', which is no split of "
          + "slipway; somebody else changed it, the next change by slipway puts it right")
    }
    return split
  }
}
