import Glibc
import SlipwayModel
import Testing

@Suite("Exploration")
struct ExplorationTests {
  @Test("every reachable state keeps every rule and can still reach an end", arguments: Setting.chosen)
  func explore(_ setting: Setting) {
    var explorer = Explorer(setting)
    var result = Explorer.Result()
    let time = ContinuousClock().measure { result = explorer.run() }
    print(
      "exploration: \(setting): \(result.states) states, \(result.edges) edges, \(result.doubles) compared,",
      "\(time.formatted), \(result.outcomes.map { "\($0.key.rawValue) \($0.value)" }.sorted().joined(separator: ", "))")
    fflush(nil)
    if let finding = result.finding { Issue.record("\(setting): \(finding)") }
    #expect(result.states >= setting.atLeast, "the walk stopped too early")
  }
}

extension Duration {
  /// Seconds with one decimal.
  var formatted: String {
    let tenths = components.seconds * 10 + components.attoseconds / 100_000_000_000_000_000
    return "\(tenths / 10).\(tenths % 10) s"
  }
}
