internal import Foundation
internal import Glibc
internal import SlipwayModel

/// The last applied table on disk, so that a router that was killed comes back with the same split.
///
/// Two lines: JSON, then the digest of the first line. A file is replaced whole and flushed before anyone is told.
struct StateFile: Sendable {
  let path: String

  /// What is kept over a restart.
  struct Saved: Codable, Equatable {
    var version = 1
    var listen: String
    var generation: UInt64
    var a: Int
    var b: Int
    var fallback: Slot?
    var targets: [Slot: String]
    var testers: Bool

    init(table: RouteTable, listen: String) {
      self.listen = listen
      generation = table.generation
      (a, b, fallback) = (table.split.a, table.split.b, table.split.fallback)
      targets = table.targetTexts
      testers = table.testers
    }

    /// The table, or nil when the values make none.
    var table: RouteTable? {
      guard version == 1, let split = Split(readBackA: a, b: b, fallback: fallback) else { return nil }
      var table = RouteTable(generation: generation, split: split, targets: SlotPair { _ in nil }, testers: testers)
      for (slot, text) in targets {
        guard let target = Target(text) else { return nil }
        table.targets[slot] = target
      }
      return table.objection == nil ? table : nil
    }
  }

  enum Content {
    case absent
    case saved(RouteTable, listen: String)
    /// Something is there that the router did not write like this.
    case corrupt(String)
  }

  private static let sizeLimit = 64 * 1_024

  func load() -> Content {
    guard FileManager.default.fileExists(atPath: path) else { return .absent }
    guard let handle = FileHandle(forReadingAtPath: path) else { return .corrupt("cannot be opened") }
    defer { try? handle.close() }
    guard let data = try? handle.read(upToCount: Self.sizeLimit), !data.isEmpty else {
      return .corrupt("is empty or cannot be read")
    }
    let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    guard lines.count == 3, lines[2].isEmpty else { return .corrupt("is cut off or has extra lines") }
    guard Data(lines[1]) == Data(Digest(of: Data(lines[0])).description.utf8) else {
      return .corrupt("does not match its own digest")
    }
    guard let saved = try? JSONDecoder().decode(Saved.self, from: Data(lines[0])), let table = saved.table else {
      return .corrupt("holds values that make no table")
    }
    return .saved(table, listen: saved.listen)
  }

  /// Replaces the file and returns only when the new content is on disk.
  func save(_ table: RouteTable, listen: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let body = try encoder.encode(Saved(table: table, listen: listen))
    let content = body + Data("\n\(Digest(of: body))\n".utf8)
    let temporary = path + ".new"
    let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else { throw SystemFailure("open \(temporary)") }
    do {
      defer { close(file) }
      try Self.write(content, to: file)
      guard fsync(file) == 0 else { throw SystemFailure("fsync \(temporary)") }
    }
    guard rename(temporary, path) == 0 else { throw SystemFailure("rename \(temporary) to \(path)") }
    let folder = open((path as NSString).deletingLastPathComponent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw SystemFailure("open the folder of \(path)") }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw SystemFailure("fsync the folder of \(path)") }
  }

  /// Moves a file that could not be read out of the way, so that it can be looked at later.
  func setAside() { _ = rename(path, path + ".corrupt") }

  private static func write(_ content: Data, to file: Int32) throws {
    var rest = content[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        throw SystemFailure("write the state")
      }
      rest = rest.dropFirst(count)
    }
  }
}

/// A failed system call with what it was for.
struct SystemFailure: Error, CustomStringConvertible {
  let description: String

  init(_ what: String) { description = "cannot \(what): \(String(cString: strerror(errno)))" }
}
