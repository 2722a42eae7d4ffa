internal import Glibc
internal import SlipwayConnectors
internal import SlipwayModel

/// Copies a tree of files, adding each up on the way and sharing with the previous snapshot what has not changed.
struct TreeCopy {
  let source: Descriptor
  let shownSource: String
  let target: Descriptor
  var names = FilesSpec.ContentNames.plain
  /// Whether SHA-1 is wanted beside SHA-256.
  var wantsSHA1 = false
  /// Files that were pinned before the dump.
  var pins: Descriptor?
  /// The files of the previous snapshot.
  var previous: Descriptor?
  /// Whether the copy is to be worked with, with the source's rights and owners; otherwise nobody may write to it.
  var isForUse = false
  let stop: Stop

  private enum Outcome {
    case kept(FileRecord)
    case vanished
    /// For people: why this file cannot be copied.
    case problem(String)
    case failed(ConnectorError)
  }

  /// How often a file that changes while it is read is read again.
  private static let attempts = 5
  /// A file that changed so shortly before it was read may have changed again within the same tick of the disk's clock.
  private static let doubt: Int64 = 2_000_000_000

  /// Copies everything that `items` gives and writes one record each, with `prefix` before its path.
  func run(
    _ items: inout TreeSource, to writer: RecordWriter, prefix: String, meter: inout Meter
  ) throws(ConnectorError) {
    var source = items
    var problems: [String] = []
    var problemCount = 0
    var folders: [(path: String, status: FileStatus)] = []
    try Crew.each { () throws(ConnectorError) in
      try stop.check()
      guard let item = try source.next() else { return nil }
      if item.status.kind == .folder {
        guard mkdirat(target.number, item.path, 0o700) == 0 || errno == EEXIST else {
          throw .disk("cannot make the folder \(shown(item.path)) of the copy")
        }
        folders.append((item.path, item.status))
      }
      return item
    } work: { (item: CopyItem) in
      outcome(item)
    } done: { item, outcome throws(ConnectorError) in
      switch outcome {
      case .kept(var record):
        record.path = prefix + record.path
        try writer.append(record)
        meter.add(record.content?.size ?? 0)
      case .vanished: break
      case .problem(let reason):
        problemCount += 1
        if problems.count < 10 { problems.append("\(shown(item.path)) \(reason)") }
      case .failed(let error): throw error
      }
    }
    items = source
    guard problems.isEmpty else { throw refusal(problems, problemCount) }
    if isForUse { try finishFolders(folders) }
  }

  private func refusal(_ problems: [String], _ count: Int) -> ConnectorError {
    let more = count > problems.count ? " and \(count - problems.count) more" : ""
    return ConnectorError(
      .refused,
      "\(count) of the files in \(shownSource) cannot be copied: \(problems.joined(separator: "; "))\(more);"
        + " remove or mend them, then repeat")
  }

  /// The rights and times of folders come last, because files are put into them meanwhile.
  private func finishFolders(_ folders: [(path: String, status: FileStatus)]) throws(ConnectorError) {
    for folder in folders.reversed() {
      guard let made = target.inside(folder.path, O_RDONLY | O_DIRECTORY) else {
        throw .disk("cannot open the folder \(shown(folder.path)) of the copy")
      }
      try made.wear(folder.status.look, shown: shown(folder.path))
    }
  }

  private func outcome(_ item: CopyItem) -> Outcome {
    do throws(ConnectorError) {
      switch item.status.kind {
      case .other: return .problem("is a link, pipe, socket or device")
      case .folder: return .kept(FileRecord(item))
      case .file: return try file(item)
      }
    } catch {
      return .failed(error)
    }
  }

