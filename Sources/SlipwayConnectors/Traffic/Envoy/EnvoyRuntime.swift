internal import Foundation
internal import SlipwayModel

/// The runtime keys that make Envoy divide traffic, as its admin interface shows them.
struct EnvoyRuntime: Sendable {
  /// What runs, whichever layer says it; keys without the name they begin with.
  let values: [String: String]
  /// The layers' names, a later one wins.
  let layers: [String]
  private let perLayer: [String: [String]]

  /// Nil for anything else than that answer.
  ///
  /// - Parameters:
  ///   - tree: the answer to `/runtime?format=json`.
  ///   - name: what the keys begin with.
  init?(_ tree: JSONTree, name: String) {
    guard case .list(let layers)? = tree["layers"], case .object(let entries)? = tree["entries"] else { return nil }
    self.layers = layers.compactMap(\.text)
    var values: [String: String] = [:]
    var perLayer: [String: [String]] = [:]
    for (key, entry) in entries where key.hasPrefix(name + ".") {
      guard let value = entry["final_value"]?.text, case .list(let said)? = entry["layer_values"],
        said.count == layers.count
      else { return nil }
      let short = String(key.dropFirst(name.count + 1))
      values[short] = value
      perLayer[short] = said.map { $0.text ?? "" }
    }
    self.values = values
    self.perLayer = perLayer
  }

  /// The entry that set the keys; nil where none stands or it is no entry.
  var entry: SplitEntry? { values["entry"].flatMap { SplitEntry($0) } }

  /// What these values make Envoy do.
  ///
  /// - Throws: `garbage` where they are not what Slipway would write for any split: Envoy takes every text for a weight and every
  ///   key for one of its own.
  func split(_ name: String) throws(ConnectorError) -> Split {
    guard !values.isEmpty else { return .none }
    let weights = Slot.allCases.map { slot -> Int? in
      let both = [Self.plain(slot, name), Self.withFallback(slot, name)].map {
        values["split.\($0)"].flatMap { Self.number($0) }
      }
      guard let one = both[0], let other = both[1] else { return nil }
      return one + other
    }
    guard let entry, let a = weights[0], let b = weights[1],
      let split = Split(readBackA: a, b: b, fallback: entry.split.fallback),
      Self.values(for: SplitEntry(split, generation: 0), name).allSatisfy({
        $0.key == "entry" || values[$0.key] == $0.value
      })
    else {
      let shown = values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.prefix(40))" }.joined(separator: " ")
      throw ConnectorError(
        .garbage,
        "Envoy's runtime holds '\(shown)', which is no split; somebody else changed it, the next change by slipway puts it right"
      )
    }
    return split
  }

  /// Keys that another layer than ours sets otherwise than `wanted`.
  func overridden(_ wanted: [String: String], layer: String) -> [String] {
    guard let own = layers.firstIndex(of: layer) else { return [] }
    return wanted.filter { key, value in perLayer[key]?[own] == value && values[key] != value }.map(\.key).sorted()
  }

  /// The values that stand for `entry`.
  static func values(for entry: SplitEntry, _ name: String) -> [String: String] {
    var values = ["entry": entry.text, "serves": entry.split == .none ? "0" : "100"]
    for slot in Slot.allCases {
      values["tester_\(slot)"] = entry.candidate == slot ? "100" : "0"
      let share = entry.split[slot]
      values["split.\(plain(slot, name))"] = String(entry.fallsBack(slot) ? 0 : share)
      values["split.\(withFallback(slot, name))"] = String(entry.fallsBack(slot) ? share : 0)
    }
    return values
  }

  /// The file that Envoy reads: one resource with all values, so that they change at once.
  static func file(for entry: SplitEntry, _ name: String) -> String {
    let layer = values(for: entry, name).map { key, value in
      ("\(name).\(key)", Int64(value).map { JSONTree.integer($0) } ?? .text(value))
    }
    let resource: JSONTree = [
      "@type": "type.googleapis.com/envoy.service.runtime.v3.Runtime", "name": .text(name),
      "layer": .object(Dictionary(layer, uniquingKeysWith: { $1 })),
    ]
    let file: JSONTree = ["version_info": .text(entry.text), "resources": .list([resource])]
    return String(decoding: file.data, as: UTF8.self) + "\n"
  }

  static func plain(_ slot: Slot, _ name: String) -> String { "\(name)_\(slot)" }
  static func withFallback(_ slot: Slot, _ name: String) -> String { "\(name)_\(slot)_or_\(slot.other)" }

  private static func number(_ text: String) -> Int? {
    guard let value = Int(text), (0...100).contains(value), String(value) == text else { return nil }
    return value
  }
}
