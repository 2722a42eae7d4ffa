internal import SlipwayModel

/// How much of each step Slipway does by itself.
enum AutomationGrammar {
  /// The word under which the level of all other steps stands.
  static let rest = "default"

  /// One word for all, or a level for steps and kinds of steps.
  static let automation: Shape<AutomationSpec> = {
    let level = Shape<AutomationLevel>.word("a level of automation")
    let levels = Shape<[Named<AutomationLevel>]>.names(
      .name("a step or a kind of steps"), to: level, what: "steps with their levels", minimum: 1)
    let schema: Schema = ["anyOf": .list([.object(level.schema), .object(levels.schema)])]
    return Shape(schema: schema, expectation: level.expectation, show: { level.show($0.standard) }) { node, reading in
      guard case .mapping = node.content else { return level.read(node, reading).map { AutomationSpec($0) } }
      guard let named = levels.read(node, reading) else { return nil }
      let pairs = named.map { ($0.name, $0.value) }
      var map = Dictionary(pairs) { first, _ in first }
      let standard = map.removeValue(forKey: rest) ?? .automatic
      return AutomationSpec(standard, named: map)
    }
  }()
}
