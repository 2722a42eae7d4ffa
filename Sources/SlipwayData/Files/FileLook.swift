internal import Glibc
internal import SlipwayConnectors
internal import SlipwayModel

/// Rights, owner and time of a file or folder.
struct FileLook {
  var mode: UInt32
  var user: UInt32
  var group: UInt32
  var modified: Int64
}

extension FileStatus {
  var look: FileLook { FileLook(mode: mode, user: user, group: group, modified: modified) }
}

extension FileRecord {
  var look: FileLook { FileLook(mode: mode, user: user, group: group, modified: modified) }

  /// The record of a folder, or of a file whose content is not known yet.
  init(_ item: CopyItem) {
    let status = item.status
    self.init(
      path: item.path, modified: status.modified, mode: status.mode, user: status.user, group: status.group)
  }

  init(path: String, _ sum: FileSum, _ status: FileStatus, origin: Origin?) {
    self.init(
      path: path, content: Content(size: sum.size, sha256: sum.sha256, sha1: sum.sha1, origin: origin),
      modified: status.modified, mode: status.mode, user: status.user, group: status.group)
  }
}

extension Descriptor {
  /// Gives the file these rights, owner and time; the owner only where that is allowed, which is to root.
  func wear(_ look: FileLook, shown path: String) throws(ConnectorError) {
    if geteuid() == 0, fchown(number, look.user, look.group) != 0 { throw .disk("cannot give \(path) its owner") }
    guard fchmod(number, look.mode) == 0 else { throw .disk("cannot give \(path) its rights") }
    // Rounded down also before 1970, because the part below a second is never negative.
    let seconds = look.modified >= 0 ? look.modified / 1_000_000_000 : -((-look.modified + 999_999_999) / 1_000_000_000)
    let time = timespec(tv_sec: Int(seconds), tv_nsec: Int(look.modified - seconds * 1_000_000_000))
    guard futimens(number, [time, time]) == 0 else { throw .disk("cannot give \(path) its time") }
  }
}
