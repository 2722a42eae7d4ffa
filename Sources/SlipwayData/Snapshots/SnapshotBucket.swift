package import AsyncHTTPClient
internal import Foundation
internal import Glibc
package import SlipwayConnectors
package import SlipwayModel

/// Copies of snapshots in a bucket: one stream of `tar` each, encrypted where recipients are named, and a small note beside it.
package struct SnapshotBucket: Sendable {
  private let objects: S3Objects
  private let recipients: [String]
  private let tar: TarStream

  /// - Parameters:
  ///   - spec: the bucket, and for whom copies are encrypted.
  ///   - secrets: resolves the bucket's keys.
  ///   - client: must not follow redirects.
  ///   - path: where `tar` and `age` are looked for.
  ///   - now: the wall clock, which the store compares with its own.
  package init(
    _ spec: SnapshotBucketSpec, secrets: SecretSource, client: HTTPClient, path: String,
    now: @escaping @Sendable () -> Timestamp
  ) {
    objects = S3Objects(spec, secrets: secrets, client: client, now: now) { try await Task.sleep(for: $0.duration) }
    recipients = spec.recipients
    tar = TarStream(path: path)
  }

  package var place: String { objects.place }

  /// What lies beside a copy: written last, so that a copy without it is none.
  private struct Note: Codable {
    var id: SnapshotID
    var manifest: Digest
    /// SHA-256 of the stream as it lies there.
    var stream: Digest
    var size: Int64
    var isEncrypted: Bool
  }

  /// Copies a snapshot to the bucket; harmless when the very same is there already.
  ///
  /// - Returns: bytes that were sent.
  @discardableResult
  package func put(
    _ snapshot: Snapshot, progress: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws(ConnectorError) -> Int64 {
    if let there = try await note(snapshot.id), there.manifest == snapshot.digest { return 0 }
    let hold = try SnapshotStore.hold(snapshot)
    defer { withExtendedLifetime(hold) {} }
    var arguments = ["--create", "--file=-", "--sort=name", "--format=pax", "--numeric-owner"]
    if !recipients.isEmpty {
      arguments.append("--use-compress-program=age " + recipients.map { "-r " + $0 }.joined(separator: " "))
    }
    arguments += ["--directory=\(snapshot.folder)", "."]
    let tally = StreamTally("sending snapshot \(snapshot.id)", progress)
    let key = stream(snapshot.id, isEncrypted: !recipients.isEmpty)
    try await tar.pack(arguments) { pieces throws(ConnectorError) in
      try await objects.write(key) { size throws(ConnectorError) in
        guard let piece = try await pieces.next(size) else { return nil }
        await tally.add(piece)
        return piece
      }
    }
    let (digest, size) = try await tally.sum()
    let note = Note(
      id: snapshot.id, manifest: snapshot.digest, stream: digest, size: size, isEncrypted: !recipients.isEmpty)
    guard let data = try? CanonicalJSON.encodeReadable(note) else {
      throw ConnectorError(.garbage, "the note of snapshot \(snapshot.id) cannot be written")
    }
    try await objects.write(Self.note(snapshot.id), data)
    return size
  }

  /// Brings a copy back into `store`, every byte of it verified before it gets its name.
  ///
  /// - Parameters:
  ///   - id: the snapshot.
  ///   - store: where it will lie; must not have it.
  ///   - identity: the file with the private key of age; nil for a copy that is not encrypted.
  ///   - progress: hears how far it is.
  /// - Returns: the snapshot in the store.
  /// - Throws: `refused` when there is none, the key does not fit, or anything differs from what was sent.
  package func fetch(
    _ id: SnapshotID, into store: SnapshotStore, identity: String? = nil,
    progress: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws(ConnectorError) -> Snapshot {
    guard SnapshotStore.isUsable(id), let note = try await note(id), note.id == id else {
      throw ConnectorError(.refused, "\(place) holds no whole copy of snapshot \(id)")
    }
    guard !note.isEncrypted || identity != nil else {
      throw ConnectorError(.misconfigured, "the copy of snapshot \(id) is encrypted; name the private key of age")
    }
    let draft = try store.begin(id)
    do throws(ConnectorError) {
      try await download(note, to: draft.work.path + "/stream", progress)
      try await unpack(note, in: draft.work.path, identity)
      return try await store.adopt(draft, manifest: note.manifest, progress: progress)
    } catch {
      await draft.discard()
      throw error
    }
  }

  /// Removes a copy; harmless when there is none.
  package func remove(_ id: SnapshotID) async throws(ConnectorError) {
    guard SnapshotStore.isUsable(id) else { return }
    // The note first: a copy without it is none.
    for key in [Self.note(id), stream(id, isEncrypted: false), stream(id, isEncrypted: true)] {
      try await objects.remove(key)
    }
  }

  private static func note(_ id: SnapshotID) -> String { "\(id).json" }
  private func stream(_ id: SnapshotID, isEncrypted: Bool) -> String { "\(id).tar" + (isEncrypted ? ".age" : "") }

  private func note(_ id: SnapshotID) async throws(ConnectorError) -> Note? {
    let key = Self.note(id)
    guard let (length, tag) = try await objects.look(key) else { return nil }
    guard (1...65_536).contains(length) else {
      throw ConnectorError(.garbage, "\(key) in \(place) is no note of a snapshot")
    }
    let data = try await objects.read(key, 0..<length, tag: tag)
    guard let note = try? CanonicalJSON.decode(Note.self, from: data) else {
      throw ConnectorError(.garbage, "\(key) in \(place) is no note of a snapshot, or damaged")
    }
    return note
  }

  private func download(
    _ note: Note, to path: String, _ progress: @escaping @Sendable (String) -> Void
  ) async throws(ConnectorError) {
    let key = stream(note.id, isEncrypted: note.isEncrypted)
    guard let (length, tag) = try await objects.look(key), length == note.size else {
      throw ConnectorError(.garbage, "the copy of snapshot \(note.id) in \(place) is missing or cut; use another")
    }
    let number = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard number >= 0 else { throw .disk("cannot write \(shown(path))") }
    let file = Descriptor(number)
    let tally = StreamTally("fetching snapshot \(note.id)", progress)
    var offset: Int64 = 0
    while offset < length {
      let end = min(length, offset + Int64(S3Objects.pieceSize(1)))
      let piece = try await objects.read(key, offset..<end, tag: tag)
      await tally.add(piece)
      guard piece.withUnsafeBytes({ file.write($0) }) else { throw .disk("cannot write \(shown(path))") }
      offset = end
    }
    guard try await tally.sum().digest == note.stream else {
      throw ConnectorError(
        .garbage, "the copy of snapshot \(note.id) in \(place) holds other bytes than were sent; use another")
    }
  }

  private func unpack(_ note: Note, in folder: String, _ identity: String?) async throws(ConnectorError) {
    var arguments = ["--extract", "--file=\(folder)/stream", "--no-same-owner", "--no-same-permissions"]
    if note.isEncrypted, let identity {
      guard identity.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"'\"\\`$".utf8.contains($0) }) else {
        throw ConnectorError(.misconfigured, "the path of the private key must be without spaces and quotes")
      }
      arguments.append("--use-compress-program=age -i \(identity)")
    }
    try await tar.unpack(arguments + ["--directory=\(folder)", "--exclude=./stream"])
    guard unlink(folder + "/stream") == 0 else { throw .disk("cannot remove \(shown(folder))/stream") }
  }
}

/// Adds up a stream that is on its way.
private actor StreamTally {
  private var hashes = Hashes()
  private var size: Int64 = 0
  private var meter: Meter

  init(_ what: String, _ progress: @escaping @Sendable (String) -> Void) { meter = Meter(what, progress) }

  func add(_ piece: Data) {
    piece.withUnsafeBytes { hashes.add($0) }
    size += Int64(piece.count)
    meter.add(Int64(piece.count))
  }

  func sum() throws(ConnectorError) -> (digest: Digest, size: Int64) { (try hashes.sha256(), size) }
}
