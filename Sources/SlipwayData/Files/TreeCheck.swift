internal import Glibc
internal import SlipwayConnectors
internal import SlipwayModel

/// Reads a tree back and compares it with its records.
struct TreeCheck {
  let root: Descriptor
  let shownRoot: String
  /// Paths at the top that have no record.
  var unlisted: Set<String> = []
  /// What stands before the paths of the records that count; the others are passed over.
  var prefix = ""
  /// Whether files that are shared with another snapshot, and so were read back with that, are only looked at.
  var passesShared = false
  let stop: Stop

  private struct Pair {
    var path: String
    var record: FileRecord?
    var status: FileStatus?
  }

  /// What is not as it should be.
  struct Findings: Sendable, Equatable {
    /// The first of them, each with its path.
    var named: [String] = []
    var count = 0
    var files = 0
    var bytes: Int64 = 0

    mutating func add(_ problem: String) {
      count += 1
      if named.count < 50 { named.append(problem) }
    }
  }

  func run(_ reader: inout RecordReader, meter: inout Meter) throws(ConnectorError) -> Findings {
    var walk = try FolderWalk(root, shown: shownRoot)
    var entry = try nextEntry(&walk)
    var record = try nextRecord(&reader)
    var findings = Findings()
    try Crew.each { () throws(ConnectorError) -> Pair? in
      try stop.check()
      let order =
        switch (entry, record) {
        case (nil, nil): Int?.none
        case (_?, nil): -1
        case (nil, _?): 1
        case (let entry?, let record?): PathOrder.compare(entry.path, record.path)
        }
      guard let order else { return nil }
      var pair = Pair(path: (order <= 0 ? entry?.path : record?.path) ?? "")
      if order <= 0 {
        pair.status = entry?.status
        entry = try nextEntry(&walk)
      }
      if order >= 0 {
        pair.record = record
        record = try nextRecord(&reader)
      }
      return pair
    } work: { (pair: Pair) -> String? in
      problem(pair)
    } done: { pair, problem throws(ConnectorError) in
      if let problem { findings.add("\(shown(pair.path)) \(problem)") }
      if let content = pair.record?.content {
        findings.files += 1
        findings.bytes += content.size
        meter.add(content.size)
      }
    }
    try stop.check()
    return findings
  }

  private func nextEntry(_ walk: inout FolderWalk) throws(ConnectorError) -> FolderWalk.Entry? {
    while let entry = try walk.next() {
      if !unlisted.contains(entry.path) { return entry }
    }
    return nil
  }

  private func nextRecord(_ reader: inout RecordReader) throws(ConnectorError) -> FileRecord? {
    while var record = try reader.next() {
      if prefix.isEmpty { return record }
      if record.path.hasPrefix(prefix) {
        record.path = String(record.path.dropFirst(prefix.count))
        return record
      }
    }
    return nil
  }

  private func problem(_ pair: Pair) -> String? {
    guard let record = pair.record else { return "was added" }
    guard let status = pair.status else { return "is missing" }
    guard let content = record.content else { return status.kind == .folder ? nil : "is no folder any more" }
    guard status.kind == .file else { return "is no file any more" }
    guard status.size == content.size else { return "has \(status.size) bytes instead of \(content.size)" }
    if passesShared, status.links > 1 { return nil }
    guard let file = root.inside(pair.path, O_RDONLY) else {
      return "cannot be opened: \(String(cString: strerror(errno)))"
    }
    // What the memory still holds says nothing about the disk.
    posix_fadvise(file.number, 0, 0, POSIX_FADV_DONTNEED)
    do throws(ConnectorError) {
      let sum = try FileSum.of(file, size: content.size, wantsSHA1: false, stop: stop, shown: shown(pair.path))
      return sum.sha256 == content.sha256 ? nil : "holds other bytes than were written"
    } catch {
      return "cannot be read: \(error.message)"
    }
  }
}
