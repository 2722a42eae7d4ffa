internal import Foundation
internal import FoundationXML

/// Takes a report's XML in, element by element, so that a big file is never held as a tree.
protocol XMLTarget: AnyObject {
  /// An element begins; `path` names the elements around it, the outermost first.
  func begin(_ element: String, _ attributes: [String: String], path: [String], line: Int) throws(ReportProblem)

  /// A piece of the text inside the innermost element.
  func take(_ piece: String)

  /// The innermost element of `path` plus `element` ends.
  func end(_ element: String, path: [String])
}

extension XMLTarget {
  /// Most reports say everything in attributes.
  func take(_ piece: String) {}
}

/// Reads XML strictly: no entities but XML's own five, nothing loaded from outside, not nested without end.
final class XMLScan: NSObject, XMLParserDelegate {
  /// Deeper nesting is no report.
  static let depthLimit = 100

  private let target: any XMLTarget
  private let roots: Set<String>
  private let expected: String
  private var path: [String] = []
  private var isClosed = false
  private var problem: ReportProblem?

  private init(_ target: any XMLTarget, roots: Set<String>, expected: String) {
    self.target = target
    self.roots = roots
    self.expected = expected
  }

  /// Feeds `target` with the whole text, whose root must be one of `roots`.
  static func run(
    _ text: ReportText, into target: any XMLTarget, roots: Set<String>, expected: String
  ) throws(ReportProblem) {
    guard text.isXML else { throw ReportProblem("looks like \(text.look); expected \(expected)") }
    _ = try XMLProlog.root(of: text.data)
    try XMLForm.check(text.data)
    let scan = XMLScan(target, roots: roots, expected: expected)
    let parser = XMLParser(data: text.data)
    parser.shouldResolveExternalEntities = false
    parser.delegate = scan
    let isGood = parser.parse()
    if let problem = scan.problem { throw problem }
    guard isGood, scan.isClosed else {
      let end = scan.path.isEmpty ? "" : " in the middle of <\(scan.path.joined(separator: "><"))>"
      throw ReportProblem(
        "is damaged or ends early\(end); expected \(expected)", line: parser.lineNumber, column: parser.columnNumber)
    }
  }

  func parser(
    _ parser: XMLParser, didStartElement element: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    guard problem == nil else { return }
    do throws(ReportProblem) {
      if path.isEmpty, !roots.contains(element) {
        throw ReportProblem("begins with <\(element.prefix(40))>; expected \(expected)", line: parser.lineNumber)
      }
      guard path.count < Self.depthLimit else {
        throw ReportProblem("is nested deeper than \(Self.depthLimit) levels", line: parser.lineNumber)
      }
      try target.begin(element, attributes, path: path, line: parser.lineNumber)
      path.append(element)
    } catch {
      problem = error
      parser.abortParsing()
    }
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) {
    if problem == nil { target.take(string) }
  }

  func parser(_ parser: XMLParser, foundCDATA block: Data) {
    if problem == nil { target.take(String(decoding: block, as: UTF8.self)) }
  }

  func parser(_ parser: XMLParser, didEndElement element: String, namespaceURI: String?, qualifiedName: String?) {
    guard problem == nil, path.last == element else { return }
    path.removeLast()
    target.end(element, path: path)
    if path.isEmpty { isClosed = true }
  }
}

/// What stands before an XML document's root element.
enum XMLProlog {
  /// The root's name.
  ///
  /// A document type may be named, as Cobertura does, but not written out inside the file: only there can entities be declared, which expand without end
  /// or name other files.
  static func root(of data: Data) throws(ReportProblem) -> String {
    let bytes = [UInt8](data)
    var index = 0
    while let start = bytes[index...].firstIndex(of: UInt8(ascii: "<")) {
      let rest = bytes[start...]
      if rest.starts(with: "<?".utf8) {
        index = try skip(bytes, from: start + 2, to: "?>")
      } else if rest.starts(with: "<!--".utf8) {
        index = try skip(bytes, from: start + 4, to: "-->")
      } else if rest.starts(with: "<!".utf8) {
        index = try skipDocumentType(bytes, from: start)
      } else {
        let name = rest.dropFirst().prefix {
          !ReportText.isSpace($0) && $0 != UInt8(ascii: ">") && $0 != UInt8(ascii: "/")
        }
        return String(decoding: name.prefix(200), as: UTF8.self)
      }
    }
    throw ReportProblem("has no element")
  }

  // By bytes, because a search in a slice of Data copies it, once for each comment.
  private static func skip(_ bytes: [UInt8], from start: Int, to end: String) throws(ReportProblem) -> Int {
    let mark = Array(end.utf8)
    var index = start
    while index + mark.count <= bytes.count {
      if bytes[index..<index + mark.count].elementsEqual(mark) { return index + mark.count }
      index += 1
    }
    throw ReportProblem("ends before \(end)")
  }

  private static func skipDocumentType(_ bytes: [UInt8], from start: Int) throws(ReportProblem) -> Int {
    guard let end = bytes[start...].firstIndex(of: UInt8(ascii: ">")) else {
      throw ReportProblem("ends inside <!DOCTYPE")
    }
    guard !bytes[start..<end].contains(UInt8(ascii: "[")) else {
      throw ReportProblem("declares its own document type or entities, which no report needs and which is not read")
    }
    return end + 1
  }
}
