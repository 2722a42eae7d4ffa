internal import Foundation
internal import SlipwayModel

/// Which runs people were told about, over restarts: an empty file each, gone when the run is over. Losing one costs a second message, nothing else.
struct RequestMarks: Sendable {
  private let folder: URL

  init(_ state: StateFolder) { folder = state.url.appending(path: "requests", directoryHint: .isDirectory) }

  func has(_ run: RunID) -> Bool { FileManager.default.fileExists(atPath: file(run).path) }

  func set(_ run: RunID) {
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try? Data().write(to: file(run))
  }

  /// Removes the marks of all runs but these.
  func sweep(keeping open: Set<String>) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [] where !open.contains(name) {
      try? FileManager.default.removeItem(at: folder.appending(path: name))
    }
  }

  private func file(_ run: RunID) -> URL { folder.appending(path: run.text) }
}
