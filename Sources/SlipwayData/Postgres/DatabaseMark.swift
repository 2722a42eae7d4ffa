internal import Foundation
package import SlipwayModel

/// What Slipway remembers about a database, in the database's own comment, so that it travels with every renaming and can be read from the server alone.
///
/// It stands as one line of JSON behind whatever a person wrote there; the person's text is left alone.
package struct DatabaseMark: Codable, Sendable, Equatable {
  /// What the database is for.
  package enum Role: String, Codable, Sendable, CaseIterable {
    /// Serves.
    case live
    /// Belongs to a candidate.
    case green
    /// Served until ``DatabaseMark/run`` took over from it.
    case blue
    /// Serves nobody and is kept until its time has come.
    case aside
  }

  package var role: Role
  /// The run that gave it this role.
  package var run: RunID
  package var since: Timestamp
  /// The run that made the database; nil when Slipway did not make it.
  package var made: Made?
  /// The run whose migrations it has.
  package var migrated: RunID?
  /// The folder of files that is kept with it; nil while the folder has its ordinary name.
  package var files: String?
  /// What had been written to it when it was made, migrated, or got its name.
  package var base: WriteBase?
  /// What had been written to it when it was last copied.
  package var copied: WriteBase?
  package var pause: Pause?
  /// Slipway closed it for a moment; a mark that still says so was left by a crash.
  package var isClosed: Bool?
  package var exchange: Exchange?

  package init(role: Role, run: RunID, since: Timestamp) {
    self.role = role
    self.run = run
    self.since = since
  }

  /// How the database came to be.
  package struct Made: Codable, Sendable, Equatable {
    package var run: RunID
    /// `template`, `dump`.
    package var method: String
  }

  /// Writes were stopped by Slipway.
  package struct Pause: Codable, Sendable, Equatable {
    package var run: RunID
    package var since: Timestamp
    /// What the project itself had set; nil when nothing.
    package var prior: String?
  }

  /// Names that are being exchanged: written before the first of them changes, taken away after the last.
  package struct Exchange: Codable, Sendable, Equatable {
    package var run: RunID
    /// Folders to rename, in order.
    package var folders: [Renaming]
    /// Whether the databases have their new names, so that the folders must follow.
    package var isDecided: Bool

    package init(run: RunID, folders: [Renaming], isDecided: Bool) {
      self.run = run
      self.folders = folders
      self.isDecided = isDecided
    }
  }

  package struct Renaming: Codable, Sendable, Equatable {
    package var from: String
    package var to: String
    /// The inode of the folder that is to get the name; nil where there was none, and in marks of before it was noted.
    package var inode: UInt64?

    package init(from: String, to: String, inode: UInt64? = nil) {
      self.from = from
      self.to = to
      self.inode = inode
    }
  }

  /// Before the JSON.
  private static let sign = "slipway: "

  /// The mark in a database's comment; nil when there is none that can be understood.
  package init?(comment: String?) {
    guard let line = comment?.split(separator: "\n").last, line.hasPrefix(Self.sign),
      let mark = try? JSONDecoder().decode(Self.self, from: Data(line.dropFirst(Self.sign.count).utf8)),
      mark.base?.isWhole ?? true, mark.copied?.isWhole ?? true
    else { return nil }
    self = mark
  }

  /// `comment` with the mark in it instead of any earlier one; nil for no comment at all.
  package static func comment(_ comment: String?, marked mark: DatabaseMark?) -> String? {
    var lines = (comment ?? "").split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if let last = lines.last, last.hasPrefix(sign) { lines.removeLast() }
    if lines == [""] { lines = [] }
    if let mark {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      if let json = try? encoder.encode(mark) { lines.append(sign + String(decoding: json, as: UTF8.self)) }
    }
    return lines.isEmpty ? nil : lines.joined(separator: "\n")
  }
}
