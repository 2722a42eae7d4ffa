internal import Foundation
internal import SlipwayModel

#if canImport(Glibc)
  internal import Glibc
#endif

/// How a command hands a submission to a driver that runs in another process: a file, so that it survives either's death.
///
/// A submission is written whole, synced and renamed into the folder; the driver journals it under its id, writes the reply, then removes it. A crash
/// between any two of these leads to a repeat, which the journal's unique ids make harmless.
package struct Inbox: Sendable {
  private let state: StateFolder
  /// Larger files are not read; reports and artifacts never travel this way.
  private static let limit = 1 << 20

  package init(_ state: StateFolder) { self.state = state }

  /// Leaves `submission` for the driver.
  ///
  /// - Throws: ``EngineError`` when the folder cannot be written.
  package func leave(_ submission: Submission) throws {
    do {
      try FileManager.default.createDirectory(at: state.replies, withIntermediateDirectories: true)
      try DurableFile.write(try CanonicalJSON.encode(submission), to: file(submission.id))
    } catch {
      throw EngineError(
        .broken, "cannot hand in to \(state.inbox.path): \(error); check the folder's rights and free space")
    }
  }

  /// The reply to a submission, once there is one; taking it removes it.
  package func takeReply(to id: String) -> Reply? {
    let url = replyFile(id)
    guard let data = try? Data(contentsOf: url), let reply = try? CanonicalJSON.decode(Reply.self, from: data) else {
      return nil
    }
    try? FileManager.default.removeItem(at: url)
    return reply
  }

  /// Takes back a submission that nobody has taken up; false when it is too late.
  package func withdraw(_ id: String) -> Bool { unlink(file(id).path) == 0 }

  /// Whether nothing lies in the inbox: a look at the names alone.
  var isEmpty: Bool {
    let names = try? FileManager.default.contentsOfDirectory(atPath: state.inbox.path)
    return !(names?.contains { $0.hasSuffix(".json") } ?? false)
  }

  /// What lies in the inbox, oldest first by name of file; a file that is no submission is set aside, not lost.
  package func waiting() -> [Submission] {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: state.inbox.path) else { return [] }
    return names.filter { $0.hasSuffix(".json") }.sorted().compactMap { name in
      let url = state.inbox.appending(path: name)
      // A link, pipe or device could go on for ever.
      guard let attributes = try? FileManager.default.attributesOfItem(atPath: url.path),
        attributes[.type] as? FileAttributeType == .typeRegular,
        let size = attributes[.size] as? Int, size <= Self.limit, let data = try? Data(contentsOf: url),
        var submission = try? CanonicalJSON.decode(Submission.self, from: data),
        file(submission.id).lastPathComponent == name
      else {
        try? FileManager.default.moveItem(at: url, to: url.appendingPathExtension("unreadable"))
        return nil
      }
      // The file's owner is what the operating system knows; whoever writes another name into it claims that name.
      if submission.credential == .local, attributes[.ownerAccountName] as? String != submission.by.text {
        submission.credential = .claimed
      }
      return submission
    }
  }

  /// Answers a submission and takes it off the pile.
  package func answer(_ id: String, _ reply: Reply) {
    if let data = try? CanonicalJSON.encode(reply) { try? DurableFile.write(data, to: replyFile(id)) }
    try? FileManager.default.removeItem(at: file(id))
  }

  private func file(_ id: String) -> URL { state.inbox.appending(path: Self.safe(id) + ".json") }
  private func replyFile(_ id: String) -> URL { state.replies.appending(path: Self.safe(id) + ".json") }

  private static func safe(_ id: String) -> String {
    String(id.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") ? $0 : "_" })
  }
}

/// A file that is there whole or not at all, also after a power cut.
enum DurableFile {
  static func write(_ data: Data, to url: URL) throws {
    let temporary = url.deletingLastPathComponent().appending(path: ".\(url.lastPathComponent).\(getpid()).tmp")
    let handle = try opened(temporary)
    do {
      try handle.write(contentsOf: data)
      try handle.synchronize()
      try handle.close()
    } catch {
      try? handle.close()
      try? FileManager.default.removeItem(at: temporary)
      throw error
    }
    guard rename(temporary.path, url.path) == 0 else {
      throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: url.path])
    }
    syncFolder(url.deletingLastPathComponent())
  }

  private static func opened(_ url: URL) throws -> FileHandle {
    let descriptor = open(url.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: url.path])
    }
    return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  private static func syncFolder(_ url: URL) {
    let descriptor = open(url.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}
