internal import Foundation

/// The map file that HAProxy reads when it starts or reloads.
struct HAProxyMapFile: Sendable {
  /// The split's key in the map, one for all of it, so that one command changes it at once.
  static let key = "split"

  let path: String

  private static let largest = 1 << 20

  /// Puts `value` under `key` and keeps every other line; the old or the new file is there whole at any instant, a power cut included.
  func write(_ value: String, for key: String) throws(ConnectorError) {
    let real = ReplacedFile.resolved(path)
    let text = try Self.lines(of: real, without: key) + "\(key) \(value)\n"
    do throws(ReplacedFile.Failure) {
      try ReplacedFile.write(Array(text.utf8), to: real)
    } catch {
      throw ConnectorError(
        error.isLasting ? .misconfigured : .unreachable,
        "HAProxy's map file \(path) cannot be rewritten (\(error.text)), so a reload would bring back an older split; "
          + "free the disk or give slipway the right to write in its folder, then try again")
    }
  }

  private static func lines(of path: String, without key: String) throws(ConnectorError) -> String {
    guard let handle = FileHandle(forReadingAtPath: path) else { return "" }
    defer { try? handle.close() }
    guard let data = try? handle.read(upToCount: largest + 1) ?? Data(), data.count <= largest else {
      throw ConnectorError(.misconfigured, "HAProxy's map file \(path) cannot be read or is larger than 1 MiB")
    }
    let kept = data.split(separator: 10).filter { line in
      !line.drop { $0 == 32 || $0 == 9 }.split(whereSeparator: { $0 == 32 || $0 == 9 || $0 == 13 }).prefix(1)
        .contains { $0.elementsEqual(key.utf8) }
    }
    return kept.map { String(decoding: $0, as: UTF8.self) + "\n" }.joined()
  }
}
