/// Finds any of many byte strings in one pass: a bit per pair of leading bytes turns away nearly every place at once.
struct KnownValues: Sendable {
  /// Values by their first four bytes, the longest first.
  private let byStart: [UInt32: [[UInt8]]]
  /// A bit for each first two bytes that some value has.
  private let pairs: [UInt64]

  init(_ values: Set<[UInt8]>) {
    var byStart: [UInt32: [[UInt8]]] = [:]
    var pairs = [UInt64](repeating: 0, count: 1_024)
    for value in values {
      precondition(value.count >= SecretForms.shortest, "shorter values are found everywhere")
      let start = value.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      byStart[start, default: []].append(value)
      let pair = Int(value[0]) << 8 | Int(value[1])
      pairs[pair >> 6] |= 1 << UInt64(pair & 63)
    }
    self.byStart = byStart.mapValues { $0.sorted { $0.count > $1.count } }
    self.pairs = pairs
  }

  var isEmpty: Bool { byStart.isEmpty }

  /// Calls `found` for the longest value at each place where one begins, in order; finds may overlap.
  func forEachMatch(in bytes: UnsafeBufferPointer<UInt8>, _ found: (Range<Int>) -> Void) {
    guard !isEmpty, bytes.count >= 4 else { return }
    pairs.withUnsafeBufferPointer { pairs in
      for index in 0...(bytes.count - 4) {
        let pair = Int(bytes[index]) << 8 | Int(bytes[index + 1])
        guard pairs[pair >> 6] & (1 << UInt64(pair & 63)) != 0 else { continue }
        let start = UInt32(pair) << 16 | UInt32(bytes[index + 2]) << 8 | UInt32(bytes[index + 3])
        guard let candidates = byStart[start] else { continue }
        for value in candidates where index + value.count <= bytes.count {
          if value.indices.allSatisfy({ bytes[index + $0] == value[$0] }) {
            found(index..<index + value.count)
            break
          }
        }
      }
    }
  }
}
