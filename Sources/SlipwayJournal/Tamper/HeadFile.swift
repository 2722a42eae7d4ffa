internal import Foundation
internal import Glibc
internal import Synchronization

/// The end of the chain beside the chain: a signed checkpoint in one disk sector, rewritten in place after commits and flushed once, when it is made.
///
/// Written only after the commit it speaks of is durable, it can lag behind after a crash but never lead; so a journal that ends
/// before its head, or has another hash there, was cut or rewritten.
enum HeadFile {
  /// One sector, so that it is written whole or not at all.
  static let length = 512

  /// The text of the head; nil where there is none, or anything but zeros fills the rest of its sector.
  static func read(_ folder: JournalFolder) -> String? {
    guard let data = NoteFile.contents(of: folder.head, limit: length) else { return nil }
    let text = data.prefix { $0 != 0 }
    guard data.dropFirst(text.count).allSatisfy({ $0 == 0 }) else { return nil }
    return String(data: text, encoding: .utf8)
  }

  /// Refuses to go on with a journal that is shorter than, or differs from, its own head: writing on would cover the trace.
  static func check(_ folder: JournalFolder, tip: Tip, hash: (Int64) throws -> Data?) throws {
    guard let written = read(folder), let note = SignedNote(written), let head = Checkpoint(text: note.text) else {
      return
    }
    guard try head.tip.seq > tip.seq || hash(head.tip.seq) != head.tip.hash else { return }
    throw JournalError(
      .tampered,
      "\(folder.database.path) ends at entry \(tip.seq) and does not agree with its signed head, entry \(head.tip.seq): it was "
        + "cut, rewritten or replaced by an older copy. Run: slipway audit verify. To go on with it as it is, move "
        + "\(folder.head.path) away and keep it")
  }
}

/// Signs and writes the head on a thread of its own: a signature costs a fifth of a commit, and only the newest counts.
final class HeadWriter: Sendable {
  private struct State {
    var tip: Tip?
    var isFinishing = false
    var sleeps = false
  }

  private let descriptor: Int32
  private let signer: NoteSigner
  private let state = Mutex(State())
  private let wake = DispatchSemaphore(value: 0)
  private let ended = DispatchSemaphore(value: 0)

  init(_ url: URL, signer: NoteSigner, tip: Tip) throws(JournalError) {
    if !FileManager.default.fileExists(atPath: url.path) { try Self.make(url, signer: signer, tip: tip) }
    descriptor = open(url.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      let reason = String(cString: strerror(errno))
      throw JournalError(.unreachable, "cannot open \(url.path): \(reason); check the folder and its permissions")
    }
    self.signer = signer
    let thread = Thread { [self] in
      while let tip = next() {
        write(tip)
        // At most a thousand signatures a second: 3 % of a core, and the newest is always the next to be written.
        usleep(1_000)
      }
      close(descriptor)
      ended.signal()
    }
    thread.name = "slipway-head"
    thread.start()
  }

  /// Has `tip` written soon, in place of any earlier one not yet written.
  func show(_ tip: Tip) {
    let mustWake = state.withLock { state in
      state.tip = tip
      defer { state.sleeps = false }
      return state.sleeps
    }
    if mustWake { wake.signal() }
  }

  /// Writes the last tip and ends.
  func finish() {
    let mustWake = state.withLock { state in
      state.isFinishing = true
      defer { state.sleeps = false }
      return state.sleeps
    }
    if mustWake { wake.signal() }
    ended.wait()
  }

  private func next() -> Tip? {
    while true {
      let (tip, isFinishing) = state.withLock { state in
        defer { state.tip = nil }
        if state.tip == nil, !state.isFinishing { state.sleeps = true }
        return (state.tip, state.isFinishing)
      }
      if let tip { return tip }
      if isFinishing { return nil }
      wake.wait()
    }
  }

  private func write(_ tip: Tip) {
    // A head that cannot be signed or written stays behind, which is what it may do.
    guard let sector = Self.sector(tip, signer) else { return }
    _ = pwrite(descriptor, sector, sector.count, 0)
  }

  private static func sector(_ tip: Tip, _ signer: NoteSigner) -> [UInt8]? {
    guard let note = try? SignedNote.sign(Checkpoint(origin: signer.name, tip: tip).text, by: signer) else {
      return nil
    }
    var bytes = Array(note.written.utf8)
    guard bytes.count <= HeadFile.length else { return nil }
    bytes.append(contentsOf: repeatElement(0, count: HeadFile.length - bytes.count))
    return bytes
  }

  /// Makes the file whole and durable before anything refers to it: a power cut would leave an empty one, which looks like one that was cut.
  private static func make(_ url: URL, signer: NoteSigner, tip: Tip) throws(JournalError) {
    do {
      guard let sector = sector(tip, signer) else { return }
      let draft = url.appendingPathExtension("new")
      try Data(sector).write(to: draft)
      try flush(draft.path)
      guard rename(draft.path, url.path) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
      try flush(url.deletingLastPathComponent().path)
    } catch {
      throw JournalError(
        .unreachable, "cannot make \(url.path); check the folder, its permissions and its disk", cause: error)
    }
  }

  private static func flush(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    defer { close(descriptor) }
    guard descriptor >= 0, fsync(descriptor) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
  }
}
