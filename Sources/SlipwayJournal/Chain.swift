internal import Crypto
package import Foundation
internal import Glibc
package import SlipwayModel

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
  static let noField = UInt32.max

  /// What is hashed of `entry` behind the hash and the sequence number before it.
  package static func content(of entry: Entry) -> [UInt8] { EncodedEntry(entry).bytes }
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

/// An entry laid out for hashing and storing at once, so that the writer only adds its place in the chain.
///
/// Never changes: a copy costs a reference, and the writer can hash and store it where it lies.
struct EncodedEntry: Sendable {
  private(set) var bytes: [UInt8]
  private(set) var stream = 0..<0
  private(set) var kind = 0..<0
  private(set) var actor = 0..<0
  private(set) var id: Range<Int>?
  private(set) var body = 0..<0
  let at: Int64
  let streamName: String

  init(_ entry: Entry) {
    streamName = entry.stream
    at = entry.at.milliseconds
    bytes = []
    let text = entry.stream.utf8.count + entry.kind.utf8.count + entry.actor.utf8.count + (entry.id?.utf8.count ?? 0)
    bytes.reserveCapacity(8 + 5 * 4 + text + entry.body.count)
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

/// The end of the chain while it is being walked or written: 32 bytes of hash, and before each entry its place.
///
/// One piece of memory for all entries: the hash of the entry before and the sequence number lie side by side, as they are hashed.
struct ChainEnd: ~Copyable {
  private let place = UnsafeMutableRawBufferPointer.allocate(byteCount: Chain.hashLength + 8, alignment: 8)
  private(set) var seq: Int64

  init(_ tip: Tip) {
    seq = tip.seq
    place.initializeMemory(as: UInt8.self, repeating: 0)
    tip.hash.withUnsafeBytes { place.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0.prefix(Chain.hashLength))) }
  }

  deinit { place.deallocate() }

  var hash: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: place[..<Chain.hashLength]) }
  var tip: Tip { Tip(seq: seq, hash: Data(hash)) }

  /// Goes to where `other` is.
  mutating func follow(_ other: borrowing ChainEnd) {
    place.copyMemory(from: UnsafeRawBufferPointer(other.place))
    seq = other.seq
  }

  /// Goes on by one entry, whose bytes are `content`.
  mutating func advance(over content: UnsafeRawBufferPointer) {
    digest(of: content).withUnsafeBytes { place.copyMemory(from: $0) }
    seq += 1
  }

  /// Goes on by one entry if `stored` is the hash that follows; else stays.
  mutating func advance(over content: UnsafeRawBufferPointer, expecting stored: UnsafeRawBufferPointer) -> Bool {
    let follows = digest(of: content).withUnsafeBytes { computed in
      guard let left = stored.baseAddress, let right = computed.baseAddress, stored.count == computed.count,
        memcmp(left, right, computed.count) == 0
      else { return false }
      place.copyMemory(from: computed)
      return true
    }
    if follows { seq += 1 }
    return follows
  }

  private func digest(of content: UnsafeRawBufferPointer) -> SHA256Digest {
    place.storeBytes(of: UInt64(bitPattern: seq + 1).bigEndian, toByteOffset: Chain.hashLength, as: UInt64.self)
    var hash = SHA256()
    hash.update(bufferPointer: UnsafeRawBufferPointer(place))
    hash.update(bufferPointer: content)
    return hash.finalize()
  }
}
