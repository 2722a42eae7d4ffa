internal import Foundation
internal import Glibc
internal import SlipwayModel

/// `slots.json`: what should run, on disk before anybody is told so.
struct SlotStore {
  let path: String

  private struct Contents: Codable {
    var version: Int
    var slots: [String: SlotRecord]
  }

  private static let version = 1
  private static let limit = 16 << 20

  /// The records of every slot that was ever used; none when there is no file.
  ///
  /// - Throws: ``HostError`` with `corruptState`: a host that guessed could start a second process or stop the only one.
  func load() throws(HostError) -> [Slot: SlotRecord] {
    guard let bytes = WholeFile.read(path, limit: Self.limit + 1) else {
      guard errno == ENOENT else { throw distrust("it cannot be read: \(SystemFailure())") }
      return [:]
    }
    guard bytes.count <= Self.limit else { throw distrust("it is larger than \(Self.limit) bytes") }
    let contents: Contents
    do {
      contents = try CanonicalJSON.decode(Contents.self, from: Data(bytes))
    } catch {
      throw distrust("it is damaged", cause: error)
    }
    guard contents.version == Self.version else { throw distrust("it has version \(contents.version), not 1") }
    var records: [Slot: SlotRecord] = [:]
    for (name, record) in contents.slots {
      guard let slot = Slot(rawValue: name) else { throw distrust("it names the slot '\(name)'") }
      records[slot] = record
    }
    return records
  }

  /// Replaces the file; after a power cut it holds either the old records or these.
  func save(_ records: [Slot: SlotRecord]) throws(HostError) {
    let named = Dictionary(uniqueKeysWithValues: records.map { ($0.key.rawValue, $0.value) })
    do {
      let data = try CanonicalJSON.encodeReadable(Contents(version: Self.version, slots: named))
      try WholeFile.replace(path, with: Array(data))
    } catch {
      throw HostError(
        .storage, "'\(path)' cannot be written (\(error)), so nothing was done; free space there and try again",
        cause: error)
    }
  }

  private func distrust(_ reason: String, cause: (any Error)? = nil) -> HostError {
    HostError(
      .corruptState,
      "'\(path)' cannot be trusted: \(reason). The host will not guess what should run. Look for processes that still "
        + "serve (`grep -l SLIPWAY_HOST= /proc/[0-9]*/environ`), stop them, move the file away and start again",
      cause: cause)
  }
}
