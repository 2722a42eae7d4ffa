internal import Foundation
internal import Glibc

extension SigningKey {
  /// Reads the key at `path`, making it first if nothing is there.
  ///
  /// The new file appears whole, with mode 0600 and on disk; of several callers at once all get the one key that won.
  ///
  /// - Throws: `unsafeKey` when others can read the file, `badKey` when it holds no key, `storage` when the disk refuses.
  package static func openOrCreate(at path: String) throws(EvidenceError) -> SigningKey {
    if access(path, F_OK) != 0, errno == ENOENT { try create(at: path) }
    return try load(at: path)
  }

  /// Reads the key at `path`.
  ///
  /// - Throws: `unsafeKey` when group or world have any right on the file or it belongs to another user, `badKey` when
  ///   it holds no Ed25519 key, `storage` when it cannot be read.
  package static func load(at path: String) throws(EvidenceError) -> SigningKey {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .storage("cannot read the signing key \(path)") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .storage("cannot read the signing key \(path)") }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw EvidenceError(.badKey, "the signing key \(path) is not a file; name the key file itself")
    }
    guard status.st_mode & 0o077 == 0 else {
      throw EvidenceError(
        .unsafeKey, "the signing key \(path) can be used by others than its owner; run: chmod 600 \(path)")
    }
    guard status.st_uid == geteuid() || status.st_uid == 0 else {
      throw EvidenceError(
        .unsafeKey, "the signing key \(path) belongs to user \(status.st_uid); let the user who runs slipway own it")
    }
    guard let bytes = FileBytes.read(descriptor, limit: 16_384), let text = String(data: bytes, encoding: .utf8) else {
      throw EvidenceError(.badKey, "the signing key \(path) is larger than 16 KiB or no text; it should be a PEM file")
    }
    do {
      return try SigningKey(pem: text)
    } catch {
      throw EvidenceError(.badKey, "\(path): \(error.message)", cause: error)
    }
  }

  private static func create(at path: String) throws(EvidenceError) {
    let folder = (path as NSString).deletingLastPathComponent
    let temporary = "\(path).new-\(getpid())-\(UInt32.random(in: .min ... .max))"
    try FileBytes.makeFolders(folder.isEmpty ? "." : folder)
    defer { unlink(temporary) }
    try FileBytes.write(Data(SigningKey().pem.utf8), to: temporary, mode: 0o600)
    // A link fails where a rename would replace a key that another process has just made and used.
    guard link(temporary, path) == 0 || errno == EEXIST else { throw .storage("cannot make the signing key \(path)") }
    try FileBytes.flushFolder(folder.isEmpty ? "." : folder)
  }
}
