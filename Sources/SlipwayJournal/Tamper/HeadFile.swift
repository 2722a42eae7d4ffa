internal import Foundation
internal import Glibc
internal import Synchronization

/// The end of the chain beside the chain: a signed checkpoint in one disk sector, rewritten after commits and never flushed.
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

  init(_ url: URL, signer: NoteSigner) throws(JournalError) {
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
    let checkpoint = Checkpoint(origin: signer.name, tip: tip)
    // A head that cannot be signed or written stays behind, which is what it may do.
    guard let note = try? SignedNote.sign(checkpoint.text, by: signer) else { return }
    var bytes = Array(note.written.utf8)
    guard bytes.count <= HeadFile.length else { return }
    bytes.append(contentsOf: repeatElement(0, count: HeadFile.length - bytes.count))
    _ = pwrite(descriptor, bytes, bytes.count, 0)
  }
}
