/// A set of pairs of neighbouring bytes: one look-up turns away nearly every place of a text.
struct BytePairs: Sendable {
  private var words = [UInt64](repeating: 0, count: 1_024)

  /// Adds a pair; nil stands for any second byte.
  mutating func insert(_ first: UInt8, _ second: UInt8?) {
    for candidate in second.map({ $0...$0 }) ?? 0...255 {
      let pair = Int(first) << 8 | Int(candidate)
      words[pair >> 6] |= 1 << UInt64(pair & 63)
    }
  }

  /// Calls `found` for each place of `bytes` at which a pair of the set begins, in order.
  func forEachMatch(in bytes: UnsafeBufferPointer<UInt8>, _ found: (Int) -> Void) {
    guard bytes.count > 1 else { return }
    words.withUnsafeBufferPointer { words in
      var pair = Int(bytes[0])
      for index in 1..<bytes.count {
        pair = (pair & 0xFF) << 8 | Int(bytes[index])
        if words[pair >> 6] & (1 << UInt64(pair & 63)) != 0 { found(index - 1) }
      }
    }
  }
}
