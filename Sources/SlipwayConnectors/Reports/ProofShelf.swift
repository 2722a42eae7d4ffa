package import Foundation
package import SlipwayModel

/// The folder in which the bytes of reports are kept under their digest.
package struct ProofShelf: Sendable {
  private let folder: URL

  package init(folder: URL) { self.folder = folder }

  private func place(of digest: Digest) -> URL { folder.appending(path: digest.hex) }

  /// Keeps `data`; what lies there already under its digest stays when it is intact, and is put right when it is not.
  package func keep(_ data: Data, digest: Digest) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    guard damage(of: digest) != nil else { return }
    try data.write(to: place(of: digest), options: .atomic)
  }

  /// What happened to the kept bytes of each of `digests`; intact ones are left out. Every byte is read and hashed again.
  package func damage(among digests: some Sequence<Digest>) -> [Digest: ProofDamage] {
    var damaged: [Digest: ProofDamage] = [:]
    for digest in Set(digests) { damaged[digest] = damage(of: digest) }
    return damaged
  }

  private func damage(of digest: Digest) -> ProofDamage? {
    let path = place(of: digest).path
    guard FileManager.default.fileExists(atPath: path) else { return .missing }
    // What cannot be read any more is no proof either.
    guard let found = try? FileDigest.of(path), found == digest else { return .changed }
    return nil
  }
}
