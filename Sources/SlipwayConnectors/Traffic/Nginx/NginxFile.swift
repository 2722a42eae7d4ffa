internal import Foundation
internal import SlipwayModel

/// The included file of nginx's configuration that belongs to Slipway.
///
/// Shares are drawn for each request (`split_clients` over `$request_id`) between upstreams of their own, because one upstream with weights
/// would let the candidate catch blue's requests: nginx has no fallback that points one way inside it.
enum NginxFile {
  static func slot(_ slot: Slot, _ name: String) -> String { "\(name)_\(slot)" }
  static func withFallback(_ slot: Slot, _ name: String) -> String { "\(name)_\(slot)_or_\(slot.other)" }

  static func text(for entry: SplitEntry, targets: [Slot: PlaneTarget], _ spec: NginxSpec) -> String {
    let name = spec.name
    var lines = ["# Written by slipway; every change replaces the whole file.", "# slipway \(entry.text)"]
    for slot in Slot.allCases {
      let own = server(targets[slot])
      if let target = targets[slot] { lines.append("# target \(slot) \(target.text)") }
      lines.append("upstream \(self.slot(slot, name)) { \(own) keepalive 32; }")
      let backup = targets[slot.other].map { "server \($0.text) backup;" } ?? ""
      lines.append("upstream \(withFallback(slot, name)) { \(own) \(backup) keepalive 32; }")
    }
    // Nobody answers there: nothing is served.
    lines.append("upstream \(name)_nobody { server 127.0.0.1:9 down; }")
    let names = Slot.allCases.map { entry.fallsBack($0) ? withFallback($0, name) : self.slot($0, name) }
    switch entry.split.b {
    case _ where entry.split == .none: lines.append(constant("$\(name)", "\(name)_nobody"))
    case 0: lines.append(constant("$\(name)", names[0]))
    case 100: lines.append(constant("$\(name)", names[1]))
    default: lines.append("split_clients $request_id $\(name) { \(entry.split.b)% \(names[1]); * \(names[0]); }")
    }
    lines.append(constant("$\(name)_candidate", entry.candidate.map { self.slot($0, name) } ?? "\(name)_nobody"))
    lines.append(constant("$\(name)_split", "\"\(entry.text)\""))
    return lines.joined(separator: "\n") + "\n"
  }

  private static func server(_ target: PlaneTarget?) -> String {
    target.map { "server \($0.text) max_fails=1 fail_timeout=2s;" } ?? "server 127.0.0.1:9 down;"
  }

  private static func constant(_ variable: String, _ value: String) -> String {
    "map \"\" \(variable) { default \(value); }"
  }

  /// Whether `text` is what belongs to `entry`, whoever wrote it; spaces and comments do not count.
  static func says(_ text: String, _ entry: SplitEntry, _ spec: NginxSpec) -> Bool {
    let wanted = self.text(for: entry, targets: targets(in: text), spec)
    return words(text) == words(wanted)
  }

  private static func words(_ text: String) -> [Substring] {
    text.split(separator: "\n").filter { !$0.drop { $0 == " " || $0 == "\t" }.hasPrefix("#") }
      .flatMap { $0.split { " \t\r;{}\"".contains($0) } }
  }

  /// The addresses in a file that ``text(for:targets:_:)`` wrote.
  static func targets(in text: String) -> [Slot: PlaneTarget] {
    var found: [Slot: PlaneTarget] = [:]
    for line in text.split(separator: "\n") where line.hasPrefix("# target ") {
      let words = line.split(separator: " ")
      guard words.count == 4, let slot = Slot(rawValue: String(words[2])) else { continue }
      found[slot] = try? PlaneTarget(String(words[3]), for: "nginx")
    }
    return found
  }
}
