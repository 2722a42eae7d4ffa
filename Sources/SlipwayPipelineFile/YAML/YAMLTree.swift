/// Builds nodes from the events of a parser with a stack of its own, so that no text can exhaust the thread's.
struct YAMLTree {
  private struct Open {
    var content: YAMLNode.Content
    var position: YAMLPosition
    var anchor: String?
    var key: (text: String, position: YAMLPosition)?
    var keys: Set<String> = []
    var size = 1
    var height = 1
  }

  private var stack: [Open] = []
  private var anchors: [String: YAMLNode] = [:]
  private var aliases = 0
  private var total = 0
  private(set) var root: YAMLNode?
  private(set) var problems: [PipelineProblem] = []

  /// A tag such as `!!binary` changes what a value means; pipeline files need none.
  mutating func refuse(tag: String?, at position: YAMLPosition) {
    guard tag != nil else { return }
    problems.append(PipelineProblem(.syntax, at: position, "a value has a YAML tag", expected: "the value alone"))
  }

  mutating func open(_ content: YAMLNode.Content, at position: YAMLPosition, anchor: String?) throws(PipelineProblem) {
    if let parent = stack.last, case .mapping = parent.content, parent.key == nil {
      throw PipelineProblem(.syntax, at: position, "a key is a list or a mapping", expected: "a word as key")
    }
    stack.append(Open(content: content, position: position, anchor: anchor))
    guard stack.count <= YAMLReader.deepest else { throw Self.tooDeep(position) }
  }

  mutating func close() throws(PipelineProblem) {
    guard let done = stack.popLast() else { return }
    let node = YAMLNode(content: done.content, position: done.position, size: done.size, height: done.height)
    try add(node, anchor: done.anchor, counted: node.size - 1)
  }

  mutating func alias(_ name: String, at position: YAMLPosition) throws(PipelineProblem) {
    guard let target = anchors[name] else {
      let near = NearMiss.of(name, among: anchors.keys)
      throw PipelineProblem(
        .syntax, at: position, "alias '*\(name)' has no anchor before it", expected: "an anchor '&\(name)'",
        suggestion: near.map { "*" + $0 })
    }
    aliases += 1
    guard aliases <= YAMLReader.mostAliases else {
      throw PipelineProblem(
        .syntax, at: position, "more than \(YAMLReader.mostAliases) aliases", expected: "a file that is written out")
    }
    guard stack.count + target.height <= YAMLReader.deepest else { throw Self.tooDeep(position) }
    if isKeyNext, case .scalar = target.content {
    } else if isKeyNext {
      throw PipelineProblem(.syntax, at: position, "a key is a list or a mapping", expected: "a word as key")
    }
    var copy = target
    if case .scalar = target.content { copy.position = position }
    try add(copy, anchor: nil, at: position)
  }

  /// Puts `node` where it belongs: under the waiting key, as the next key, into the open list, or as the root.
  ///
  /// `counted` says how many of its values count towards the limit already.
  mutating func add(
    _ node: YAMLNode, anchor: String?, counted: Int = 0, at position: YAMLPosition? = nil
  ) throws(PipelineProblem) {
    total += node.size - counted
    guard total <= YAMLReader.mostNodes else {
      throw PipelineProblem(
        .syntax, at: position ?? node.position, "more than \(YAMLReader.mostNodes) values, aliases written out",
        expected: "a smaller file")
    }
    if let anchor { anchors[anchor] = node }
    guard var parent = stack.popLast() else {
      root = root ?? node
      return
    }
    parent.size += node.size
    parent.height = max(parent.height, node.height + 1)
    place(node, in: &parent)
    stack.append(parent)
  }

  private mutating func place(_ node: YAMLNode, in parent: inout Open) {
    switch parent.content {
    case .scalar: break
    case .sequence(var nodes):
      // Released before the append, so that a long list is not copied for every element.
      parent.content = .sequence([])
      nodes.append(node)
      parent.content = .sequence(nodes)
    case .mapping(var entries):
      parent.content = .mapping([])
      if let key = parent.key {
        if parent.keys.insert(key.text).inserted {
          entries.append(YAMLEntry(key: key.text, position: key.position, value: node))
        } else {
          report(double: key.text, at: key.position, first: entries.first { $0.key == key.text })
        }
        parent.key = nil
      } else if case .scalar(let text, _) = node.content {
        parent.key = (text, node.position)
      }
      parent.content = .mapping(entries)
    }
  }

  private mutating func report(double key: String, at position: YAMLPosition, first: YAMLEntry?) {
    let line = first.map { " (first in line \($0.position.line))" } ?? ""
    problems.append(
      PipelineProblem(
        .structure, at: position, "key '\(key.shortened)' is written twice\(line)", expected: "each key once"))
  }

  private var isKeyNext: Bool {
    guard let parent = stack.last, case .mapping = parent.content else { return false }
    return parent.key == nil
  }

  static func tooDeep(_ position: YAMLPosition) -> PipelineProblem {
    PipelineProblem(
      .syntax, at: position, "nested more than \(YAMLReader.deepest) deep", expected: "a pipeline, which needs about 10"
    )
  }
}

extension String {
  /// The text cut to a length that fits a message, control characters shown as `?`.
  var shortened: String {
    let clean = unicodeScalars.prefix(61).map { $0.value < 32 || (127...159).contains($0.value) ? "?" : String($0) }
    return clean.count > 60 ? clean.prefix(57).joined() + "…" : clean.joined()
  }
}
