// The parser underneath Yams, used directly: `Yams.compose` stops at the first doubled key, hashes aliased keys without a bound
// and recurses as deep as the text says. Reading its events keeps every limit here.
internal import CYaml

/// Reads one YAML document into nodes with positions, within limits that hold before memory or time is spent.
final class YAMLReader {
  static let deepest = 64
  static let mostNodes = 20_000
  static let mostAliases = 200

  private let source: SourceText
  // In a class, because the parser keeps a pointer to itself.
  private var parser = yaml_parser_t()
  private var tree = YAMLTree()

  /// Doubled keys and other mistakes that do not stop the reading.
  var problems: [PipelineProblem] { tree.problems }

  init(_ source: SourceText) {
    self.source = source
    yaml_parser_initialize(&parser)
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
  }

  deinit { yaml_parser_delete(&parser) }

  /// The root of the only document.
  func root() throws(PipelineProblem) -> YAMLNode {
    let bytes = ContiguousArray(source.text.utf8)
    let result = bytes.withUnsafeBufferPointer { buffer -> Result<YAMLNode, PipelineProblem> in
      // The parser keeps the pointer; it is used only inside this closure.
      yaml_parser_set_input_string(&parser, buffer.baseAddress, buffer.count)
      do throws(PipelineProblem) {
        return .success(try document())
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private func document() throws(PipelineProblem) -> YAMLNode {
    var isOver = false
    while !isOver {
      var event = yaml_event_t()
      guard yaml_parser_parse(&parser, &event) == 1 else { throw YAMLSyntax(parser, source).problem }
      defer { yaml_event_delete(&event) }
      isOver = event.type == YAML_STREAM_END_EVENT
      try take(event)
    }
    guard let root = tree.root else {
      throw PipelineProblem(
        .structure, at: .start, "the file holds nothing but comments",
        expected: "a pipeline; 'slipway init' writes one to start from")
    }
    return root
  }

  private func take(_ event: yaml_event_t) throws(PipelineProblem) {
    let position = YAMLPosition(event.start_mark)
    switch event.type {
    case YAML_DOCUMENT_START_EVENT:
      guard tree.root == nil else {
        throw PipelineProblem(
          .syntax, at: position, "a second document begins here", expected: "one document in a file")
      }
    case YAML_ALIAS_EVENT:
      try tree.alias(Self.text(event.data.alias.anchor) ?? "", at: position)
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      tree.refuse(tag: Self.text(scalar.tag), at: position)
      let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
      let node = YAMLNode(content: .scalar(text, isPlain: isPlain), position: position)
      try tree.add(node, anchor: Self.text(scalar.anchor))
    case YAML_SEQUENCE_START_EVENT:
      tree.refuse(tag: Self.text(event.data.sequence_start.tag), at: position)
      try tree.open(.sequence([]), at: position, anchor: Self.text(event.data.sequence_start.anchor))
    case YAML_MAPPING_START_EVENT:
      tree.refuse(tag: Self.text(event.data.mapping_start.tag), at: position)
      try tree.open(.mapping([]), at: position, anchor: Self.text(event.data.mapping_start.anchor))
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
      try tree.close()
    default: break
    }
  }

  private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    guard let pointer else { return nil }
    var count = 0
    while pointer[count] != 0 { count += 1 }
    return String(decoding: UnsafeBufferPointer(start: pointer, count: count), as: UTF8.self)
  }
}

extension YAMLPosition {
  init(_ mark: yaml_mark_t) { self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1) }
}
