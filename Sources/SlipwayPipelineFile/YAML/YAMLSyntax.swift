internal import CYaml

/// Turns a parser's complaint into a mistake with a place and a way out.
struct YAMLSyntax {
  let problem: PipelineProblem

  init(_ parser: yaml_parser_t, _ source: SourceText) {
    let words = parser.problem.map { String(cString: $0) } ?? "the text is no YAML"
    guard parser.error != YAML_READER_ERROR else {
      let position = source.position(ofByte: Int(parser.problem_offset))
      let value = String(UInt32(bitPattern: parser.problem_value), radix: 16, uppercase: true)
      problem = PipelineProblem(
        .syntax, at: position, "character U+\(value) cannot stand in a text: \(words)", expected: "printable text")
      return
    }
    guard !words.contains("nesting level") else {
      // The parser's own limit, met while it looks ahead for the end of a key.
      problem = YAMLTree.tooDeep(YAMLPosition(parser.mark))
      return
    }
    let mark = YAMLPosition(parser.problem_mark)
    var place = ""
    if let context = parser.context.map({ String(cString: $0) }), !context.isEmpty {
      place = " \(context) that begins in line \(parser.context_mark.line + 1)"
    }
    let line = source.line(mark.line)
    let indentation = line.prefix { $0 == " " || $0 == "\t" }
    if let tab = indentation.firstIndex(of: "\t") {
      let column = indentation.distance(from: indentation.startIndex, to: tab) + 1
      problem = PipelineProblem(
        .syntax, at: YAMLPosition(line: mark.line, column: column), "a tab indents this line", expected: "spaces")
    } else if mark >= source.end {
      problem = PipelineProblem(
        .syntax, at: source.end, "the file ends too early\(place): \(words)", expected: "the rest of it")
    } else {
      problem = PipelineProblem(.syntax, at: mark, words + place, expected: Self.wayOut(words))
    }
  }

  private static func wayOut(_ words: String) -> String {
    if words.contains("',' or '}'") || words.contains("',' or ']'") {
      return "',' or the closing bracket; quote a value that contains any of {}[],"
    }
    if words.contains("cannot start any token") { return "quotes around a value that begins with this character" }
    if words.contains("mapping values") { return "one 'key: value' in a line; quote a value that contains ': '" }
    if words.contains("expected key") || words.contains("expected ':'") {
      return "'key: value', indented like its neighbours"
    }
    if words.contains("'-' indicator") { return "'- ' before every element, indented like its neighbours" }
    return "YAML; quote values with special characters"
  }
}
