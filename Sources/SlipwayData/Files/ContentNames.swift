internal import SlipwayModel

/// What a file's name says about its content.
extension FilesSpec.ContentNames {
  /// The hash that the last part of `path` is; nil where it has not the form of one.
  func hash(in path: String) -> String? {
    let name = PathOrder.name(path)
    let isHash = name.utf8.count == length && name.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    return isHash ? String(name) : nil
  }

  /// Whether a file called `path` may hold what was added up.
  func agree(_ path: String, _ sum: FileSum) -> Bool {
    guard let hash = hash(in: path), !Self.isMark(path, size: sum.size) else { return true }
    return hash == (self == .sha1 ? sum.sha1 : sum.sha256.hex)
  }

  /// Whether a file is a mark and no content: Odoo lists names that may be collected as empty files below `checklist`.
  static func isMark(_ path: String, size: Int64) -> Bool { size == 0 && path.hasPrefix("checklist/") }

  private var length: Int {
    switch self {
    case .plain: -1
    case .sha1: 40
    case .sha256: 64
    }
  }
}
