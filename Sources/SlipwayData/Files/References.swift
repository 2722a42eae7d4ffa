internal import SlipwayConnectors
internal import SlipwayModel

/// What a database says must be there, held against a list of what is there.
struct References {
  private let sorted: [FileReference]

  init(_ references: [FileReference]) { sorted = references.sorted { PathOrder.isBefore($0.path, $1.path) } }

  /// Whether any names a SHA-1.
  var needSHA1: Bool { sorted.contains { $0.hash?.utf8.count == 40 } }
  var paths: [String] { sorted.map(\.path) }

  /// Complaints about references that no record below `prefix` fulfils: the first ten, and how many there are.
  func unmet(
    by reader: inout RecordReader, prefix: String
  ) throws(ConnectorError) -> (named: [String], count: Int) {
    var named: [String] = []
    var count = 0
    var record = try reader.next()
    for reference in sorted {
      let path = prefix + reference.path
      while let there = record, PathOrder.isBefore(there.path, path) { record = try reader.next() }
      let found = record.flatMap { $0.path == path ? $0.content : nil }
      guard let problem = Self.problem(reference, found) else { continue }
      count += 1
      if named.count < 10 { named.append("\(shown(reference.path)) \(problem)") }
    }
    // To its end, so that the sum is that of all.
    while record != nil { record = try reader.next() }
    return (named, count)
  }

  static func problem(_ reference: FileReference, _ content: FileRecord.Content?) -> String? {
    guard let content else { return "is missing" }
    guard let hash = reference.hash?.lowercased() else { return nil }
    switch hash.utf8.count {
    case 40: return content.sha1 == hash ? nil : "has another SHA-1 than \(hash)"
    case 64: return content.sha256.hex == hash ? nil : "has another SHA-256 than \(hash)"
    default: return "has a hash in the database that is neither SHA-1 nor SHA-256"
    }
  }
}
