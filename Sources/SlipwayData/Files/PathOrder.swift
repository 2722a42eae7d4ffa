/// How paths are ordered and which are taken.
enum PathOrder {
  /// Whether `left` comes before `right` when folders are walked in the order of their names' bytes, a folder before what is in it.
  static func isBefore(_ left: String, _ right: String) -> Bool { compare(left, right) < 0 }

  /// Negative, zero or positive as `left` comes before, is, or comes after `right`.
  static func compare(_ left: String, _ right: String) -> Int {
    var rest = right.utf8.makeIterator()
    for byte in left.utf8 {
      guard let other = rest.next() else { return 1 }
      // The slash ends a name, and so comes before every byte that goes on with it.
      let here = byte == slash ? 0 : Int(byte)
      let there = other == slash ? 0 : Int(other)
      if here != there { return here - there }
    }
    return rest.next() == nil ? 0 : -1
  }

  /// Whether the path stays below the folder it starts from and means one thing only.
  static func isSafe(_ path: String) -> Bool {
    guard (1...4_096).contains(path.utf8.count), !path.utf8.contains(0) else { return false }
    return path.utf8.split(separator: slash, omittingEmptySubsequences: false).allSatisfy { part in
      (1...255).contains(part.count) && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8)
    }
  }

  /// The last part of a path.
  static func name(_ path: String) -> Substring {
    path.utf8.lastIndex(of: slash).map { path[path.utf8.index(after: $0)...] } ?? path[...]
  }

  /// The folder that a path lies in; nil at the top.
  static func folder(_ path: String) -> Substring? { path.utf8.lastIndex(of: slash).map { path[..<$0] } }

  private static let slash = UInt8(ascii: "/")
}
