/// Removes known secret values from what a command printed.
///
/// Works on bytes, before output is cut, so that half a secret at a cut is never left over. A value of fewer than four
/// bytes is no secret worth the name, and taking it out would garble the text: it stays.
struct Redaction: Sendable {
  private static let shortest = 4
  private static let mark = Array("[REDACTED]".utf8)

  private let needles: [[UInt8]]
  /// Bytes of the longest value that is looked for.
  let longest: Int

  /// - Parameter secrets: the values; of one with several lines, each longer line is looked for as well.
  init(_ secrets: [String]) {
    var found: Set<[UInt8]> = []
    for secret in secrets {
      found.insert(Array(secret.utf8))
      let lines = secret.split(whereSeparator: \.isNewline)
      if lines.count > 1 { for line in lines where line.utf8.count >= 8 { found.insert(Array(line.utf8)) } }
    }
    needles = found.filter { $0.count >= Self.shortest }.sorted { $0.count > $1.count }
    longest = needles.first?.count ?? 0
  }

  /// The last `limit` bytes as text, every known value replaced.
  ///
  /// - Parameters:
  ///   - bytes: at least ``longest`` bytes more than `limit` where something was dropped before them.
  ///   - limit: how many of them count.
  /// - Returns: the text; one `[REDACTED]` per value.
  func clean(_ bytes: [UInt8], last limit: Int) -> String {
    var start = max(0, bytes.count - limit)
    var kept: [UInt8] = []
    kept.reserveCapacity(bytes.count - start)
    // A value that begins before the cut is met whole, because that much more was kept.
    var position = max(0, start - longest)
    while position < bytes.count {
      if let length = match(bytes, position) {
        let end = position + length
        if end > start { kept += Self.mark }
        position = end
        start = max(start, end)
      } else {
        if position >= start { kept.append(bytes[position]) }
        position += 1
      }
    }
    // A cut inside a character leaves its tail, which is no text.
    let tail = bytes.count > limit ? kept.prefix(3).prefix { $0 & 0xC0 == 0x80 }.count : 0
    return String(decoding: kept.dropFirst(tail), as: UTF8.self)
  }

  /// The text with every known value replaced.
  func clean(_ text: String) -> String { needles.isEmpty ? text : clean(Array(text.utf8), last: .max) }

  private func match(_ bytes: [UInt8], _ position: Int) -> Int? {
    for needle in needles where bytes[position] == needle[0] && position + needle.count <= bytes.count {
      if bytes[position..<position + needle.count].elementsEqual(needle) { return needle.count }
    }
    return nil
  }
}