  private func file(_ item: CopyItem) throws(ConnectorError) -> Outcome {
    if let shared = try shared(item) { return .kept(shared) }
    if item.isGone { return .vanished }
    for attempt in 0..<Self.attempts {
      if attempt > 0 { usleep(UInt32(attempt) * 50_000) }
      guard let open = source.inside(item.path, O_RDONLY) ?? pins?.inside(item.path, O_RDONLY) else {
        if errno == ENOENT { return .vanished }
        if errno == ELOOP { return .problem("is a link") }
        throw .disk("cannot open \(shown(shownSource + "/" + item.path))")
      }
      guard let before = open.status.map({ FileStatus($0) }), before.kind == .file else {
        return .problem("is no file any more")
      }
      if let record = try copied(item.path, open, before) { return .kept(record) }
    }
    return names.hash(in: item.path) == nil
      ? .problem("changes while it is copied")
      : .problem("does not hold what its name says; its \(names.rawValue) is another")
  }

  /// Copies an open file; nil when it was not whole or changed meanwhile.
  private func copied(
    _ path: String, _ open: Descriptor, _ before: FileStatus
  ) throws(ConnectorError) -> FileRecord? {
    let shownPath = shown(shownSource + "/" + path)
    let number = openat(target.number, path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard number >= 0 else { throw .disk("cannot make the copy of \(shownPath)") }
    let copy = Descriptor(number)
    let sum = try FileSum.of(
      open, size: before.size, wantsSHA1: wantsSHA1, copyTo: copy, stop: stop, shown: shownPath)
    guard let after = open.status.map({ FileStatus($0) }), let made = copy.status.map({ FileStatus($0) }) else {
      throw .disk("cannot look at \(shownPath)")
    }
    let isWhole =
      names.hash(in: path) == nil || FilesSpec.ContentNames.isMark(path, size: sum.size)
      ? after.size == sum.size && after.modified == before.modified && after.changed == before.changed
      : names.agree(path, sum)
    guard isWhole else {
      guard unlinkat(target.number, path, 0) == 0 else { throw .disk("cannot remove the copy of \(shownPath)") }
      return nil
    }
    let look =
      isForUse ? after.look : FileLook(mode: 0o400, user: made.user, group: made.group, modified: after.modified)
    try copy.wear(look, shown: shownPath)
    let isOld = made.modified &- after.changed > Self.doubt
    let origin =
      names == .plain && isOld ? FileRecord.Origin(inode: after.inode, changed: after.changed) : nil
    return FileRecord(path: path, sum, after, origin: origin)
  }

  /// Links the file of the previous snapshot when it holds the same; nil when it has to be copied.
  private func shared(_ item: CopyItem) throws(ConnectorError) -> FileRecord? {
    guard let previous, let known = item.known?.content, known.size == item.status.size,
      !wantsSHA1 || known.sha1 != nil, try isSame(item, known)
    else { return nil }
    var stored = stat()
    guard fstatat(previous.number, item.path, &stored, AT_SYMLINK_NOFOLLOW) == 0,
      stored.st_mode & S_IFMT == S_IFREG, Int64(stored.st_size) == known.size,
      // Too many links, another disk, or a snapshot that is being deleted: then it is copied.
      linkat(previous.number, item.path, target.number, item.path, 0) == 0
    else { return nil }
    var record = FileRecord(item)
    record.content = known
    return record
  }

  private func isSame(_ item: CopyItem, _ known: FileRecord.Content) throws(ConnectorError) -> Bool {
    if item.isGone || (names.hash(in: item.path) != nil && !FilesSpec.ContentNames.isMark(item.path, size: known.size))
    {
      return true
    }
    let origin = FileRecord.Origin(inode: item.status.inode, changed: item.status.changed)
    if known.origin == origin, item.known?.modified == item.status.modified { return true }
    guard let open = source.inside(item.path, O_RDONLY), let status = open.status, FileStatus(status).kind == .file
    else { return false }
    let shownPath = shown(shownSource + "/" + item.path)
    let sum = try FileSum.of(open, size: known.size, wantsSHA1: false, stop: stop, shown: shownPath)
    return sum.sha256 == known.sha256
  }
}
