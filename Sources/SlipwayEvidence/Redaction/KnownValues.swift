/// Finds any of many byte strings in one pass.
struct KnownValues: Sendable {
  /// Values by their first four bytes, the longest first.
  private let byStart: [UInt32: [[UInt8]]]
  /// How values begin.
  private let pairs: BytePairs

  init(_ values: Set<[UInt8]>) {
    var byStart: [UInt32: [[UInt8]]] = [:]
    var pairs = BytePairs()
    for value in values {
      precondition(value.count >= SecretForms.shortest, "shorter values are found everywhere")
      let start = value.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      byStart[start, default: []].append(value)
      pairs.insert(value[0], value[1])
    }
    self.byStart = byStart.mapValues { $0.sorted { $0.count > $1.count } }
    self.pairs = pairs
  }

  var isEmpty: Bool { byStart.isEmpty }

  /// Calls `found` for the longest value at each place where one begins, in order; finds may overlap.
  func forEachMatch(in bytes: UnsafeBufferPointer<UInt8>, _ found: (Range<Int>) -> Void) {
    guard !isEmpty, bytes.count >= 4 else { return }
    pairs.forEachMatch(in: bytes) { index in
      guard index + 4 <= bytes.count, let candidates = byStart[Self.start(of: bytes, at: index)] else { return }
      for value in candidates where index + value.count <= bytes.count {
        if value.indices.allSatisfy({ bytes[index + $0] == value[$0] }) { return found(index..<index + value.count) }
      }
    }
  }

  private static func start(of bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> UInt32 {
    bytes[index..<index + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
  }
}
