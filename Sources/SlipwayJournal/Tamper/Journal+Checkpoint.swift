internal import Foundation
internal import Glibc

extension Journal {
  /// Signs the end of the chain as it is now, adds the note to the folder's checkpoints and returns it.
  ///
  /// Keep a copy elsewhere: whoever can rewrite the folder can remove its checkpoints too, but not yours.
  ///
  /// - Throws: `unreachable` when it could not be signed or written.
  package func checkpoint(signedBy signer: NoteSigner) throws(JournalError) -> String {
    let checkpoint = Checkpoint(origin: signer.name, tip: tip)
    let path = folder.checkpoints.path
    do {
      let note = try SignedNote.sign(checkpoint.text, by: signer)
      let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
      defer { if descriptor >= 0 { Glibc.close(descriptor) } }
      // A blank line parts one note from the next.
      let bytes = Array((note.written + "\n").utf8)
      guard descriptor >= 0, write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
        throw JournalError(
          .unreachable, "cannot write \(path): \(String(cString: strerror(errno))); check disk and folder")
      }
      return note.written
    } catch let error as JournalError {
      throw error
    } catch {
      throw JournalError(.unreachable, "cannot sign a checkpoint of entry \(checkpoint.tip.seq)", cause: error)
    }
  }
}

/// The checkpoints of a folder as they are parted in their file.
enum CheckpointFile {
  /// Some 250,000 notes; one a day fills it in 700 years.
  static let limit = 64 << 20

  static func split(_ written: String) -> [String] {
    var notes: [String] = []
    var lines: [Substring] = []
    var sawGap = false
    for line in written.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.isEmpty, lines.isEmpty { continue }
      if line.isEmpty, sawGap {
        notes.append(lines.joined(separator: "\n") + "\n")
        lines = []
        sawGap = false
        continue
      }
      if line.isEmpty { sawGap = true }
      lines.append(line)
    }
    if !lines.isEmpty { notes.append(lines.joined(separator: "\n") + "\n") }
    return notes
  }
}
