internal import Foundation
internal import SlipwayConnectors
package import SlipwayModel

/// One database and the folder of its files.
package struct DataPlace: Sendable, Equatable {
  package var database: String
  /// Nil where the database is all there is.
  package var files: String?

  package init(database: String, files: String?) {
    self.database = database
    self.files = files
  }
}

/// How an environment's databases and folders are called, whatever they are at the moment.
package struct DataPlaces: Sendable, Equatable {
  package let databases: DatabaseNames
  private let folders: FilesSpec.FolderNames?
  private let folder: String

  /// Relative paths go from `folder`, the pipeline file's.
  package init(_ spec: PostgresDataSpec, folder: String) {
    databases = spec.databases
    folders = spec.files?.folders
    self.folder = folder
  }

  /// The place that one name stands for; nil where each slot has its own.
  package var one: DataPlace? {
    guard case .one(let name) = databases else { return nil }
    guard case .one(let path)? = folders else { return DataPlace(database: name, files: nil) }
    return DataPlace(database: name, files: absolute(path))
  }

  /// The place of `slot`; nil where there is one name only.
  package func own(_ slot: Slot) -> DataPlace? {
    guard case .slots(let a, let b) = databases else { return nil }
    guard case .slots(let folderA, let folderB)? = folders else {
      return DataPlace(database: slot == .a ? a : b, files: nil)
    }
    return DataPlace(database: slot == .a ? a : b, files: absolute(slot == .a ? folderA : folderB))
  }

  /// Where the data of a candidate in `slot` are until the cutover.
  package func green(_ slot: Slot) -> DataPlace { own(slot) ?? place("_green", of: one) }

  /// Where the data that one name stood for are after the cutover.
  package var blue: DataPlace { place("_blue", of: one) }

  /// Where data are kept that are taken out of use: a dated name beside that of `place`.
  package func aside(_ place: DataPlace, run: RunID, now: Timestamp, count: Int = 1) -> DataPlace {
    let time = now.compactUTC
    let date = time.prefix(8) + "_" + time.dropFirst(9).prefix(4)
    let suffix = "_\(date)_\(run.text.suffix(4))" + (count > 1 ? "_\(count)" : "")
    return self.place(suffix, of: one ?? place)
  }

  /// Every name that Slipway gives to a place of this environment but the dated ones.
  package var all: [DataPlace] {
    if let one { return [one, green(.a), blue] }
    return Slot.allCases.compactMap { own($0) }
  }

  /// For the lock: the same for everybody who works on this environment's data.
  package var key: String { all[0].database }

  /// Whether `path` can be the folder of data that were set aside.
  package func isAside(folder path: String) -> Bool {
    all.compactMap(\.files).contains { base in
      guard path.hasPrefix(base + "_") else { return false }
      let rest = path.dropFirst(base.count + 1)
      return rest == "blue" || rest.wholeMatch(of: /\d{8}_\d{4}_[0-9A-Za-z_]{1,7}/) != nil
    }
  }

  private func place(_ suffix: String, of place: DataPlace?) -> DataPlace {
    let place = place ?? DataPlace(database: "", files: nil)
    return DataPlace(database: place.database + suffix, files: place.files.map { $0 + suffix })
  }

  private func absolute(_ path: String) -> String {
    let full = path.hasPrefix("/") ? path : folder + "/" + path
    let plain = (full as NSString).standardizingPath
    return plain.count > 1 && plain.hasSuffix("/") ? String(plain.dropLast()) : plain
  }
}
