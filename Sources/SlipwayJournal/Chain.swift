internal import Crypto
package import Foundation
internal import SlipwayModel

/// The hash chain: each entry's hash covers the entry, its place and the hash before it.
///
///     hash(n)  = SHA-256(hash(n-1) ‖ seq ‖ at ‖ field(stream) ‖ field(kind) ‖ field(actor) ‖ field(id) ‖ field(body))
///     hash(0)  = SHA-256("slipway-journal-v1")
///     seq, at  = 8 bytes, big-endian; field(x) = 4 bytes length, big-endian, then the bytes; no id = length FFFFFFFF
package enum Chain {
  /// The bytes of one SHA-256 hash.
  package static let hashLength = 32
  /// What stands before the first entry.
  package static let genesis = Data(SHA256.hash(data: Data("slipway-journal-v1".utf8)))
  /// The hole at the front of an encoded entry that only the writer can fill: previous hash and sequence number.
  static let holeLength = hashLength + 8
  static let noField = UInt32.max
}

/// The place where the chain ends: the last entry and its hash.
package struct Tip: Sendable, Equatable {
  package let seq: Int64
  package let hash: Data

  package init(seq: Int64, hash: Data) {
    self.seq = seq
    self.hash = hash
  }
}

/// An entry laid out for hashing and storing at once, so that the writer only fills in its place in the chain.
struct EncodedEntry: Sendable {
  private(set) var bytes: [UInt8]
  private(set) var stream = 0..<0
  private(set) var kind = 0..<0
  private(set) var actor = 0..<0
  private(set) var id: Range<Int>?
  private(set) var body = 0..<0
  let at: Int64

  init(_ entry: Entry) {
    at = entry.at.milliseconds
    bytes = []
    let text = entry.stream.utf8.count + entry.kind.utf8.count + entry.actor.utf8.count + (entry.id?.utf8.count ?? 0)
    bytes.reserveCapacity(Chain.holeLength + 8 + 5 * 4 + text + entry.body.count)
    bytes.append(contentsOf: repeatElement(0, count: Chain.holeLength))
    append(UInt64(bitPattern: at))
    stream = append(field: entry.stream.utf8)
    kind = append(field: entry.kind.utf8)
    actor = append(field: entry.actor.utf8)
    if let text = entry.id {
      id = append(field: text.utf8)
    } else {
      append(Chain.noField)
    }
    body = append(field: entry.body)
  }

  /// Puts the entry at `seq` after the hash in `tip`, and replaces `tip` by the entry's own hash.
  mutating func chain(at seq: Int64, after tip: UnsafeMutableRawBufferPointer) {
    bytes.withUnsafeMutableBytes { buffer in
      buffer.copyMemory(from: UnsafeRawBufferPointer(tip))
      buffer.storeBytes(of: UInt64(bitPattern: seq).bigEndian, toByteOffset: Chain.hashLength, as: UInt64.self)
      var hash = SHA256()
      hash.update(bufferPointer: UnsafeRawBufferPointer(buffer))
      hash.finalize().withUnsafeBytes { tip.copyMemory(from: $0) }
    }
  }

  /// The bytes in place. The standard library's own form forgets the type of what `work` throws.
  func withBytes<Value>(
    _ work: (UnsafeRawBufferPointer) throws(SQLiteFailure) -> Value
  ) throws(SQLiteFailure) -> Value {
    let result: Result<Value, SQLiteFailure> = bytes.withUnsafeBytes { bytes in
      do throws(SQLiteFailure) { return .success(try work(bytes)) } catch { return .failure(error) }
    }
    return try result.get()
  }

  private mutating func append(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
  }

  private mutating func append(field: some Collection<UInt8>) -> Range<Int> {
    append(UInt32(field.count))
    let start = bytes.count
    bytes.append(contentsOf: field)
    return start..<bytes.count
  }
}
