internal import Foundation
internal import Glibc
package import SlipwayConnectors
package import SlipwayModel

/// How many files there are and how many bytes they hold.
package struct FileTotals: Sendable, Equatable {
  package var files: Int
  package var bytes: Int64
}

/// A folder of files that belongs to a database.
package enum FileTree {
  /// Copies the folder `source` to `target`, which must not exist, and reads it back before it gets that name.
  ///
  /// Rights, times and, as root, owners are kept. Nothing in the copy shares an inode with the source; blocks are shared where the file system can.
  /// With names that are hashes each content is held against its name; what `references` names must be in the copy.
  ///
  /// - Returns: how much was copied.
  /// - Throws: `refused` naming up to ten files that cannot be copied, `unreachable` naming up to ten that are missing and may come.
  @discardableResult
  package static func copy(
    from source: String, to target: String, names: FilesSpec.ContentNames, references: [FileReference] = [],
    progress: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws(ConnectorError) -> FileTotals {
    try await Blocking.run { stop throws(ConnectorError) in
      let made = try NewTree(target)
      defer { made.end() }
      let references = References(references)
      let source = (path: source, folder: try Descriptor.folder(source))
      let copy = TreeCopy(
        source: source.folder, shownSource: shown(source.path), target: made.root, names: names,
        wantsSHA1: names == .sha1 || references.needSHA1, isForUse: true, stop: stop)
      var items = try TreeSource(
        live: FolderWalk(source.folder, shown: source.path), pinned: nil, references: [], previous: nil)
      let writer = try RecordWriter(made.list)
      var meter = Meter("copying files", progress)
      try copy.run(&items, to: writer, prefix: "", meter: &meter)
      _ = try writer.finish()
      var reader = try RecordReader(made.list)
      let unmet = try references.unmet(by: &reader, prefix: "")
      guard unmet.count == 0 else { throw References.refusal(unmet, in: source.path) }
      guard let look = source.folder.status.map({ FileStatus($0).look }) else {
        throw .disk("cannot look at \(shown(source.path))")
      }
      return try made.publish(look: look, prefix: "", stop: stop, progress: progress)
    }
  }

  /// Complaints about references that the files in `folder` do not fulfil: up to ten, and how many there are; reads every file.
  package static func unmet(
    _ references: [FileReference], in folder: String, names: FilesSpec.ContentNames
  ) async throws(ConnectorError) -> (named: [String], count: Int) {
    try await Blocking.run { stop throws(ConnectorError) in
      let root = try Descriptor.folder(folder)
      var named: [String] = []
      var count = 0
      var rest = references.makeIterator()
      try Crew.each { () throws(ConnectorError) in
        try stop.check()
        return rest.next()
      } work: { (reference: FileReference) in
        References.problem(reference, in: root, stop: stop)
      } done: { reference, problem throws(ConnectorError) in
        guard let problem else { return }
        count += 1
        if named.count < 10 { named.append("\(shown(reference.path)) \(problem)") }
      }
      return (named, count)
    }
  }

  /// How much lies in `folder`; nothing where there is none.
  package static func totals(of folder: String) async throws(ConnectorError) -> FileTotals {
    try await Blocking.run { stop throws(ConnectorError) in
      var totals = FileTotals(files: 0, bytes: 0)
      guard access(folder, F_OK) == 0 else { return totals }
      var walk = try FolderWalk(Descriptor.folder(folder), shown: folder)
      while let entry = try walk.next() {
        try stop.check()
        guard entry.status.kind == .file else { continue }
        totals.files += 1
        totals.bytes += entry.status.size
      }
      return totals
    }
  }
}

/// A folder in the making beside the name it will have.
struct NewTree {
  let target: String
  let root: Descriptor
  private let work: WorkFolder
  private var tree: String { work.path + "/tree" }
  /// Where the records of what is in it are kept until it has been read back.
  var list: String { work.path + "/files.jsonl" }

  /// - Throws: `refused` when the name is in use.
  init(_ target: String) throws(ConnectorError) {
    var status = stat()
    guard lstat(target, &status) != 0 else {
      throw ConnectorError(
        .refused, "\(shown(target)) is there already and is not written over; choose another name or move it away")
    }
    self.target = target
    let parent = WorkFolder.parent(of: target)
    try WorkFolder.ensure(parent)
    work = try WorkFolder.make(in: parent, prefix: ".\((target as NSString).lastPathComponent).making-")
    guard mkdir(work.path + "/tree", 0o700) == 0 else { throw .disk("cannot make \(shown(work.path))/tree") }
    root = try Descriptor.folder(work.path + "/tree")
  }

  /// Puts everything on disk, reads it back against the list, and gives it its name.
  func publish(
    look: FileLook?, prefix: String, stop: Stop, progress: @escaping @Sendable (String) -> Void, list: String? = nil
  ) throws(ConnectorError) -> FileTotals {
    if let look { try root.wear(look, shown: shown(target)) }
    try TreeFlush(root: root, shownRoot: target, stop: stop).run()
    var reader = try RecordReader(list ?? self.list)
    var meter = Meter("reading the copy back", progress)
    let check = TreeCheck(root: root, shownRoot: target, prefix: prefix, stop: stop)
    let findings = try check.run(&reader, meter: &meter)
    guard findings.count == 0 else {
      throw ConnectorError(
        .refused,
        "the copy \(shown(target)) is not what was written: \(findings.named.prefix(10).joined(separator: "; "));"
          + " it was removed, look at the disk before repeating")
    }
    try stop.check()
    try WorkFolder.publish(tree, as: target)
    return FileTotals(files: findings.files, bytes: findings.bytes)
  }

  func end() { work.remove() }
}

extension References {
  static func refusal(_ unmet: (named: [String], count: Int), in folder: String) -> ConnectorError {
    let more = unmet.count > unmet.named.count ? " and \(unmet.count - unmet.named.count) more" : ""
    return ConnectorError(
      .unreachable,
      "the database refers to \(unmet.count) files that \(shown(folder)) does not hold as they should be: "
        + "\(unmet.named.joined(separator: "; "))\(more); repeat, and if they stay missing mend the application's data")
  }

  /// Why a file in `root` does not fulfil a reference.
  static func problem(_ reference: FileReference, in root: Descriptor, stop: Stop) -> String? {
    guard PathOrder.isSafe(reference.path) else { return "leads out of the folder" }
    guard let file = root.inside(reference.path, O_RDONLY), let status = file.status.map({ FileStatus($0) }),
      status.kind == .file
    else { return "is missing" }
    guard reference.hash != nil else { return nil }
    do throws(ConnectorError) {
      let sum = try FileSum.of(
        file, size: status.size, wantsSHA1: true, stop: stop, shown: shown(reference.path))
      return problem(
        reference, FileRecord.Content(size: sum.size, sha256: sum.sha256, sha1: sum.sha1, origin: nil))
    } catch {
      return "cannot be read: \(error.message)"
    }
  }
}
