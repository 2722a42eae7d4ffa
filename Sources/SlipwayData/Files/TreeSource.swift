internal import SlipwayConnectors
internal import SlipwayModel

/// The snapshot from which unchanged files are taken instead of being copied; asked for paths in ascending order.
struct PreviousFiles {
  /// Its folder of files.
  let folder: Descriptor
  private var reader: RecordReader
  private var pending: FileRecord?
  private var isOver = false

  /// Begins with the first record of `list`, its `files.jsonl`.
  init(folder: Descriptor, list: String) throws(ConnectorError) {
    self.folder = folder
    reader = try RecordReader(list)
  }

  /// The record of `path` as it stands in that snapshot, below `files/`.
  mutating func find(_ path: String) throws(ConnectorError) -> FileRecord? {
    let path = SnapshotLayout.filesPrefix + path
    while !isOver {
      if pending == nil { pending = try reader.next() }
      guard let record = pending else {
        isOver = true
        break
      }
      let order = PathOrder.compare(record.path, path)
      if order > 0 { return nil }
      pending = nil
      if order == 0 { return record }
    }
    return nil
  }
}

/// One file or folder that is to be in the copy.
struct CopyItem {
  var path: String
  var status: FileStatus
  /// What the previous snapshot says about it.
  var known: FileRecord?
  /// Whether the application has removed it since the dump, which refers to it, so that only the previous snapshot has it.
  var isGone = false
}

/// What is to be copied: what lies in the source, what was pinned before the dump, and what the dump refers to and the previous snapshot still has.
struct TreeSource {
  private var live: FolderWalk
  private var pinned: FolderWalk?
  private var pendingLive: FolderWalk.Entry?
  private var pendingPinned: FolderWalk.Entry?
  private var references: [String]
  private var position = 0
  private var previous: PreviousFiles?

  /// Paths among `references` are looked for in the previous snapshot where they are nowhere else.
  init(
    live: FolderWalk, pinned: FolderWalk?, references: [String], previous: PreviousFiles?
  ) throws(ConnectorError) {
    self.live = live
    self.pinned = pinned
    self.references = references.sorted { PathOrder.isBefore($0, $1) }
    self.previous = previous
    pendingLive = try self.live.next()
    pendingPinned = try self.pinned?.next()
  }

  mutating func next() throws(ConnectorError) -> CopyItem? {
    let upcoming = [pendingLive?.path, pendingPinned?.path].compactMap { $0 }.min { PathOrder.isBefore($0, $1) }
    if let gone = try nextGone(before: upcoming) { return gone }
    guard let path = upcoming else { return nil }
    let isLive = pendingLive?.path == path
    guard let entry = isLive ? pendingLive : pendingPinned else { return nil }
    if pendingPinned?.path == path { pendingPinned = try pinned?.next() }
    if isLive { pendingLive = try live.next() }
    return CopyItem(path: path, status: entry.status, known: try previous?.find(path))
  }

  /// A file that is referred to, lies neither in the source nor among the pinned, and is in the previous snapshot.
  private mutating func nextGone(before path: String?) throws(ConnectorError) -> CopyItem? {
    while position < references.count {
      let wanted = references[position]
      let order = path.map { PathOrder.compare(wanted, $0) } ?? -1
      if order > 0 { return nil }
      position += 1
      if order == 0 || (position > 1 && references[position - 2] == wanted) { continue }
      guard let known = try previous?.find(wanted), let content = known.content else { continue }
      return CopyItem(path: wanted, status: FileStatus(known, size: content.size), known: known, isGone: true)
    }
    return nil
  }
}

extension FileStatus {
  /// What a record remembers of a file.
  fileprivate init(_ record: FileRecord, size: Int64) {
    kind = .file
    self.size = size
    modified = record.modified
    changed = 0
    inode = 0
    device = 0
    links = 1
    mode = record.mode
    user = record.user
    group = record.group
  }
}
