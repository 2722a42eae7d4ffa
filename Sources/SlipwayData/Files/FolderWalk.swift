internal import Glibc
internal import SlipwayConnectors

/// What the disk says about a file or folder.
struct FileStatus: Sendable, Equatable {
  enum Kind: Sendable {
    case file, folder
    /// A link, pipe, socket or device.
    case other
  }

  var kind: Kind
  var size: Int64
  var modified: Int64
  var changed: Int64
  var inode: UInt64
  var device: UInt64
  var links: Int
  var mode: UInt32
  var user: UInt32
  var group: UInt32

  init(_ status: stat) {
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .folder
      default: .other
      }
    size = Int64(status.st_size)
    modified = Self.nanoseconds(status.st_mtim)
    changed = Self.nanoseconds(status.st_ctim)
    inode = UInt64(status.st_ino)
    device = UInt64(status.st_dev)
    links = Int(status.st_nlink)
    mode = status.st_mode & 0o7777
    user = status.st_uid
    group = status.st_gid
  }

  private static func nanoseconds(_ time: timespec) -> Int64 {
    // Saturates, because a file system may hold any number for a time.
    let (seconds, isOver) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
    return isOver ? (time.tv_sec > 0 ? .max : .min + 1) : seconds &+ Int64(time.tv_nsec)
  }
}

/// The files and folders below a folder one by one, in ``PathOrder``, without following links.
///
/// Holds the names of one folder on each level at a time, not those of the whole tree. What vanishes meanwhile is passed over.
struct FolderWalk {
  struct Entry: Sendable {
    var path: String
    var status: FileStatus
  }

  private struct Frame {
    var folder: Descriptor
    var prefix: String
    /// Last first.
    var names: [String]
  }

  private static let depthLimit = 64

  private var frames: [Frame] = []
  private let shownRoot: String

  init(_ root: Descriptor, shown: String) throws(ConnectorError) {
    shownRoot = shown
    guard let folder = root.inside("", O_RDONLY | O_DIRECTORY) else { throw .disk("cannot list \(shown)") }
    frames = [try frame(folder, "")]
  }

  mutating func next() throws(ConnectorError) -> Entry? {
    while let name = frames.last?.names.last {
      let index = frames.count - 1
      frames[index].names.removeLast()
      let frame = frames[index]
      var raw = stat()
      guard fstatat(frame.folder.number, name, &raw, AT_SYMLINK_NOFOLLOW) == 0 else {
        dropEmpty()
        if errno == ENOENT { continue }
        throw .disk("cannot look at \(shown(shownRoot + "/" + frame.prefix + name))")
      }
      let entry = Entry(path: frame.prefix + name, status: FileStatus(raw))
      if entry.status.kind == .folder {
        let inner = openat(frame.folder.number, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard inner >= 0 else {
          dropEmpty()
          if errno == ENOENT { continue }
          throw .disk("cannot list the folder \(shown(shownRoot + "/" + entry.path))")
        }
        frames.append(try self.frame(Descriptor(inner), entry.path + "/"))
      }
      dropEmpty()
      return entry
    }
    return nil
  }

  private mutating func dropEmpty() {
    let reason = errno
    while let last = frames.last, last.names.isEmpty { frames.removeLast() }
    errno = reason
  }

  private func frame(_ folder: Descriptor, _ prefix: String) throws(ConnectorError) -> Frame {
    let place = shownRoot + "/" + prefix
    guard frames.count < Self.depthLimit else {
      throw ConnectorError(.refused, "\(shown(place)) lies more than \(Self.depthLimit) folders deep")
    }
    let copy = dup(folder.number)
    guard copy >= 0, let stream = fdopendir(copy) else { throw .disk("cannot list the folder \(shown(place))") }
    defer { closedir(stream) }
    var names: [String] = []
    var isPlain = true
    errno = 0
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
      }
      guard let name else {
        throw ConnectorError(
          .refused, "\(shown(place)) holds a name that is not UTF-8; rename it, for such a name cannot be kept")
      }
      if name != ".", name != ".." {
        names.append(name)
        isPlain = isPlain && name.utf8.allSatisfy { $0 < 0x80 }
      }
      errno = 0
    }
    guard errno == 0 else { throw .disk("cannot list the folder \(shown(place))") }
    // Swift orders texts by meaning; for ASCII alone that is the order of bytes, and much faster.
    if isPlain { names.sort(by: >) } else { names.sort { PathOrder.isBefore($1, $0) } }
    return Frame(folder: folder, prefix: prefix, names: names)
  }
}
