/// Finds the name that was probably meant.
enum NearMiss {
  /// The candidate nearest to `word`, when it is near enough to be a slip of the finger.
  static func of(_ word: String, among candidates: some Sequence<String>) -> String? {
    guard !word.isEmpty, word.utf8.count <= 80 else { return nil }
    let plain = fold(word)
    let allowed = max(1, plain.count / 3)
    var best: (distance: Int, name: String)?
    for candidate in candidates.sorted() where candidate.utf8.count <= 80 {
      let other = fold(candidate)
      guard abs(other.count - plain.count) <= allowed else { continue }
      let distance = distance(plain, other)
      if distance <= allowed, distance < max(plain.count, 1), best.map({ distance < $0.distance }) ?? true {
        best = (distance, candidate)
      }
    }
    return best?.name
  }

  /// Case and the kind of dash are never the point.
  private static func fold(_ word: String) -> [UInt8] { word.lowercased().utf8.map { $0 == 95 ? 45 : $0 } }

  /// Edits between two words where a swap of neighbours is one edit (optimal string alignment).
  static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var before: [Int] = []
    var last = Array(0...right.count)
    for (row, byte) in left.enumerated() {
      var current = [row + 1]
      for (column, other) in right.enumerated() {
        var cost = min(last[column + 1] + 1, current[column] + 1, last[column] + (byte == other ? 0 : 1))
        if row > 0, column > 0, byte == right[column - 1], left[row - 1] == other {
          cost = min(cost, before[column - 1] + 1)
        }
        current.append(cost)
      }
      before = last
      last = current
    }
    return last[right.count]
  }
}
