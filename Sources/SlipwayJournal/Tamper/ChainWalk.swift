internal import Foundation
internal import GRDBSQLite
internal import SlipwayModel

/// Follows the chain row by row with one buffer, whatever the journal's length.
struct ChainWalk: ~Copyable {
  static let sql = "SELECT seq, at, stream, kind, actor, entry_id, body, hash FROM journal ORDER BY seq"
  static let around = """
    SELECT seq, at, stream, kind, actor, entry_id, body, hash FROM journal WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq
    """
  private static let types: [Int32] = [
    SQLITE_INTEGER, SQLITE_INTEGER, SQLITE_TEXT, SQLITE_TEXT, SQLITE_TEXT, SQLITE_TEXT, SQLITE_BLOB, SQLITE_BLOB,
  ]
  private static let idColumn: Int32 = 5
  private static let hashColumn: Int32 = 7

  private var end = ChainEnd(Tip(seq: 0, hash: Chain.genesis))
  private var buffer: [UInt8] = []

  /// The last entry that agreed.
  var seq: Int64 { end.seq }
  var tip: Tip { end.tip }

  /// Takes the present row of `rows`; nil when it continues the chain, else what is wrong with it.
  mutating func take(_ rows: PreparedStatement) -> Verification.Finding? {
    let found = rows.integer(0)
    let next = seq + 1
    if found != next {
      let missing = found == next + 1 ? "entry \(next) is missing" : "entries \(next) to \(found - 1) are missing"
      return found > next
        ? .init(seq: next, problem: .removed, message: "\(missing): removed")
        : .init(seq: found, problem: .inserted, message: "an entry was put in before the first")
    }
    guard Self.hasExpectedTypes(rows) else {
      return .init(seq: found, problem: .changed, message: "a field has another type than the journal writes: changed")
    }
    layOut(rows)
    let stored = rows.bytes(Self.hashColumn)
    guard buffer.withUnsafeBytes({ end.advance(over: $0, expecting: stored) }) else {
      return .init(
        seq: found, problem: .changed, message: "its hash does not follow from its fields and the entry before")
    }
    return nil
  }

  private static func hasExpectedTypes(_ rows: PreparedStatement) -> Bool {
    for (column, type) in types.enumerated() {
      let found = rows.type(of: Int32(column))
      guard found == type || (Int32(column) == idColumn && found == SQLITE_NULL) else { return false }
    }
    return true
  }

  private mutating func layOut(_ rows: PreparedStatement) {
    buffer.removeAll(keepingCapacity: true)
    append(UInt64(bitPattern: rows.integer(1)))
    for column in Int32(2)...6 {
      if column == Self.idColumn, rows.type(of: column) == SQLITE_NULL {
        append(Chain.noField)
      } else {
        let field = rows.bytes(column)
        append(UInt32(truncatingIfNeeded: field.count))
        buffer.append(contentsOf: field)
      }
    }
  }

  private mutating func append(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.bigEndian) { buffer.append(contentsOf: $0) }
  }
}

extension ChainWalk {
  /// A row kept for a closer look.
  struct Row {
    let seq: Int64
    let hash: Data
    private let entry: EncodedEntry

    init(_ rows: PreparedStatement) {
      func text(_ column: Int32) -> String { String(decoding: rows.bytes(column), as: UTF8.self) }
      seq = rows.integer(0)
      hash = Data(rows.bytes(ChainWalk.hashColumn))
      let id = rows.type(of: ChainWalk.idColumn) == SQLITE_NULL ? nil : text(ChainWalk.idColumn)
      entry = EncodedEntry(
        Entry(
          stream: text(2), kind: text(3), at: Timestamp(milliseconds: rows.integer(1)), actor: text(4),
          body: Data(rows.bytes(6)), id: id))
    }

    /// Whether this row would be right as entry `seq` after `hash`.
    func fits(at seq: Int64, after hash: Data) -> Bool {
      guard hash.count == Chain.hashLength else { return false }
      var end = ChainEnd(Tip(seq: seq - 1, hash: hash))
      return entry.bytes.withUnsafeBytes { content in
        self.hash.withUnsafeBytes { end.advance(over: content, expecting: $0) }
      }
    }
  }
}

/// Names what happened from the rows around the first that does not fit.
struct Diagnosis {
  /// Two rows on either side, by sequence number.
  let rows: [Int64: ChainWalk.Row]

  func judge(_ finding: Verification.Finding) -> Verification.Finding {
    let seq = finding.seq
    guard let row = rows[seq] else { return finding }
    if let next = rows[seq + 1] {
      // The row carries the hash of the next place, computed after the hash that now stands behind it: the two changed places.
      if row.fits(at: seq + 1, after: next.hash) {
        return said(finding, .reordered, at: seq, "it is entry \(seq + 1) of the chain: the order was changed")
      }
      // The stored hashes continue behind it, so only this row's fields differ.
      if next.fits(at: seq + 1, after: row.hash) {
        return said(finding, .changed, at: seq, "a field was changed after it was written")
      }
      // The next row is the one that belongs here.
      if next.fits(at: seq, after: hash(seq - 1)) {
        return said(
          finding, .inserted, at: seq, "it does not belong to the chain: inserted, and what follows renumbered")
      }
    }
    if row.fits(at: seq - 1, after: hash(seq - 2)) {
      return said(
        finding, .inserted, at: seq - 1, "it does not belong to the chain: inserted, and what follows renumbered")
    }
    return finding
  }

  private func hash(_ seq: Int64) -> Data { seq == 0 ? Chain.genesis : rows[seq]?.hash ?? Data() }

  private func said(
    _ finding: Verification.Finding, _ problem: Verification.Finding.Problem, at seq: Int64, _ message: String
  ) -> Verification.Finding {
    .init(seq: seq, problem: problem, message: message)
  }
}
